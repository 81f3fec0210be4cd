"""A Tuesday morning in the ward of the tests: people join, are called and served, and what was told is looked at."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import time_machine
from sqlalchemy import Engine, event, select

from app.core import clock
from app.core.db import db
from app.core.transaction import release, transactional
from app.journey import services as journey
from app.journey.models import Visit
from app.queues import services as queues
from app.queues.models import Queue, QueueEntry, ServicePoint
from app.queues.states import PointStatus
from app.waits import queries
from app.waits import services as waits
from app.waits.models import ServiceTime, WaitCalibration, WaitForecast
from app.waits.plans import Shift
from app.waits.queries import Forecast
from app.waits.rules import bucket_of
from tests.hospital import Hospital

TUESDAY = datetime(2027, 3, 2, tzinfo=ZoneInfo("Asia/Seoul"))


def at(clock_time: str, *, days: int = 0) -> datetime:
    """Return a time of that Tuesday on the hospital's wall, or of some days later."""
    hours, minutes = (int(one) for one in clock_time.split(":"))
    return (TUESDAY + timedelta(days=days, hours=hours, minutes=minutes)).astimezone(UTC)


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collect the statements sent meanwhile; BEGIN and savepoints are none."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith(("BEGIN", "SAVEPOINT", "RELEASE")):
            seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@transactional
def unit(work: Callable[[], Any]) -> Any:
    """Run something as one unit of work, as a command would."""
    return work()


