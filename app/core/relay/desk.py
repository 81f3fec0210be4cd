"""The desk: how the promises stand, what to do with dead letters, and what may be forgotten.

Doors ask for the right (`MANAGE_OUTBOX`); the ground floor does not know roles.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, select, update

from app.core import audit, clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import InvalidError, NotFoundError
from app.core.events import Promised
from app.core.idempotency import command
from app.core.outbox import OutboxPromise, PromiseOutcome, PromiseStatus
from app.core.relay import consumer
from app.core.relay.breaker import OutboxBreaker, State
from app.core.relay.claiming import DUE
from app.core.transaction import tell, transactional

KEPT: Final = timedelta(days=7)
PIECE_ROWS: Final = 500
SHOWN_LETTERS: Final = 100
LONGEST_REASON: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerStatus:
    """How one consumer's promises stand; `is_configured` is False where rows wait for a target that is gone."""

    consumer: str
    is_configured: bool
    pending: int
    processing: int
    failed: int
    dead_letter: int
    completed: int
    breaker: str
    breaker_error: str | None
    oldest_pending_seconds: int | None

    def as_json(self) -> dict[str, object]:
        """Return the values that `flask outbox status --json` prints."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A promise that was given up; of its payload only the names of the fields are told."""

    name: str
    consumer: str
    kind: str
    aggregate_id: str
    seq: int
    reason: str
    attempts: int
    created_at: datetime
    died_at: datetime
    fields: tuple[str, ...]


def status() -> tuple[ConsumerStatus, ...]:
    """Return how each consumer stands, also one with rows and no target; 3 statements."""
    now = clock.utcnow()
    counts: dict[str, dict[str, int]] = {}
    for name, state, number in db.session.execute(
        select(OutboxPromise.consumer, OutboxPromise.status, func.count()).group_by(
            OutboxPromise.consumer, OutboxPromise.status
        )
    ):
        counts.setdefault(name, {})[state] = number
    waiting = (
        select(OutboxPromise.consumer, func.min(OutboxPromise.created_at))
        .where(OutboxPromise.status.in_((*DUE, PromiseStatus.PROCESSING)))
        .group_by(OutboxPromise.consumer)
    )
    oldest = {row[0]: row[1] for row in db.session.execute(waiting)}
    breakers = {row.consumer: row for row in db.session.execute(select(OutboxBreaker)).scalars()}
    configured = {one.name for one in consumer.registered()}
    return tuple(
        _status(
            name,
            counts.get(name, {}),
            breakers.get(name),
            oldest.get(name),
            is_configured=name in configured,
            now=now,
        )
        for name in sorted(configured | counts.keys())
    )


def dead_letters() -> tuple[DeadLetter, ...]:
    """Return the newest dead letters, up to SHOWN_LETTERS; 1 statement."""
    rows = db.session.execute(
        select(OutboxPromise)
        .where(OutboxPromise.status == PromiseStatus.DEAD_LETTER)
        .order_by(OutboxPromise.id.desc())
        .limit(SHOWN_LETTERS)
    ).scalars()
    return tuple(
        DeadLetter(
            name=_name(row),
            consumer=row.consumer,
            kind=row.kind,
            aggregate_id=row.aggregate_id,
            seq=row.seq,
            reason=row.last_error or "",
            attempts=row.attempts,
            created_at=row.created_at,
            died_at=row.done_at or row.created_at,
            fields=_fields(row.payload),
        )
        for row in rows
    )


@dataclass(frozen=True, slots=True)
class Decided:
    """Which dead letters somebody decided about."""

    names: tuple[str, ...]


@command
def replay(name: str, *, by: Actor) -> Decided:
    """Give a dead letter new lives; it is rendered anew. Raise NotFoundError where it is no dead letter."""
    row = _dead(name)
    row.status, row.attempts, row.payload, row.rendered_seq = PromiseStatus.PENDING, 0, None, None
    row.claims = 1  # it may have arrived: whoever sends it looks first
    row.next_attempt_at, row.done_at = clock.utcnow(), None
    tell(Promised(kind=row.kind))
    audit.record("outbox:promise:replay", by=by, object_=_name(row)[:96])
    return Decided((name,))


