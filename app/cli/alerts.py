"""flask alerts: what came of a month's alerts."""

import click
from flask_babel import gettext as _

from app.alerts import queries
from app.door.noun import Noun

group = Noun("alerts", help="What staff were told to do at once.")


@group.command()
@click.option("--month", help="A month of the hospital's days, as 2026-11 (default: the present one).")
def report(month: str | None) -> None:
    """Say of each kind and unit: raised, acted on, minutes to take, escalated; below half acted on it is noise."""
    rows = queries.report(month)
    for row in rows:
        one = row.measured
        click.echo(
            f"{row.kind:16}  {row.unit_code or row.owner:16}  raised {one.raised:5}  acted {_share(one.acted_share)}"
            f"  take {_minutes(one.minutes_to_take)} min  escalated {one.escalated:4}  {_verdict(one.is_worth_it)}"
        )
    if not rows:
        click.echo(_("No alert in this month."))


def _share(value: float | None) -> str:
    return "   –" if value is None else f"{value:4.0%}"


def _minutes(value: float | None) -> str:
    return "    –" if value is None else f"{value:5.1f}"


def _verdict(is_worth_it: bool | None) -> str:  # noqa: FBT001 - one answer in words
    return {True: "good", False: "noise", None: "few"}[is_worth_it]
