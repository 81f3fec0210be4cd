"""The ward's page: one queue, its rooms, and everybody who is in it now."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.accounts.roles import Facts, Permission, require
from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFoundError
from app.emr.models import Patient
from app.journey.models import Visit
from app.journey.states import Command, State, may_start
from app.queues.models import Call, Queue, QueueEntry, QueuePolicy, ServicePoint, is_current_call
from app.queues.rules import order_of_service
from app.queues.states import OPEN_STATUSES, EntryStatus

OFFERED = (Command.CALL, Command.RECALL, Command.START, Command.COMPLETE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A room of the queue and who is called into it or inside."""

    id: UUID
    version: int
    name_ko: str
    name_en: str
    status: str
    reason: str | None
    capacity: int
    called: tuple[int, ...]
    inside: tuple[int, ...]

    @property
    def is_free(self) -> bool:
        """Whether the next patient may be called here."""
        return self.status == "open" and not self.called


@dataclass(frozen=True, slots=True, kw_only=True)
class WardRow:
    """One patient of the queue, with two identifiers and the commands that the table allows now."""

    entry_id: UUID
    visit_id: UUID
    patient_id: UUID
    version: int
    visit_version: int
    number: int
    name: str
    birth_year: int
    status: EntryStatus
    state: State
    since: datetime
    waited_minutes: int
    appointment_at: datetime | None
    position: int | None
    is_first: bool
    room_id: UUID | None
    room_ko: str | None
    room_en: str | None
    attempt: int
    call_id: UUID | None
    expires_at: datetime | None
    offers: frozenset[Command]


@dataclass(frozen=True, slots=True, kw_only=True)
class WardBoard:
    """The whole page of one queue."""

    id: UUID
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


# The time from which a row counts its minutes, by status; joined_at for all others.
SINCE = {EntryStatus.CALLED: "called_at", EntryStatus.IN_SERVICE: "started_at"}


def ward_board(queue_id: UUID, *, by: Actor | None) -> WardBoard:
    """Return a queue's page; 3 statements, however many wait. `by` None: the hub, which checked at the door."""
    head = db.session.execute(
        select(
            Queue.id,
            Queue.public_id,
            Queue.seq,
            Queue.name_ko,
            Queue.name_en,
            Queue.is_open,
            Queue.unit,
            QueuePolicy.max_calls,
        )
        .join(QueuePolicy, QueuePolicy.queue_id == Queue.id)
        .where(Queue.public_id == queue_id)
    ).one_or_none()
    if head is None:
        raise NotFoundError(kind="queue")
    if by is not None:
        require(by, Permission.SEE_QUEUE, Facts(unit=head.unit))
    points = (
        db.session.execute(
            select(ServicePoint).where(ServicePoint.queue_id == head.id).order_by(ServicePoint.id)
        )
        .scalars()
        .all()
    )
    now = clock.utcnow()
    rows = _rows(head.id, {point.id: point for point in points}, now)
    inside, called, waiting = (
        tuple(row for row in rows if row.status is status)
        for status in (EntryStatus.IN_SERVICE, EntryStatus.CALLED, EntryStatus.WAITING)
    )
    return WardBoard(
        id=head.public_id,
        seq=head.seq,
        name_ko=head.name_ko,
        name_en=head.name_en,
        is_open=head.is_open,
        max_calls=head.max_calls,
        rooms=tuple(
            Room(
                id=point.public_id,
                version=point.version,
                name_ko=point.name_ko,
                name_en=point.name_en,
                status=point.status,
                reason=point.status_reason,
                capacity=point.capacity,
                called=tuple(row.number for row in called if row.room_id == point.public_id),
                inside=tuple(row.number for row in inside if row.room_id == point.public_id),
            )
            for point in points
        ),
        inside=inside,
        called=called,
        waiting=waiting,
        aside=tuple(row for row in rows if row.status in {EntryStatus.HELD, EntryStatus.NO_SHOW}),
        longest_wait_minutes=max((row.waited_minutes for row in waiting), default=0),
        at=now,
    )


def _rows(queue_id: int, points: Mapping[int, ServicePoint], now: datetime) -> tuple[WardRow, ...]:
    """Return everybody in the queue, in the order of service; columns only, as hundreds may wait."""
    found = db.session.execute(
        select(
            QueueEntry.id,
            QueueEntry.public_id.label("entry_id"),
            QueueEntry.version,
            QueueEntry.number,
            QueueEntry.status,
            QueueEntry.priority_class,
            QueueEntry.rank_class,
            QueueEntry.eligible_at,
            QueueEntry.joined_at,
            QueueEntry.called_at,
            QueueEntry.started_at,
            QueueEntry.service_point_id,
            QueueEntry.call_count,
            Visit.public_id.label("visit_id"),
            Visit.version.label("visit_version"),
            Visit.state,
            Visit.expected_at,
            Patient.public_id.label("patient_id"),
            Patient.name,
            Patient.birth_date,
            Call.public_id.label("call_id"),
            Call.expires_at,
        )
        .join(Visit, Visit.id == QueueEntry.visit_id)
        .join(Patient, Patient.id == Visit.patient_id)
        .outerjoin(Call, is_current_call())
        .where(QueueEntry.queue_id == queue_id, QueueEntry.status.in_(sorted(OPEN_STATUSES)))
    ).all()
    in_order = sorted(found, key=lambda row: order_of_service(row.rank_class, row.eligible_at, row.id))
    places = count(1)
    return tuple(
        _row(
            row,
            point=points.get(row.service_point_id or 0),
            position=next(places) if row.status == EntryStatus.WAITING else None,
            now=now,
        )
        for row in in_order
    )


def _row(row: Any, *, point: ServicePoint | None, position: int | None, now: datetime) -> WardRow:
    status, state = EntryStatus(row.status), State(row.state)
    since = getattr(row, SINCE.get(status, "joined_at")) or row.joined_at
    is_called = status is EntryStatus.CALLED
    return WardRow(
        entry_id=row.entry_id,
        visit_id=row.visit_id,
        patient_id=row.patient_id,
        version=row.version,
        visit_version=row.visit_version,
        number=row.number,
        name=row.name,
        birth_year=row.birth_date.year,
        status=status,
        state=state,
        since=since,
        waited_minutes=max(0, int((now - since).total_seconds() // 60)),
        appointment_at=row.expected_at,
        position=position,
        is_first=position == 1,
        room_id=point.public_id if point else None,
        room_ko=point.name_ko if point else None,
        room_en=point.name_en if point else None,
        attempt=row.call_count,
        call_id=row.call_id if is_called else None,
        expires_at=row.expires_at if is_called else None,
        offers=frozenset(command for command in OFFERED if may_start(command, state, status)),
    )
