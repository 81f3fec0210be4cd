"""flask audit: is the record of who did and saw what whole."""

import click
from flask_babel import gettext as _

from app.core import sealing
from app.door.noun import Noun

group = Noun("audit", help="The audit's chain.")


@group.command("verify")
def verify() -> None:
    """Walk the sealed chain; exit 1 at the first seal that does not fit."""
    found = sealing.verify()
    if found.broken_seal is not None:
        raise click.ClickException(_("Seal %(seal)s does not fit its rows.", seal=found.broken_seal))
    click.echo(_("%(rows)s rows in %(seals)s seals are whole.", rows=found.rows, seals=found.seals))
