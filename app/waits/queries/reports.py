"""How good the forecasts were: errors and coverage of what was told on joining, queue by queue."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean
from uuid import UUID

from sqlalchemy import select

from app.core import clock
from app.core.db import db
from app.queues.models import Queue
from app.waits.models import WaitForecast

# Coverage is measured where something was to be waited for: most who are called at once were told so.
BUSY_SECONDS = 300
# Accepted share of waits within what was told (nominal 80 %), of those longer, and from how many forecasts on.
COVERED, LATE, JUDGED = (0.75, 0.88), 0.12, 50
REPORT_DAYS = 14


@dataclass(frozen=True, slots=True)
class Told:
    """What one patient was told on joining, and what became of it; a range may have been withheld."""

    eta_seconds: float
    low_minutes: int | None
    high_minutes: int | None
    actual_seconds: float

    @property
    def is_covered(self) -> bool:
        """Whether the wait ended within the range."""
        return (self.low_minutes or 0) * 60 <= self.actual_seconds <= (self.high_minutes or 0) * 60

    @property
    def is_late(self) -> bool:
        """Whether the wait was longer than told."""
        return self.actual_seconds > (self.high_minutes or 0) * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The figures of one queue: minutes, and shares of the forecasts over 5 minutes; None where there were none."""

    count: int = 0
    mae_minutes: float | None = None
    bias_minutes: float | None = None  # eta - actual: below zero, patients were told too little
    busy_count: int = 0
    coverage: float | None = None
    late_share: float | None = None

    @property
    def verdict(self) -> str:
        """Return `few`, `good`, `narrow` (too many waits outside or later) or `wide` (the ranges say too little)."""
        if self.coverage is None or self.late_share is None or self.busy_count < JUDGED:
            return "few"
        if self.coverage < COVERED[0] or self.late_share > LATE:
            return "narrow"
        return "wide" if self.coverage > COVERED[1] else "good"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueReport:
    """How good the forecasts of a queue were."""

    id: UUID
    code: str
    name_ko: str
    name_en: str
    measured: Measured


def report(days: int = REPORT_DAYS) -> tuple[QueueReport, ...]:
    """Return the figures of the last business days, today among them, of every queue; 2 statements."""
    since, _ = clock.day_bounds(clock.today() - timedelta(days=days - 1))
    found = told_between(since, clock.utcnow())
    queues = db.session.execute(
        select(Queue.id, Queue.public_id, Queue.code, Queue.name_ko, Queue.name_en).order_by(Queue.id)
    )
    return tuple(
        QueueReport(
            id=row.public_id,
            code=row.code,
            name_ko=row.name_ko,
            name_en=row.name_en,
            measured=measured(found.get(row.id, [])),
        )
        for row in queues
    )


def measured(told: Sequence[Told]) -> Measured:
    """Return the figures of forecasts that have come to an end."""
    if not told:
        return Measured()
    errors = [(one.eta_seconds - one.actual_seconds) / 60 for one in told]
    busy = [one for one in told if one.eta_seconds > BUSY_SECONDS and one.high_minutes is not None]
    return Measured(
        count=len(told),
        mae_minutes=fmean(abs(error) for error in errors),
        bias_minutes=fmean(errors),
        busy_count=len(busy),
        coverage=fmean(one.is_covered for one in busy) if busy else None,
        late_share=fmean(one.is_late for one in busy) if busy else None,
    )


def told_between(begin: datetime, end: datetime) -> dict[int, list[Told]]:
    """Return what was told on joining between two moments and came to a clean end, by queue; 1 statement.

    One forecast per stay: those of one stay would not be independent. Left out: who was never called (left,
    transferred), and whose entry was held, moved or given another class after the forecast.
    """
    chosen = select(
        WaitForecast.queue_id,
        WaitForecast.eta_seconds,
        WaitForecast.low_minutes,
        WaitForecast.high_minutes,
        WaitForecast.made_at,
        WaitForecast.called_at,
    ).where(
        WaitForecast.made_at >= begin,
        WaitForecast.made_at < end,
        WaitForecast.occasion == "join",
        WaitForecast.is_clean,
        WaitForecast.called_at.is_not(None),
        WaitForecast.eta_seconds.is_not(None),
    )
    found: dict[int, list[Told]] = {}
    for row in db.session.execute(chosen.order_by(WaitForecast.id)):
        actual = max(0.0, (row.called_at - row.made_at).total_seconds())
        found.setdefault(row.queue_id, []).append(
            Told(row.eta_seconds, row.low_minutes, row.high_minutes, actual)
        )
    return found
