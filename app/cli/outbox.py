"""flask outbox: what waits to leave the house, and what to do with what was given up."""

import json

import click
from flask_babel import gettext as _

from app.core import relay
from app.core.actor import SYSTEM
from app.core.clock import utcnow
from app.core.errors import NotFoundError
from app.core.observability import carrying
from app.core.relay import Asked
from app.door.noun import Noun

group = Noun("outbox", help="Promises to the outside: EMR, SMS gateway, push services.")


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
    for letter in relay.dead_letters().rows:
        click.echo(f"{letter.name}  {letter.reason}")


@group.command()
@click.argument("consumer")
@click.option("--ignore-backoff", is_flag=True, help="Try at once what waits for its next try.")
def deliver(consumer: str, *, ignore_backoff: bool) -> None:
    """Deliver what is due for one consumer, here and now."""
    click.echo(_("Settled: %(count)s", count=deliver_now(consumer, ignore_backoff=ignore_backoff)))


@group.command()
@click.argument("promise", required=False)
@click.option("--all", "consumer", help="All dead letters of this consumer.")
def replay(promise: str | None, consumer: str | None) -> None:
    """Give a dead letter new lives, by the name that `status` prints."""
    if (promise is None) == (consumer is None):
        raise click.UsageError(_("Name one dead letter, or --all and a consumer."))
    click.echo(_("Sent again: %(count)s", count=replay_now(promise, Asked(consumer=consumer))))


@group.command()
@click.argument("promise")
@click.option("--reason", required=True, help="Why; it is kept in the audit.")
def discard(promise: str, reason: str) -> None:
    """Give a dead letter up for good."""
    relay.discard(promise, version=relay.dead_letter(promise).version, reason=reason, by=SYSTEM)
    click.echo(_("It was given up."))


def deliver_now(consumer: str, *, ignore_backoff: bool) -> int:
    """Deliver what is due for one consumer; return how many were settled. Raise NotFoundError."""
    found = relay.find(consumer)
    if found is None:
        raise NotFoundError(kind="consumer")
    if ignore_backoff:
        relay.hurry(consumer)
    settled = relay.deliver_due(found)
    carrying.carry()  # this process has no page of its own
    return settled


def replay_now(promise: str | None, asked: Asked) -> int:
    """Give one dead letter, or all that are meant, new lives; return how many."""
    if promise is not None:
        return relay.replay(promise, version=relay.dead_letter(promise).version, by=SYSTEM).count
    now = int(utcnow().timestamp() * 1_000_000) + 1
    done = 0
    while piece := relay.replay_all(asked, seen_until=now, by=SYSTEM).count:
        done += piece
    return done
