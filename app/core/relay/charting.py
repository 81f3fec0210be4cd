"""Charting: what was promised and what was kept, quarter hour by quarter hour of the last day."""

import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import String, cast, func, select
from sqlalchemy.orm import InstrumentedAttribute

from app.core import clock
from app.core.db import db
from app.core.outbox import OutboxPromise, PromiseStatus

QUARTER: Final = timedelta(minutes=15)
QUARTERS: Final = 96
# No index serves these two questions: one would cost each promise a page write, and nobody looks all day.
KEPT_SECONDS: Final = 60.0
MINUTE: Final = len("2026-11-21 08:44")

_lock = threading.Lock()
_kept: dict[str, tuple[float, tuple["Quarter", ...]]] = {}


@dataclass(frozen=True, slots=True)
class Quarter:
    """A quarter hour from `at` on; `kept` counts what was delivered, carried by a newer one, or had not to be sent."""

    at: datetime
    promised: int
    kept: int


def throughput() -> tuple[Quarter, ...]:
    """Return the last 24 h, oldest first; 2 statements at most once a minute in each process."""
    database = str(db.engine.url)
    with _lock:
        before = _kept.get(database)
        if before is not None and clock.monotonic() - before[0] < KEPT_SECONDS:
            return before[1]
        found = _read(clock.utcnow())
        _kept[database] = (clock.monotonic(), found)
        return found


def forget() -> None:
    """Let the next look count anew."""
    _kept.clear()


def _read(now: datetime) -> tuple[Quarter, ...]:
    last = datetime.fromtimestamp(now.timestamp() // QUARTER.total_seconds() * QUARTER.total_seconds(), UTC)
    first = last - QUARTER * (QUARTERS - 1)
    promised = _counted(OutboxPromise.created_at, first)
    kept = _counted(OutboxPromise.done_at, first, status=PromiseStatus.COMPLETED)
    return tuple(
        Quarter(at, promised.get(at, 0), kept.get(at, 0))
        for at in (first + QUARTER * number for number in range(QUARTERS))
    )


def _counted(
    column: InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None],
    first: datetime,
    status: PromiseStatus | None = None,
) -> dict[datetime, int]:
    """Count by the minute, which both databases cut off alike, and add up here."""
    minute = func.substr(cast(column, String(26)), 1, MINUTE)
    statement = select(minute, func.count()).where(column >= first).group_by(minute)
    if status is not None:
        statement = statement.where(OutboxPromise.status == status)
    found: dict[datetime, int] = {}
    for text, number in db.session.execute(statement):
        at = datetime.fromisoformat(text).replace(tzinfo=UTC)
        quarter = at - timedelta(minutes=at.minute % 15)
        found[quarter] = found.get(quarter, 0) + number
    return found
