"""flask map check: prove that everybody reaches every place, or say who does not."""

import click
from flask.cli import AppGroup

from app.wayfinding import queries

group = AppGroup("map", help="The hospital's map.")


@group.command("check")
def check() -> None:
    """List what cannot be reached, from each entrance, in each profile; exit 1 if there is anything."""
    codes = [code for code, _ in queries.sites()]
    gaps = [gap for code in codes for gap in queries.reachability(code)]
    for gap in gaps:
        click.echo(f"{gap.profile}: {gap.goal.code} from {gap.origin.code} ({gap.reason})")
    if gaps:
        click.echo(f"{len(gaps)} ways are missing.", err=True)
        raise SystemExit(1)
    if not codes:
        click.echo("There is no site yet: draw a map first.", err=True)
        raise SystemExit(1)
    click.echo("Every place is reachable from every entrance, walking, step-free and on a stretcher.")