@command
def replay_all(consumer_name: str, *, by: Actor) -> Decided:
    """Give all dead letters of a consumer new lives."""
    dead = (
        db.session.execute(
            select(OutboxPromise).where(
                OutboxPromise.consumer == consumer_name, OutboxPromise.status == PromiseStatus.DEAD_LETTER
            )
        )
        .scalars()
        .all()
    )
    return Decided(tuple(name for row in dead for name in replay(_name(row), by=by).names))


@command
def discard(name: str, *, reason: str, by: Actor) -> Decided:
    """Give a dead letter up, with a reason. Raise InvalidError without one, NotFoundError for no dead letter."""
    reason = reason.strip()
    if not reason or len(reason) > LONGEST_REASON:
        raise InvalidError(field="reason", why="missing")
    row = _dead(name)
    row.status, row.outcome = PromiseStatus.COMPLETED, PromiseOutcome.DISCARDED
    row.last_error, row.done_at = reason, clock.utcnow()
    audit.record("outbox:promise:discard", by=by, object_=_name(row)[:96], reason=reason)
    return Decided((name,))


@transactional
def hurry(name: str) -> None:
    """Let everything that waits for another try be due now, and an open breaker be tried."""
    now = clock.utcnow()
    connection = db.session.connection()
    connection.execute(
        update(OutboxPromise)
        .where(OutboxPromise.consumer == name, OutboxPromise.status.in_(DUE))
        .where(OutboxPromise.next_attempt_at > now)
        .values(next_attempt_at=now)
    )
    connection.execute(
        update(OutboxBreaker)
        .where(OutboxBreaker.consumer == name, OutboxBreaker.open_until > now)
        .values(open_until=now)
    )


def purge() -> int:
    """Delete what was completed a week ago, by primary key in small pieces; never a failed or dead one."""
    gone = 0
    while (piece := _purge_piece()) == PIECE_ROWS:
        gone += piece
    return gone + piece


@transactional
def _purge_piece() -> int:
    old = list(
        db.session.execute(
            select(OutboxPromise.id)
            .where(
                OutboxPromise.status == PromiseStatus.COMPLETED, OutboxPromise.done_at < clock.utcnow() - KEPT
            )
            .order_by(OutboxPromise.id)
            .limit(PIECE_ROWS)
        ).scalars()
    )
    if old:
        db.session.connection().execute(delete(OutboxPromise).where(OutboxPromise.id.in_(old)))
    return len(old)


def _status(
    name: str,
    counts: Mapping[str, int],
    row: OutboxBreaker | None,
    oldest: datetime | None,
    *,
    is_configured: bool,
    now: datetime,
) -> ConsumerStatus:
    state = State(open_until=row.open_until) if row is not None else State()
    return ConsumerStatus(
        consumer=name,
        is_configured=is_configured,
        pending=counts.get(PromiseStatus.PENDING, 0),
        processing=counts.get(PromiseStatus.PROCESSING, 0),
        failed=counts.get(PromiseStatus.FAILED, 0),
        dead_letter=counts.get(PromiseStatus.DEAD_LETTER, 0),
        completed=counts.get(PromiseStatus.COMPLETED, 0),
        breaker=state.name(now),
        breaker_error=row.last_error if row is not None and row.open_until is not None else None,
        oldest_pending_seconds=None if oldest is None else int((now - oldest).total_seconds()),
    )


def _dead(name: str) -> OutboxPromise:
    consumer_name, kind, aggregate_id, seq = (name.rsplit(":", 3) + [""] * 3)[:4]
    row = db.session.execute(
        select(OutboxPromise)
        .where(
            OutboxPromise.consumer == consumer_name,
            OutboxPromise.kind == kind,
            OutboxPromise.aggregate_id == aggregate_id,
            OutboxPromise.seq == (int(seq) if seq.isdecimal() else 0),
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if row is None or row.status != PromiseStatus.DEAD_LETTER:
        raise NotFoundError(kind="dead_letter")
    return row


def _name(row: OutboxPromise) -> str:
    """Return the name of a promise at the doors, where no running number is shown."""
    return f"{row.consumer}:{row.kind}:{row.aggregate_id}:{row.seq}"


def _fields(payload: str | None) -> tuple[str, ...]:
    """Return the names of a payload's fields: what stands in them is a patient's."""
    try:
        found = json.loads(payload or "{}")
    except ValueError:
        return ()
    return tuple(sorted(found)) if isinstance(found, dict) else ()
