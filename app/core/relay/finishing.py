"""Finishing: what came of a sending is written only by whoever still holds the lease."""

import random
from collections.abc import Mapping, Sequence
from datetime import timedelta

import structlog
from sqlalchemy import case, select, update

from app.core import clock
from app.core.db import db
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
    for item, outcome in outcomes.items():
        if item.row_id in ours:
            said = rendered.get(item.row_id) or Rendered(payload="", seq=item.seq)
            final = _record(claimed, item, outcome, said)
            if final is not None:
                claimed.consumer.settled(item.parcel(said), final)
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
    return set(
        db.session.execute(
            select(OutboxPromise.id)
            .where(
                OutboxPromise.id.in_(ids),
                OutboxPromise.lease_token == claimed.token,
                OutboxPromise.status == PromiseStatus.PROCESSING,
            )
            .with_for_update()
        ).scalars()
    )


def _record(claimed: Claim, item: Item, outcome: Outcome, said: Rendered) -> Outcome | None:
    """Write one item's end; return it where it is final."""
    match outcome:
        case Delivered():
            _complete(claimed, item, PromiseOutcome.DELIVERED, None, said)
        case Skipped(reason):
            _complete(claimed, item, PromiseOutcome.SKIPPED, reason, said)
        case Failed(reason, retry_after) if item.attempts + 1 < claimed.consumer.lives:
            _postpone(claimed, item, reason, retry_after)
            return None
        case Failed(reason) | Refused(reason):
            _update(
                [item.row_id],
                status=PromiseStatus.DEAD_LETTER,
                attempts=OutboxPromise.attempts + (1 if isinstance(outcome, Failed) else 0),
                last_error=reason[:LONGEST_ERROR],
                done_at=clock.utcnow(),
                **UNLEASED,
            )
            _supersede(item)
            outcome = Refused(reason)
    name, result = claimed.consumer.name, type(outcome).__name__.lower()
    after_commit(lambda: metrics.PROMISES.labels(name, result).inc())
    return outcome


def _complete(
    claimed: Claim, item: Item, outcome: PromiseOutcome, reason: str | None, said: Rendered
) -> None:
    _update(
        [item.row_id],
        status=PromiseStatus.COMPLETED,
        outcome=outcome,
        last_error=reason and reason[:LONGEST_ERROR],
        done_at=clock.utcnow(),
        claims=1,
        **UNLEASED,
    )
    _supersede(item)
    if claimed.consumer.mode == "snapshot":
        _supersede_up_to(claimed, item, max(said.seq, item.seq))


def _postpone(claimed: Claim, item: Item, reason: str, retry_after_seconds: float) -> None:
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
    _supersede(item)


def _supersede(item: Item) -> None:
    """Close the older rows that this one carries: it is the newest promise of the same thing."""
    _update(
        item.older,
        status=PromiseStatus.COMPLETED,
        outcome=PromiseOutcome.SUPERSEDED,
        superseded_by=item.row_id,
        done_at=clock.utcnow(),
        **UNLEASED,
    )


def _supersede_up_to(claimed: Claim, item: Item, seq: int) -> None:
    """Close what the delivered state already contains: rows that came meanwhile, and older dead letters."""
    db.session.connection().execute(
        update(OutboxPromise)
        .where(
            OutboxPromise.consumer == claimed.consumer.name,
            OutboxPromise.kind == item.kind,
            OutboxPromise.aggregate_id == str(item.aggregate_id),
            OutboxPromise.status.in_((*DUE, PromiseStatus.DEAD_LETTER)),
            OutboxPromise.seq <= seq,
        )
        .values(
            status=PromiseStatus.COMPLETED,
            outcome=PromiseOutcome.SUPERSEDED,
            superseded_by=item.row_id,
            done_at=clock.utcnow(),
        )
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
