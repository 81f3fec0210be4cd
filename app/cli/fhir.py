"""flask fhir: the connection to the EMR, and to whatever other FHIR servers are set up."""

import json

import click
from flask_babel import gettext as _

from app.cli.outbox import deliver_now, replay_now
from app.core import relay
from app.core.actor import SYSTEM
from app.core.errors import DependencyDownError, NotFoundError
from app.core.relay import Asked, ConsumerStatus
from app.door.language import told
from app.door.noun import Noun
from app.fhir import inbound, services, targets
from app.fhir.queries import standing
from app.fhir.rules import CONSUMER_PREFIX, Kind, Target

group = Noun("fhir", help="The connection to the EMR (FHIR R4).")
one_target = click.option("--target", help="One target by its name in the settings.")
BREAKERS = ("closed", "half-open", "open")


@group.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@one_target
def status(target: str | None, *, as_json: bool) -> None:
    """Say how much waits for the EMR; without --target the sum of all, and the worst breaker."""
    meant = _consumers(target, known_only=False)
    chosen = [one for one in relay.status() if one.consumer in meant]
    if as_json:
        click.echo(json.dumps(_summed(chosen)))
        return
    if not chosen:
        click.echo(_("No FHIR server is set up: FHIR_BASE_URL names the EMR's."))
    for one in chosen:
        click.echo(
            f"{one.consumer.removeprefix(CONSUMER_PREFIX):12}  {one.breaker:9}  pending {one.pending}"
            f"  processing {one.processing}  failed {one.failed}  dead {one.dead_letter}  completed {one.completed}"
        )
    for consumer in (one.consumer for one in chosen):
        for letter in relay.dead_letters(Asked(consumer=consumer)).rows:
            click.echo(f"{letter.name}  {letter.reason}")


@group.command()
@click.option("--ignore-backoff", is_flag=True, help="Try at once what waits for its next try.")
@one_target
def deliver(target: str | None, *, ignore_backoff: bool) -> None:
    """Deliver what is due, here and now."""
    settled = sum(
        deliver_now(one, ignore_backoff=ignore_backoff) for one in _consumers(target, known_only=True)
    )
    click.echo(_("Settled: %(count)s", count=settled))


@group.command()
@click.argument("promise", required=False)
@click.option("--all", "is_all", is_flag=True, help="All dead letters of the targets.")
@click.option("--error", help="Only those whose reason holds this text; with --all.")
@one_target
def replay(promise: str | None, error: str | None, target: str | None, *, is_all: bool) -> None:
    """Give a dead letter new lives, by the name that `status` prints; or all, or all of one error."""
    if (promise is None) == (not is_all) or (promise is not None and error is not None):
        raise click.UsageError(_("Name one dead letter, or --all."))
    if promise is not None:
        done = replay_now(_of_a_target(promise), Asked())
    else:
        done = sum(
            replay_now(None, Asked(consumer=one, error=error)) for one in _consumers(target, known_only=False)
        )
    click.echo(_("Sent again: %(count)s", count=done))


@group.command()
@click.argument("promise")
@click.option("--reason", required=True, help="Why; it is kept in the audit.")
def discard(promise: str, reason: str) -> None:
    """Give a dead letter up for good."""
    version = relay.dead_letter(_of_a_target(promise)).version
    relay.discard(promise, version=version, reason=reason, by=SYSTEM)
    click.echo(_("It was given up."))


@group.command()
@click.option("--full", is_flag=True, help="From the beginning, also what was read before.")
@one_target
def pull(target: str | None, *, full: bool) -> None:
    """Read what is new at the EMR, here and now."""
    wanted = [_found(target)] if target else list(targets.pulled())
    if not wanted:
        raise NotFoundError(kind="target")
    errors = []
    for one in wanted:
        pulled = inbound.pull(one, full=full)
        if not pulled.is_mine:
            click.echo(_("%(target)s: somebody is reading already, or it is not reached.", target=one.name))
            continue
        click.echo(
            _(
                "%(target)s: taken over %(taken)s, our own %(echoes)s.",
                target=one.name,
                taken=pulled.taken,
                echoes=pulled.echoes,
            )
        )
        if pulled.error:
            errors.append(f"{one.name}: {pulled.error}")
    if errors:
        raise click.ClickException("; ".join(errors))


