"""What a forecast is made of: everything known about a queue at one moment, and what follows for a place in it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select

from app import settings
from app.core import clock
from app.core.db import db
from app.queues.models import Queue, QueueEntry, Service, ServicePoint
from app.queues.states import EntryStatus, PointStatus
from app.waits import rules
from app.waits.models import ServiceTime, ShiftRow, WaitCalibration
from app.waits.plans import Planned, Room, Shift, at_work, days_around, taken
from app.waits.rules import ENOUGH, Quantiles, Range, Stretch

MODEL = "ql-plan"
# From so much slower than in other weeks, and after so many services today, we say that it takes longer.
SLOW, SLOW_AFTER = 1.25, 5


class Why(StrEnum):
    """Why there is no range, or (BUSIER) why it is later than usual."""

    CLOSED = "closed"
    PAUSED = "paused"
    UNKNOWN = "unknown"
    WIDE = "wide"
    BUSIER = "busier"


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What somebody is told: a range or why there is none, and how many are before."""

    range: Range | None
    ahead: int
    why: Why | None = None
    eta_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """A queue at one moment; equal situations give equal forecasts, whatever was told before."""

    queue_id: int
    public_id: UUID | None
    at: datetime
    plan: tuple[Stretch, ...]
    busy: int
    waiting: int
    service_seconds: float
    observations: int
    known: Mapping[int, Quantiles] = field(default_factory=dict)
    why: Why | None = None  # nobody can be told anything
    is_slow: bool = False
    stopped: Mapping[int, Why] = field(default_factory=dict)  # rooms at rest, for those who wait for one room

    def forecast(self, ahead: int, *, pinned: int | None = None) -> Forecast:
        """Return the forecast for somebody with so many people before; `pinned` is the only room that may call."""
        why = self.why or self.stopped.get(pinned or 0)
        if why is not None:
            return Forecast(range=None, ahead=ahead, why=why)
        eta = self.eta_seconds(ahead)
        if eta is None:
            return Forecast(range=None, ahead=ahead, why=Why.UNKNOWN if self.plan else Why.CLOSED)
        told = rules.shown(eta, self.known, observations=self.observations)
        if told is None:
            return Forecast(range=None, ahead=ahead, why=Why.WIDE, eta_seconds=eta)
        return Forecast(range=told, ahead=ahead, why=Why.BUSIER if self.is_slow else None, eta_seconds=eta)

    def eta_seconds(self, ahead: int) -> float | None:
        """Return the plain expectation in seconds; None where the plan ends before."""
        return rules.eta_seconds(ahead, self.service_seconds, self.plan, self.at, busy=self.busy)

    def middle_seconds(self, ahead: int) -> float | None:
        """Return the median in seconds, for choosing between queues; None where nothing can be said."""
        eta = None if self.why else self.eta_seconds(ahead)
        if eta is None:
            return None
        error = self.known.get(rules.bucket_of(eta))
        return eta if error is None or error.count < ENOUGH else max(0.0, eta + error.mid)

    def inputs(self, forecast: Forecast, *, pinned: int | None = None) -> dict[str, Any]:
        """Return as plain JSON all that this forecast was made of; `replayed` makes the same of it again."""
        eta = forecast.eta_seconds
        used = None if eta is None else rules.bucket_of(eta)
        return {
            "ahead": forecast.ahead,
            "busy": self.busy,
            "service_seconds": self.service_seconds,
            "observations": self.observations,
            "plan": [[one.begin.isoformat(), one.end.isoformat(), one.staff] for one in self.plan],
            "known": {
                str(bucket): [one.low, one.mid, one.high, one.count]
                for bucket, one in sorted(self.known.items())
                if bucket == used
            },
            "why": self.why or self.stopped.get(pinned or 0),
            "is_slow": self.is_slow,
        }


def replayed(made_at: datetime, inputs: Mapping[str, Any]) -> Forecast:
    """Return the forecast that logged inputs give; the same as was logged, or something has changed the rules."""
    situation = Situation(
        queue_id=0,
        public_id=None,
        at=made_at,
        plan=tuple(
            Stretch(begin=datetime.fromisoformat(begin), end=datetime.fromisoformat(end), staff=staff)
            for begin, end, staff in inputs["plan"]
        ),
        busy=inputs["busy"],
        waiting=0,
        service_seconds=inputs["service_seconds"],
        observations=inputs["observations"],
        known={int(bucket): Quantiles(*numbers) for bucket, numbers in inputs["known"].items()},
        why=Why(inputs["why"]) if inputs["why"] else None,
        is_slow=inputs["is_slow"],
    )
    return situation.forecast(inputs["ahead"])


def situations(
    which: ColumnElement[bool],
    *,
    before: QueueEntry | None = None,
    rooms: Mapping[int, Mapping[int, Room]] | None = None,
) -> dict[int, Situation]:
    """Return the situation of the queues that `which` chooses; 3 statements, however many queues.

    `waiting` counts everybody who waits, or those before one entry. Who has read the rooms hands them over, by
    queue and room, and saves a statement.
    """
    now = clock.utcnow()
    heads = _heads(which, before)
    ids = sorted(heads)
    rooms, planned = _rooms(ids) if rooms is None else rooms, _planned(ids, now)
    return {
        queue_id: _situation(rows, rooms.get(queue_id, {}), planned.get(queue_id, []), now)
        for queue_id, rows in heads.items()
    }


def situation_before(queue_id: int, entry: QueueEntry) -> Situation:
    """Return the situation of a queue, with how many wait there before an entry; 3 statements."""
    return situations(Queue.id == queue_id, before=entry)[queue_id]


