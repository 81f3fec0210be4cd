"""The line as a phone sees it: the own entry and what may be done about it, and one order for all waiting phones."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import aliased

from app.core.db import db
from app.core.errors import NotFoundError
from app.queues.models import Call, Queue, QueueEntry, QueuePolicy, ServicePoint, is_current_call
from app.queues.states import EntryStatus
from app.waits import queries as waits
from app.waits.queries import Forecast, Outlook

Pinned, Previous, PreviousQueue = aliased(ServicePoint), aliased(QueueEntry), aliased(Queue)


@dataclass(frozen=True, slots=True, kw_only=True)
class MyCall:
    """The call that is open now."""

    id: UUID
    attempt: int
    at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MyEntry:
    """The line in which the patient stands; `pinned` is the one room to wait for, `before` the line it came from."""

    id: UUID
    queue_id: UUID
    queue_ko: str
    queue_en: str
    queue_place: str
    queue_seq: int
    status: EntryStatus
    version: int
    number: int
    people_ahead: int | None
    forecast: Forecast | None
    service_point_id: UUID | None
    room_ko: str | None
    room_en: str | None
    room_place: str | None
    pinned_ko: str | None
    pinned_en: str | None
    pinned_place: str | None
    before_ko: str | None
    before_en: str | None
    call: MyCall | None
    held_until: datetime | None
    is_interrupted: bool
    may_hold: bool
    hold_minutes: int
    may_re_enter: bool
    re_entry_places: int

    @property
    def place(self) -> str:
        """Return the map node to which the patient should go now."""
        return self.room_place or self.pinned_place or self.queue_place


@dataclass(frozen=True, slots=True, kw_only=True)
class LinePlace:
    """What a queue tells those who wait in it, for all their phones at once."""

    queue_id: UUID
    seq: int
    outlook: Outlook

    def of(self, entry_id: UUID) -> Forecast | None:
        """Return what one entry is told, without a look at the database; None where it does not wait here."""
        return self.outlook.of(entry_id)


def line_order(queue_id: UUID) -> LinePlace:
    """Return the order of a queue and its forecasts; 5 statements, shared by all its phones."""
    seq = db.session.execute(select(Queue.seq).where(Queue.public_id == queue_id)).scalar_one_or_none()
    if seq is None:
        raise NotFoundError(kind="queue")
    return LinePlace(queue_id=queue_id, seq=seq, outlook=waits.outlook(queue_id))


def open_entry(visit_id: int) -> MyEntry | None:
    """Return the entry that a visit has open; 1 statement, 5 while it waits."""
    found = db.session.execute(
        select(QueueEntry, Queue, QueuePolicy, ServicePoint, Call, Pinned, PreviousQueue)
        .join(Queue, Queue.id == QueueEntry.queue_id)
        .join(QueuePolicy, QueuePolicy.queue_id == Queue.id)
        .outerjoin(ServicePoint, ServicePoint.id == QueueEntry.service_point_id)
        .outerjoin(Call, is_current_call())
        .outerjoin(Pinned, Pinned.id == QueueEntry.pinned_point_id)
        .outerjoin(
            Previous,
            (Previous.id == QueueEntry.previous_entry_id) & (Previous.status == EntryStatus.TRANSFERRED),
        )
        .outerjoin(PreviousQueue, PreviousQueue.id == Previous.queue_id)
        .where(QueueEntry.visit_id == visit_id, QueueEntry.active_slot == 1)
    ).one_or_none()
    if found is None:
        return None
    entry, queue, policy, point, call, pinned, before = found
    status = EntryStatus(entry.status)
    forecast = waits.outlook(queue.public_id).of(entry.public_id) if status is EntryStatus.WAITING else None
    is_called = status is EntryStatus.CALLED and call is not None
    return MyEntry(
        id=entry.public_id,
        queue_id=queue.public_id,
        queue_ko=queue.name_ko,
        queue_en=queue.name_en,
        queue_place=queue.place,
        queue_seq=queue.seq,
        status=status,
        version=entry.version,
        number=entry.number,
        people_ahead=forecast.ahead if forecast else None,
        forecast=forecast,
        service_point_id=point.public_id if point else None,
        room_ko=point.name_ko if point else None,
        room_en=point.name_en if point else None,
        room_place=point.place if point else None,
        pinned_ko=pinned.name_ko if pinned else None,
        pinned_en=pinned.name_en if pinned else None,
        pinned_place=pinned.place if pinned else None,
        before_ko=before.name_ko if before else None,
        before_en=before.name_en if before else None,
        call=MyCall(id=call.public_id, attempt=call.attempt, at=call.at, expires_at=call.expires_at)
        if is_called
        else None,
        held_until=entry.held_until,
        is_interrupted=entry.served_seconds > 0,
        may_hold=entry.own_holds < policy.max_own_holds,
        hold_minutes=policy.own_hold_seconds // 60,
        may_re_enter=entry.re_entries < policy.max_re_entries,
        re_entry_places=policy.re_entry_places,
    )