@dataclass(slots=True)
class Desk:
    """The queue of three rooms, by hand; time stands still but for `travel`."""

    hospital: Hospital
    traveller: time_machine.Traveller

    def travel(self, to: datetime) -> None:
        """Let it be another time."""
        self.traveller.move_to(to)

    def later(self, minutes: float) -> None:
        """Let minutes pass."""
        self.traveller.shift(timedelta(minutes=minutes))

    def joins(self) -> UUID:
        """Let somebody join the line; return the entry."""
        visit = self.hospital.waiting("consult")
        release()
        return db.session.execute(
            select(QueueEntry.public_id)
            .join(Visit, Visit.id == QueueEntry.visit_id)
            .where(Visit.public_id == visit)
        ).scalar_one()

    def is_called(self, entry_id: UUID, room: int = 0) -> None:
        """Call somebody into a room."""
        by = self.hospital.cast.anne
        entry = self.entry(entry_id)
        journey.call_patient(
            entry_id,
            self.hospital.rooms[room],
            version=entry.version,
            confirm=frozenset({"overtaking"}),
            reason="시험",
            by=by,
        )

    def is_served(self, entry_id: UUID) -> None:
        """Let a called patient in and out."""
        by, confirmed = self.hospital.cast.anne, frozenset({"identity", "short_service"})
        journey.start(entry_id, version=self.entry(entry_id).version, confirm=confirmed, by=by)
        journey.complete(entry_id, version=self.entry(entry_id).version, confirm=confirmed, by=by)

    def entry(self, entry_id: UUID) -> QueueEntry:
        """Return an entry as it is committed."""
        return db.session.execute(
            select(QueueEntry)
            .where(QueueEntry.public_id == entry_id)
            .execution_options(populate_existing=True)
        ).scalar_one()

    def queue(self) -> Queue:
        """Return the queue's row."""
        return db.session.execute(select(Queue).where(Queue.public_id == self.hospital.consult)).scalar_one()

    def told(self, *entry_ids: UUID) -> list[WaitForecast]:
        """Return what was logged of an entry, or of everybody, in the order of logging."""
        release()
        rows = db.session.execute(
            select(WaitForecast)
            .join(QueueEntry, QueueEntry.id == WaitForecast.entry_id)
            .where(QueueEntry.public_id.in_(entry_ids) if entry_ids else WaitForecast.id > 0)
            .order_by(WaitForecast.id)
        )
        return list(rows.scalars())

    def outlook(self) -> queries.Outlook:
        """Return what may be told now."""
        release()
        return queries.outlook(self.hospital.consult)

    def newcomer(self) -> Forecast:
        """Return what somebody would be told who joined now."""
        return self.outlook().newcomer

    def plans(self, *shifts: tuple[str, str, int]) -> None:
        """Plan every day of the week alike."""
        day = [Shift(_minutes(begins), _minutes(ends), staff) for begins, ends, staff in shifts]
        plan = queries.plan(self.hospital.consult)
        waits.set_week(self.hospital.consult, [day] * 7, version=plan.version, by=self.hospital.cast.chris)

    def room(self, number: int, status: PointStatus, *, until: datetime | None = None) -> None:
        """Open, pause or close a room."""
        release()
        point = self.hospital.rooms[number]
        version = db.session.execute(
            select(ServicePoint.version).where(ServicePoint.public_id == point)
        ).scalar_one()
        queues.set_point_status(
            point, status=status, version=version, reason="회진", until=until, by=self.hospital.cast.anne
        )

    def serves(self, *minutes: float) -> None:
        """Let services end that lasted so long."""
        for one in minutes:
            unit(lambda one=one: waits.note_served(self.queue(), self._anybody(), one * 60))  # type: ignore[misc]

    def knows(self, minutes: float = 10.0, *, off: tuple[float, float, float] = (-2.0, 0.0, 4.0)) -> None:
        """Let the queue know its pace and how far off forecasts are, as if it had been open for weeks."""
        release()
        queue_id, today = self.queue().id, clock.today()
        low, middle, high = (one * 60 for one in off)

        def write() -> None:
            pace = minutes * 60.0
            db.session.add(
                ServiceTime(
                    queue_id=queue_id,
                    long_seconds=pace,
                    long_count=500,
                    day=today,
                    day_seconds=pace,
                    day_count=9,
                )
            )
            db.session.add_all(
                WaitCalibration(
                    queue_id=queue_id,
                    bucket=bucket,
                    low=low,
                    mid=middle,
                    high=high,
                    count=100,
                    day=today - timedelta(days=1),
                )
                for bucket in range(7)
            )

        unit(write)

    def remembers(self, *past: tuple[float, float], days_ago: int = 1, **different: Any) -> None:
        """Log forecasts of another day as (eta, actual) in minutes, told as eta ± 5."""
        release()
        made_at, queue_id = clock.utcnow() - timedelta(days=days_ago), self.queue().id

        def write() -> None:
            for eta, actual in past:
                values = {
                    "entry_id": 0,
                    "entry_version": 1,
                    "queue_id": queue_id,
                    "made_at": made_at,
                    "occasion": "join",
                    "model": queries.MODEL,
                    "eta_seconds": eta * 60,
                    "low_minutes": max(0, int(eta) - 5),
                    "high_minutes": int(eta) + 5,
                    "inputs": {},
                    "called_at": made_at + timedelta(minutes=actual),
                    "is_clean": True,
                    **different,
                }
                db.session.add(WaitForecast(**values))

        unit(write)

    def remembered(self) -> list[WaitForecast]:
        """Return everything that was logged, of whomever."""
        release()
        return list(db.session.execute(select(WaitForecast).order_by(WaitForecast.id)).scalars())

    def calibration(self) -> dict[int, tuple[float, float, float, int]]:
        """Return the queue's calibration in minutes, by bucket."""
        release()
        rows = db.session.execute(select(WaitCalibration).order_by(WaitCalibration.bucket)).scalars()
        return {
            one.bucket: (round(one.low / 60, 2), round(one.mid / 60, 2), round(one.high / 60, 2), one.count)
            for one in rows
        }

    def pace(self) -> ServiceTime | None:
        """Return what the queue knows of its services."""
        release()
        return db.session.get(ServiceTime, self.queue().id)

    def _anybody(self) -> QueueEntry:
        return QueueEntry()


def minutes_of(forecast: Forecast | None) -> tuple[int, int] | None:
    """Return the ends of what is told."""
    told = forecast.range if forecast else None
    return None if told is None else (told.low_minutes, told.high_minutes)


def bucket(minutes: float) -> int:
    """Return the bucket of an eta in minutes."""
    return bucket_of(minutes * 60)


def spread(eta: float, errors: Sequence[float]) -> list[tuple[float, float]]:
    """Return (eta, actual) pairs with these errors, in minutes."""
    return [(eta, eta + one) for one in errors]


def _minutes(clock_time: str) -> int:
    hours, minutes = (int(one) for one in clock_time.split(":"))
    return hours * 60 + minutes
