"""flask outbox: what waits to leave the house, and what to do with what was given up."""

import json

import click
from flask_babel import gettext as _

from app.core import relay
from app.core.actor import SYSTEM
from app.core.errors import NotFoundError
from app.door.noun import Noun

group = Noun("outbox", help="Promises to the outside: SMS gateway, push services.")


@group.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object by consumer.")
def status(*, as_json: bool) -> None:
    """Say how each consumer stands, and what was given up."""
    consumers = relay.status()
    if as_json:
        click.echo(json.dumps({one.consumer: one.as_json() for one in consumers}))
        return
    for one in consumers:
        click.echo(
            f"{one.consumer:12}  {one.breaker:9}  pending {one.pending}  processing {one.processing}"
            f"  failed {one.failed}  dead {one.dead_letter}  completed {one.completed}"
        )
    for letter in relay.dead_letters():
        click.echo(f"{letter.name}  {letter.reason}")


@group.command()
@click.argument("consumer")
@click.option("--ignore-backoff", is_flag=True, help="Try at once what waits for its next try.")
def deliver(consumer: str, *, ignore_backoff: bool) -> None:
    """Deliver what is due for one consumer, here and now."""
    found = relay.find(consumer)
    if found is None:
        raise NotFoundError(kind="consumer")
    if ignore_backoff:
        relay.hurry(consumer)
    click.echo(_("Settled: %(count)s", count=relay.deliver_due(found)))


@group.command()
@click.argument("promise", required=False)
@click.option("--all", "consumer", help="All dead letters of this consumer.")
def replay(promise: str | None, consumer: str | None) -> None:
    """Give a dead letter new lives, by the name that `status` prints."""
    if (promise is None) == (consumer is None):
        raise click.UsageError(_("Name one dead letter, or --all and a consumer."))
    done = relay.replay(promise, by=SYSTEM) if promise else relay.replay_all(consumer or "", by=SYSTEM)
    click.echo(_("Sent again: %(count)s", count=len(done.names)))


@group.command()
@click.argument("promise")
@click.option("--reason", required=True, help="Why; it is kept in the audit.")
def discard(promise: str, reason: str) -> None:
    """Give a dead letter up for good."""
    relay.discard(promise, reason=reason, by=SYSTEM)
    click.echo(_("It was given up."))
