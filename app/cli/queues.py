"""flask queues: the lines of the house, and the end of their day."""

from datetime import datetime, timedelta

import click
from flask_babel import gettext as _

from app.boards import queries as boards
from app.core.actor import SYSTEM
from app.core.clock import today
from app.door.noun import Noun
from app.journey import services as journey

group = Noun("queues", help="Queues and who waits in them.")


@group.command("list")
def list_queues() -> None:
    """List the queues with their ids and how many wait."""
    for queue in boards.my_queues(by=SYSTEM):
        click.echo(f"{queue.id}  {queue.code}  {queue.name_ko}  {queue.waiting_count}")


@group.command("close-day")
@click.option(
    "--day", type=click.DateTime(["%Y-%m-%d"]), help="Close up to this business day (default: yesterday)."
)
@click.option("--today", "with_today", is_flag=True, help="Close today's visits too: the house is empty.")
def close_day(day: datetime | None, *, with_today: bool) -> None:
    """Close what is still open of a day that is over; the clock does so by itself every night."""
    until = day.date() if day else today() - timedelta(days=0 if with_today else 1)
    if until > today() or (until == today() and not with_today):
        raise click.UsageError(_("That day is not over. --today closes it all the same."))
    closed = journey.close_day(until, by=SYSTEM)
    for visit_id in closed:
        click.echo(str(visit_id))
    click.echo(_("%(count)s visits closed up to %(day)s.", count=len(closed), day=until.isoformat()))