def _situation(
    rows: Sequence[Any], rooms: Mapping[int, Room], planned: Sequence[Planned], now: datetime
) -> Situation:
    head = rows[0]
    is_learned = (head.long_count or 0) >= ENOUGH
    is_today = is_learned and head.day == clock.today()
    pace = (head.day_seconds if is_today else head.long_seconds) if is_learned else head.duration_seconds
    return Situation(
        queue_id=head.id,
        public_id=head.public_id,
        at=now,
        plan=at_work(planned, list(rooms.values()), now, settings.current().site_timezone),
        busy=taken(rooms.values()),
        waiting=head.waiting or 0,
        # A service of no length would call everybody at once.
        service_seconds=max(1.0, float(pace)),
        observations=head.long_count or 0,
        known={
            row.bucket: Quantiles(row.low, row.mid, row.high, row.samples)
            for row in rows
            if row.bucket is not None
        },
        why=_why(is_open=head.is_open, rooms=rooms.values()),
        is_slow=is_today and head.day_count >= SLOW_AFTER and head.day_seconds >= SLOW * head.long_seconds,
        stopped={
            room_id: Why.PAUSED if room.is_paused else Why.CLOSED
            for room_id, room in rooms.items()
            if not room.is_open
        },
    )


def _why(*, is_open: bool, rooms: Iterable[Room]) -> Why | None:
    known = list(rooms)
    if not is_open:
        return Why.CLOSED
    if any(room.is_open for room in known):
        return None
    return Why.PAUSED if any(room.is_paused for room in known) else Why.CLOSED


def _heads(which: ColumnElement[bool], before: QueueEntry | None) -> dict[int, list[Any]]:
    """Return each queue with its pace and the length of its line, one row per bucket of its calibration."""
    line = select(QueueEntry.queue_id, func.count().label("waiting")).where(
        QueueEntry.status == EntryStatus.WAITING
    )
    if before is not None:
        line = line.where(QueueEntry.queue_id == before.queue_id, _is_before(before))
    waiting = line.group_by(QueueEntry.queue_id).subquery()
    rows = db.session.execute(
        select(
            Queue.id,
            Queue.public_id,
            Queue.is_open,
            Service.duration_seconds,
            ServiceTime.long_seconds,
            ServiceTime.long_count,
            ServiceTime.day,
            ServiceTime.day_seconds,
            ServiceTime.day_count,
            WaitCalibration.bucket,
            WaitCalibration.low,
            WaitCalibration.mid,
            WaitCalibration.high,
            WaitCalibration.count.label("samples"),
            waiting.c.waiting,
        )
        .join(Service, Service.id == Queue.service_id)
        .outerjoin(ServiceTime, ServiceTime.queue_id == Queue.id)
        .outerjoin(WaitCalibration, WaitCalibration.queue_id == Queue.id)
        .outerjoin(waiting, waiting.c.queue_id == Queue.id)
        .where(which)
        .order_by(Queue.id, WaitCalibration.bucket)
    )
    found: dict[int, list[Any]] = {}
    for row in rows:
        found.setdefault(row.id, []).append(row)
    return found


def _is_before(entry: QueueEntry) -> ColumnElement[bool]:
    """Return whether a row stands before this entry in the order of service."""
    return or_(
        QueueEntry.rank_class > entry.rank_class,
        and_(
            QueueEntry.rank_class == entry.rank_class,
            or_(
                QueueEntry.eligible_at < entry.eligible_at,
                and_(QueueEntry.eligible_at == entry.eligible_at, QueueEntry.id < entry.id),
            ),
        ),
    )


def _rooms(queue_ids: Collection[int]) -> dict[int, dict[int, Room]]:
    """Return the rooms of the queues, each with how many are called into it or inside."""
    engaged = (
        select(QueueEntry.service_point_id, func.count().label("engaged"))
        .where(
            QueueEntry.queue_id.in_(queue_ids),
            QueueEntry.status.in_([EntryStatus.CALLED, EntryStatus.IN_SERVICE]),
        )
        .group_by(QueueEntry.service_point_id)
        .subquery()
    )
    rows = db.session.execute(
        select(
            ServicePoint.id,
            ServicePoint.queue_id,
            ServicePoint.capacity,
            ServicePoint.status,
            ServicePoint.paused_until,
            engaged.c.engaged,
        )
        .outerjoin(engaged, engaged.c.service_point_id == ServicePoint.id)
        .where(ServicePoint.queue_id.in_(queue_ids))
        .order_by(ServicePoint.id)
    )
    found: dict[int, dict[int, Room]] = {}
    for row in rows:
        found.setdefault(row.queue_id, {})[row.id] = Room(
            capacity=row.capacity,
            engaged=row.engaged or 0,
            is_open=row.status == PointStatus.OPEN,
            is_paused=row.status == PointStatus.PAUSED,
            paused_until=row.paused_until,
        )
    return found


def _planned(queue_ids: Collection[int], now: datetime) -> dict[int, list[Planned]]:
    """Return the plan of each queue's week, and the exceptions that may reach into the coming hours."""
    days = days_around(now, settings.current().site_timezone)
    rows = db.session.execute(
        select(ShiftRow)
        .where(
            ShiftRow.queue_id.in_(queue_ids),
            or_(ShiftRow.weekday.is_not(None), ShiftRow.on_date.in_(days)),
        )
        .order_by(ShiftRow.id)
    ).scalars()
    found: dict[int, list[Planned]] = {}
    for row in rows:
        found.setdefault(row.queue_id, []).append(planned_of(row))
    return found


def planned_of(row: ShiftRow) -> Planned:
    """Return a row of the plan as a plain value."""
    return Planned(
        weekday=row.weekday,
        on_date=row.on_date,
        shift=Shift(begins=row.begins, ends=row.ends, staff=row.staff),
    )
