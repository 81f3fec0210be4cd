"""Finishing: what came of a sending is written only by whoever still holds the lease."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta

import structlog
from sqlalchemy import case, func, select, update

from app.core import clock
from app.core.db import db
from app.core.each import update_each
from app.core.observability import metrics
from app.core.outbox import OutboxPromise, PromiseOutcome, PromiseStatus
from app.core.relay import breaker
from app.core.relay.claiming import DUE, Claim, Item
from app.core.relay.consumer import (
    Delivered,
    Failed,
    Outcome,
    Refused,
    Rendered,
    Skipped,
    TargetDownError,
    Waits,
)
from app.core.transaction import after_commit, transactional

log = structlog.get_logger(__name__)

LONGEST_ERROR = 1000
JITTER = 0.2
AFTER_OUTAGE_SECONDS = 2.0
UNLEASED = {"lease_token": None, "lease_until": None}


@transactional
def finish(
    claimed: Claim,
    outcomes: Mapping[Item, Outcome],
    rendered: Mapping[int, Rendered],
    *,
    has_answered: bool,
) -> int:
    """Record what came of each item, fenced by the lease; return how many were still ours.

    `has_answered`: the target gave these answers, so its breaker hears of a success.
    """
    ours = _ours(claimed, [item.row_id for item in outcomes])
    kept = {item: outcome for item, outcome in outcomes.items() if item.row_id in ours}
    said = {item: rendered.get(item.row_id) or Rendered(payload="", seq=item.seq) for item in kept}
    if final := _record(claimed, kept, said):
        claimed.consumer.settled([(item.parcel(said[item]), outcome) for item, outcome in final.items()])
        after_commit(lambda: _count(claimed.consumer.name, final))
    lost = len(outcomes) - len(ours)
    if lost:
        log.warning("outbox_lease_lost", kind=claimed.consumer.name, count=lost)
        after_commit(lambda: metrics.LEASES_LOST.labels(claimed.consumer.name).inc(lost))
    if has_answered:
        breaker.succeeded(claimed.consumer.name, claimed.probe)
    return len(ours)


@transactional
def target_failed(
    claimed: Claim, tried: Sequence[Item], untried: Sequence[Item], error: TargetDownError
) -> None:
    """Give everything back unharmed, let the breaker count, and the tried ones wait a moment."""
    now = clock.utcnow()
    breaker.failed(
        claimed.consumer.name,
        claimed.probe,
        now,
        reason=error.reason,
        opens=error.opens,
        least_seconds=error.retry_after_seconds,
    )
    _give_back(
        claimed,
        tried,
        after_seconds=max(_with_jitter(AFTER_OUTAGE_SECONDS), error.retry_after_seconds),
        why=error.reason,
    )
    _give_back(claimed, untried)


@transactional
def give_back(claimed: Claim, items: Sequence[Item]) -> None:
    """Return unsent items, and with them a reserved probe that was not used."""
    _give_back(claimed, items)
    breaker.give_probe_back(claimed.consumer.name, claimed.probe)


def _ours(claimed: Claim, ids: Sequence[int]) -> set[int]:
    """Lock those of these rows that are still under our lease; 1 statement, 2 where some are lost."""
    is_ours = (
        OutboxPromise.id.in_(ids),
        OutboxPromise.lease_token == claimed.token,
        OutboxPromise.status == PromiseStatus.PROCESSING,
    )
    connection = db.session.connection()
    if connection.execute(select(func.count()).where(*is_ours).with_for_update()).scalar_one() == len(ids):
        return set(ids)
    return set(connection.execute(select(OutboxPromise.id).where(*is_ours).with_for_update()).scalars())


def _record(
    claimed: Claim, outcomes: Mapping[Item, Outcome], said: Mapping[Item, Rendered]
) -> dict[Item, Outcome]:
    """Write how each ended, those of one end together; return the final ones."""
    final: dict[Item, Outcome] = {}
    alike: dict[tuple[PromiseOutcome | None, str | None], list[Item]] = {}
    for item, outcome in outcomes.items():
        match outcome:
            case Waits(reason, seconds):
                _let_wait(item, reason, seconds)
            case Failed(reason, retry_after) if item.attempts + 1 < claimed.consumer.lives:
                _postpone(claimed, item, reason, retry_after)
            case Failed(reason):
                _update([item.row_id], attempts=OutboxPromise.attempts + 1)
                final[item] = Refused(reason)
            case _:
                final[item] = outcome
    for item, outcome in final.items():
        alike.setdefault(_end(outcome), []).append(item)
    for (how, why), items in alike.items():
        _update(
            [item.row_id for item in items],
            status=PromiseStatus.COMPLETED if how else PromiseStatus.DEAD_LETTER,
            outcome=how,
            last_error=why and why[:LONGEST_ERROR],
            done_at=clock.utcnow(),
            claims=1 if how else OutboxPromise.claims,
            **UNLEASED,
        )
    _supersede({older: item.row_id for item in outcomes if item in final for older in item.older})
    if claimed.consumer.mode == "snapshot":
        seqs = {item: max(said[item].seq, item.seq) for item in _done(final)}
        buried = {row: item.row_id for item in seqs for row, seq in item.dead if seq <= seqs[item]}
        _supersede(buried, only=PromiseStatus.DEAD_LETTER)
        # Whoever was read as it was claimed has nothing that came in between.
        _supersede(_carried(claimed.consumer.name, {one: seq for one, seq in seqs.items() if seq > one.seq}))
    return final


def _end(outcome: Outcome) -> tuple[PromiseOutcome | None, str | None]:
    """Return how a promise was kept, if it was, and what there is to say of it."""
    match outcome:
        case Delivered():
            return PromiseOutcome.DELIVERED, None
        case Skipped(reason):
            return PromiseOutcome.SKIPPED, reason
    return None, getattr(outcome, "reason", None)


def _done(final: Mapping[Item, Outcome]) -> list[Item]:
    return [item for item, outcome in final.items() if isinstance(outcome, Delivered | Skipped)]


def _count(consumer: str, final: Mapping[Item, Outcome]) -> None:
    now = clock.utcnow()
    for end, count in Counter(type(outcome).__name__.lower() for outcome in final.values()).items():
        metrics.PROMISES.labels(consumer, end).inc(count)
    metrics.COALESCED.labels(consumer).inc(sum(len(item.older) for item in final))
    seconds, attempts = metrics.DELIVERY_SECONDS.labels(consumer), metrics.ATTEMPTS.labels(consumer)
    for item, outcome in final.items():
        attempts.observe(item.attempts)
        if isinstance(outcome, Delivered):
            seconds.observe((now - item.since).total_seconds())


def _postpone(claimed: Claim, item: Item, reason: str, retry_after_seconds: float) -> None:
    """Take a life, and try again later."""
    pause = claimed.consumer.backoff_seconds(item.attempts + 1)
    _update(
        [item.row_id],
        status=PromiseStatus.FAILED,
        attempts=OutboxPromise.attempts + 1,
        claims=1,
        next_attempt_at=clock.utcnow() + timedelta(seconds=max(_with_jitter(pause), retry_after_seconds)),
        last_error=reason[:LONGEST_ERROR],
        **UNLEASED,
    )
    _supersede(dict.fromkeys(item.older, item.row_id))


def _let_wait(item: Item, reason: str, seconds: float) -> None:
    """Put back what was not sent: it is no repeat, and it has lost nothing."""
    _update(
        [item.row_id, *item.older],
        status=case((OutboxPromise.attempts > 0, PromiseStatus.FAILED), else_=PromiseStatus.PENDING),
        next_attempt_at=clock.utcnow() + timedelta(seconds=seconds),
        claims=OutboxPromise.claims - 1,
        last_error=reason[:LONGEST_ERROR],
        **UNLEASED,
    )


def _carried(consumer: str, delivered: Mapping[Item, int]) -> dict[int, int]:
    """Return the rows that came meanwhile, and that the delivered states already contain, and in whom."""
    upto = {(item.kind, str(item.aggregate_id)): (seq, item) for item, seq in delivered.items()}
    if not upto:
        return {}
    rows = db.session.execute(
        select(OutboxPromise.id, OutboxPromise.kind, OutboxPromise.aggregate_id, OutboxPromise.seq)
        .with_hint(OutboxPromise, "FORCE INDEX (ix_outbox_head)", "mysql")
        .where(
            OutboxPromise.consumer == consumer,
            OutboxPromise.kind.in_({kind for kind, _ in upto}),
            OutboxPromise.aggregate_id.in_({one for _, one in upto}),
            OutboxPromise.status.in_(DUE),
        )
        .with_for_update()
    )
    found = {}
    for row in rows:
        seq, item = upto.get((row.kind, row.aggregate_id), (0, None))
        if item is not None and row.seq <= seq:
            found[row.id] = item.row_id
    return found


def _supersede(carriers: Mapping[int, int], *, only: PromiseStatus | None = None) -> None:
    """Close rows that a newer one of the same thing carries; each by its carrier, in one statement."""
    update_each(
        OutboxPromise,
        {row_id: {"superseded_by": carriers[row_id]} for row_id in sorted(carriers)},
        alike={
            "status": PromiseStatus.COMPLETED,
            "outcome": PromiseOutcome.SUPERSEDED,
            "done_at": clock.utcnow(),
            **UNLEASED,
        },
        where={"status": only} if only else {},
    )


def _give_back(
    claimed: Claim, items: Sequence[Item], *, after_seconds: float = 0.0, why: str | None = None
) -> None:
    ours = _ours(claimed, [one for item in items for one in (item.row_id, *item.older)]) if items else set()
    values: dict[str, object] = {
        "status": case((OutboxPromise.attempts > 0, PromiseStatus.FAILED), else_=PromiseStatus.PENDING),
        "next_attempt_at": clock.utcnow() + timedelta(seconds=after_seconds),
        # What was never sent is no repeat.
        "claims": OutboxPromise.claims - 1 if why is None else 1,
        **UNLEASED,
    }
    if why is not None:
        values["last_error"] = why[:LONGEST_ERROR]
    _update(sorted(ours), **values)


def _with_jitter(seconds: float) -> float:
    return seconds * (1 + random.uniform(0, JITTER))  # noqa: S311 - spreads load, no secret


def _update(ids: Sequence[int], **values: object) -> None:
    if ids:
        db.session.connection().execute(
            update(OutboxPromise).where(OutboxPromise.id.in_(ids)).values(**values)
        )
