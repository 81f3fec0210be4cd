"""A noun of `flask <noun> <verb>`: a refusal ends in one sentence and exit 1, misuse in exit 2."""

import click
from flask.cli import AppGroup
from flask_babel import gettext as _

from app.core.errors import RefusedError


class Noun(AppGroup):
    """A group of verbs, each with the application's context and one service call."""

    def invoke(self, ctx: click.Context) -> object:
        """Run a verb; translate what the services refuse."""
        try:
            return super().invoke(ctx)
        except RefusedError as refused:
            raise click.ClickException(_sentence(refused)) from refused


def _sentence(refused: RefusedError) -> str:
    told = ", ".join(f"{name}={value}" for name, value in refused.details.items())
    said = _("Refused (%(code)s).", code=refused.code)
    return f"{said} {told}" if told else said
