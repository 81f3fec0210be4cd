"""flask queues: the lines of the house."""

import click

from app.boards import queries as boards
from app.core.actor import SYSTEM
from app.door.noun import Noun

group = Noun("queues", help="Queues and who waits in them.")


@group.command("list")
def list_queues() -> None:
    """List the queues with their ids and how many wait."""
    for queue in boards.my_queues(by=SYSTEM):
        click.echo(f"{queue.id}  {queue.code}  {queue.name_ko}  {queue.waiting_count}")
