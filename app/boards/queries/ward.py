"""The ward's page: one queue, its rooms, and everybody who is in it now."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.accounts.roles import Facts, Permission, require
from app.boards.queries.ward_rows import WardRow, everybody, rows_of
from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFoundError
from app.queues.models import Queue, QueuePolicy, ServicePoint
from app.queues.states import EntryStatus, PointStatus, PriorityClass
from app.waits import plans
from app.waits import queries as waits

ENGAGED = frozenset({EntryStatus.CALLED, EntryStatus.IN_SERVICE})
KEPT = frozenset({EntryStatus.WAITING, EntryStatus.HELD})


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A room of the queue, who is called into it or inside, and how many are kept for it."""

    id: UUID
    version: int
    name_ko: str
    name_en: str
    status: str
    reason: str | None
    until: datetime | None
    capacity: int
    called: tuple[int, ...]
    inside: tuple[int, ...]
    kept: tuple[int, ...]
    is_free: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WardBoard:
    """The whole page of one queue."""

    id: UUID
    unit: UUID
    seq: int
    name_ko: str
    name_en: str
    is_open: bool
    max_calls: int
    rooms: tuple[Room, ...]
    inside: tuple[WardRow, ...]
    called: tuple[WardRow, ...]
    waiting: tuple[WardRow, ...]
    aside: tuple[WardRow, ...]
    longest_wait_minutes: int
    urgent_count: int
    at: datetime

    @property
    def rows(self) -> tuple[WardRow, ...]:
        """Return everybody, those inside first."""
        return (*self.inside, *self.called, *self.waiting, *self.aside)

    @property
    def discloses(self) -> tuple[UUID, ...]:
        """Return the patients that this value shows."""
        return tuple(row.patient_id for row in self.rows)

    @property
    def topic(self) -> str:
        """Return the topic that moves this page."""
        return f"queue:{self.id}"


def ward_board(queue_id: UUID, *, by: Actor | None) -> WardBoard:
    """Return a queue's page; 4 statements, however many wait. `by` None: the hub, which checked at the door."""
    head, points = head_and_points(queue_id, by=by)
    now = clock.utcnow()
    found = everybody(head.id)
    rows = rows_of(
        found,
        {point.id: point for point in points},
        max_overtaken=head.max_overtaken,
        situation=situation_of(head.id, points, found),
        now=now,
    )
    inside, called, waiting = (
        tuple(row for row in rows if row.status is status)
        for status in (EntryStatus.IN_SERVICE, EntryStatus.CALLED, EntryStatus.WAITING)
    )
    return WardBoard(
        id=head.public_id,
        unit=head.unit,
        seq=head.seq,
        name_ko=head.name_ko,
        name_en=head.name_en,
        is_open=head.is_open,
        max_calls=head.max_calls,
        rooms=tuple(_room(point, rows, head.calls_ahead) for point in points),
        inside=inside,
        called=called,
        waiting=waiting,
        aside=tuple(row for row in rows if row.status in {EntryStatus.HELD, EntryStatus.NO_SHOW}),
        longest_wait_minutes=max((row.waited_minutes for row in waiting), default=0),
        urgent_count=sum(row.priority == PriorityClass.URGENT for row in waiting),
        at=now,
    )


def queue_head(queue_id: UUID, *, by: Actor | None) -> Any:
    """Return a queue with those of its rules that a page shows; 1 statement. Raise NotFoundError."""
    return _permitted(db.session.execute(_head(queue_id)).one_or_none(), by)


def head_and_points(queue_id: UUID, *, by: Actor | None) -> tuple[Any, Sequence[ServicePoint]]:
    """Return the same and the queue's rooms; 1 statement. Raise NotFoundError."""
    rows = db.session.execute(
        _head(queue_id)
        .add_columns(ServicePoint)
        .outerjoin(ServicePoint, ServicePoint.queue_id == Queue.id)
        .order_by(ServicePoint.id)
    ).all()
    head = _permitted(rows[0] if rows else None, by)
    return head, [row.ServicePoint for row in rows if row.ServicePoint is not None]


def _head(queue_id: UUID) -> Any:
    return (
        select(
            Queue.id,
            Queue.public_id,
            Queue.seq,
            Queue.name_ko,
            Queue.name_en,
            Queue.is_open,
            Queue.unit,
            Queue.service_id,
            QueuePolicy.max_calls,
            QueuePolicy.max_overtaken,
            QueuePolicy.calls_ahead,
        )
        .join(QueuePolicy, QueuePolicy.queue_id == Queue.id)
        .where(Queue.public_id == queue_id)
    )


def _permitted(head: Any, by: Actor | None) -> Any:
    if head is None:
        raise NotFoundError(kind="queue")
    if by is not None:
        require(by, Permission.SEE_QUEUE, Facts(unit=head.unit))
    return head


def situation_of(queue_id: int, points: Sequence[ServicePoint], found: Sequence[Any]) -> waits.Situation:
    """Return what forecasts are made of, with the rooms and rows that were read already; 2 statements."""
    engaged = Counter(row.service_point_id for row in found if row.status in ENGAGED)
    rooms = {
        point.id: plans.Room(
            capacity=point.capacity,
            engaged=engaged[point.id],
            is_open=point.status == PointStatus.OPEN,
            is_paused=point.status == PointStatus.PAUSED,
            paused_until=point.paused_until,
        )
        for point in points
    }
    return waits.situations(Queue.id == queue_id, rooms={queue_id: rooms})[queue_id]


def _room(point: ServicePoint, rows: Sequence[WardRow], calls_ahead: int) -> Room:
    here = [row for row in rows if row.room_id == point.public_id]
    called = tuple(row.number for row in here if row.status is EntryStatus.CALLED)
    return Room(
        id=point.public_id,
        version=point.version,
        name_ko=point.name_ko,
        name_en=point.name_en,
        status=point.status,
        reason=point.status_reason,
        until=point.paused_until,
        capacity=point.capacity,
        called=called,
        inside=tuple(row.number for row in here if row.status is EntryStatus.IN_SERVICE),
        kept=tuple(row.number for row in rows if row.pinned_id == point.public_id and row.status in KEPT),
        is_free=point.status == PointStatus.OPEN and len(called) < calls_ahead,
    )
