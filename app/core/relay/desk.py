"""The desk: how the promises stand, what is hurried, and what may be forgotten.

Dead letters have a room of their own (`letters.py`). Doors ask for the right (`MANAGE_OUTBOX`).
"""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import case, delete, func, select, update

from app.core import clock
from app.core.db import db
from app.core.outbox import OutboxPromise, PromiseStatus
from app.core.relay import consumer
from app.core.relay.breaker import OutboxBreaker, State
from app.core.relay.claiming import DUE
from app.core.transaction import transactional

KEPT: Final = timedelta(days=7)
PIECE_ROWS: Final = 500
COUNTED_SECONDS: Final = 60.0
UNSETTLED: Final = (*DUE, PromiseStatus.PROCESSING, PromiseStatus.DEAD_LETTER)

_counted: dict[str, tuple[float, Mapping[str, int]]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerStatus:
    """How one consumer's promises stand; `is_configured` is False where rows wait for a target that is gone.

    `claimed_again`: how many of the open ones some worker had taken before and not answered for.
    """

    consumer: str
    is_configured: bool
    pending: int
    processing: int
    failed: int
    dead_letter: int
    completed: int
    breaker: str
    breaker_error: str | None
    opens_again_at: datetime | None
    oldest_pending_seconds: int | None
    claimed_again: int

    def as_json(self) -> dict[str, object]:
        """Return the values that `flask outbox status --json` prints."""
        return {
            **asdict(self),
            "opens_again_at": self.opens_again_at and self.opens_again_at.isoformat(),
        }


def status(*, is_exact: bool = True) -> tuple[ConsumerStatus, ...]:
    """Return how each consumer stands, also one with rows and no target; 4 statements.

    Each asks by consumer, with which the index begins. What was completed in a week may be a million rows and says
    little: without `is_exact` it is counted once in a while, for who looks every few seconds (3 statements).
    """
    now = clock.utcnow()
    names = set(db.session.execute(select(OutboxPromise.consumer).distinct()).scalars())
    waiting = (
        select(
            OutboxPromise.consumer,
            OutboxPromise.status,
            func.count(),
            func.min(OutboxPromise.created_at),
            func.sum(case((OutboxPromise.claims > 1, 1), else_=0)),
        )
        .where(OutboxPromise.consumer.in_(names), OutboxPromise.status.in_(UNSETTLED))
        .group_by(OutboxPromise.consumer, OutboxPromise.status)
    )
    counts: dict[str, dict[str, int]] = {name: {} for name in names}
    oldest: dict[str, datetime] = {}
    again: dict[str, int] = {}
    for name, state, number, since, taken in db.session.execute(waiting):
        counts[name][state] = number
        if state != PromiseStatus.DEAD_LETTER:
            oldest[name] = min(since, oldest.get(name, since))
            again[name] = again.get(name, 0) + int(taken)
    for name, number in _completed(names, is_exact=is_exact).items():
        counts.setdefault(name, {})[PromiseStatus.COMPLETED] = number
    breakers = {row.consumer: row for row in db.session.execute(select(OutboxBreaker)).scalars()}
    configured = {one.name for one in consumer.registered()}
    return tuple(
        _status(
            name,
            counts.get(name, {}),
            breakers.get(name),
            oldest.get(name),
            again.get(name, 0),
            is_configured=name in configured,
            now=now,
        )
        for name in sorted(configured | counts.keys())
    )


def _completed(names: Collection[str], *, is_exact: bool) -> Mapping[str, int]:
    """Return how many each has completed, as of a minute ago where that will do."""
    database = str(db.engine.url)
    kept = _counted.get(database)
    if not is_exact and kept is not None and clock.monotonic() - kept[0] < COUNTED_SECONDS:
        return kept[1]
    statement = (
        select(OutboxPromise.consumer, func.count())
        .where(OutboxPromise.consumer.in_(names), OutboxPromise.status == PromiseStatus.COMPLETED)
        .group_by(OutboxPromise.consumer)
    )
    found: dict[str, int] = {name: number for name, number in db.session.execute(statement)}  # noqa: C416 - rows are no pairs to mypy
    _counted[database] = (clock.monotonic(), found)
    return found


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


def purgeable() -> int:
    """Return how many rows `purge` would delete; 1 statement."""
    return db.session.execute(
        select(func.count())
        .select_from(OutboxPromise)
        .where(OutboxPromise.status == PromiseStatus.COMPLETED, OutboxPromise.done_at < clock.utcnow() - KEPT)
    ).scalar_one()


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
    claimed_again: int,
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
        opens_again_at=state.open_until if state.name(now) == "open" else None,
        oldest_pending_seconds=None if oldest is None else int((now - oldest).total_seconds()),
        claimed_again=claimed_again,
    )