@group.command()
@click.option("--dry-run", is_flag=True, help="Say how many, and delete nothing.")
def purge(*, dry_run: bool) -> None:
    """Delete what was delivered more than a week ago; never a failed or dead promise."""
    if dry_run:
        click.echo(_("Would be deleted: %(count)s", count=relay.purgeable()))
    else:
        click.echo(_("Deleted: %(count)s", count=relay.purge()))


@group.command()
@click.option("--days", type=click.IntRange(0, 3650), default=services.DEFAULT_DAYS, show_default=True)
@click.option(
    "--again", "is_again", is_flag=True, help="Also what it was told before: it was wiped or replaced."
)
@one_target
def sync(days: int, target: str | None, *, is_again: bool) -> None:
    """Promise a target everything of the last days; for one that was added later. May be stopped and begun again."""
    name = _found(target).name if target else _first()
    tell = services.promise_everything_again if is_again else services.promise_everything
    found: dict[Kind, int] = {}
    try:
        for kind, number in tell(name, days=days, by=SYSTEM):
            found[kind] = found.get(kind, 0) + number
    except DependencyDownError as error:
        raise click.ClickException(f"{name}: {told(str(error.details.get('reason', '')))}") from error
    said = ", ".join(f"{kind} {number}" for kind, number in found.items() if number)
    click.echo(_("Promised to %(target)s: %(what)s", target=name, what=said or "0"))


@group.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object by target and type.")
@click.option("--take", help="Send this type from now on (Patient, Encounter …).")
@click.option("--leave", help="Send this type no more.")
@one_target
def capabilities(target: str | None, take: str | None, leave: str | None, *, as_json: bool) -> None:
    """Say which types each target takes and who says so; or decide it."""
    if take and leave:
        raise click.UsageError(_("Choose --take or --leave."))
    names = [_found(target).name] if target else [one.name for one in targets.configured()]
    if decided := take or leave:
        name = names[0] if target else _first()
        found = {one.resource_type: one for one in standing.capabilities([name])}
        if decided not in found:
            raise NotFoundError(kind="type")
        services.take_type(name, decided, is_taken=bool(take), version=found[decided].version, by=SYSTEM)
        names = [name]
    rows = standing.capabilities(names)
    if as_json:
        said: dict[str, dict[str, object]] = {}
        for row in rows:
            said.setdefault(row.target, {})[row.resource_type] = {
                "is_taken": row.is_taken,
                "allows_our_ids": row.allows_our_ids,
                "decided_by": row.decided_by,
            }
        click.echo(json.dumps(said))
        return
    for row in rows:
        word = {None: "?", True: "yes", False: "no"}[row.is_taken]
        click.echo(f"{row.target:12}  {row.resource_type:16}  {word:3}  {row.decided_by or ''}")


def _consumers(target: str | None, *, known_only: bool) -> list[str]:
    """Return the consumers that are meant; without `known_only` also those whose target is gone."""
    if target:
        return [_found(target).consumer]
    if known_only:
        return [one.consumer for one in targets.configured()]
    return [one.consumer for one in relay.status() if one.consumer.startswith(CONSUMER_PREFIX)]


def _found(name: str) -> Target:
    found = targets.find(name)
    if found is None:
        raise NotFoundError(kind="target", name=name)
    return found


def _first() -> str:
    configured = targets.configured()
    if not configured:
        raise NotFoundError(kind="target")
    return configured[0].name


def _of_a_target(promise: str) -> str:
    """Refuse the name of another consumer's promise. Raise NotFoundError."""
    if not promise.startswith(CONSUMER_PREFIX):
        raise NotFoundError(kind="dead_letter")
    return promise


def _summed(chosen: list[ConsumerStatus]) -> dict[str, object]:
    """Return the shape that monitors read."""
    oldest = [one.oldest_pending_seconds for one in chosen if one.oldest_pending_seconds is not None]
    return {
        "pending": sum(one.pending for one in chosen),
        "processing": sum(one.processing for one in chosen),
        "failed": sum(one.failed for one in chosen),
        "dead_letter": sum(one.dead_letter for one in chosen),
        "completed": sum(one.completed for one in chosen),
        "breaker": max((one.breaker for one in chosen), key=BREAKERS.index, default="closed"),
        "oldest_pending_seconds": max(oldest, default=None),
    }
