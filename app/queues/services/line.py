"""What happens to entries and calls; always inside the unit of work of the visit's command."""

from datetime import date, datetime, timedelta
from typing import cast
from uuid import UUID

from sqlalchemy import Select, Table, select
from sqlalchemy.exc import IntegrityError

from app.core import clock
from app.core.actor import Actor
from app.core.counting import raise_by_one
from app.core.db import db
from app.core.errors import (
    NotFoundError,
    QueueClosedError,
    QueueEmptyError,
    TransitionRefusedError,
)
from app.core.locking import hold
from app.core.transaction import now_or_never, savepoint
from app.queues import rules
from app.queues.models import Call, Counter, Queue, QueueEntry, QueuePolicy, ServicePoint
from app.queues.services.holding import count_in, hold_point, policy_of, taken_places
from app.queues.states import EntryStatus, slots_of

Entry = QueueEntry
NUMBERS = "visit"


def take_number(site: str, day: date) -> int:
    """Give out the next number of the day; one atomic UPDATE, so no two patients ever hold the same."""
    table = cast("Table", Counter.__table__)
    where = (table.c.site == site) & (table.c.business_date == day) & (table.c.series == NUMBERS)
    number = raise_by_one(db.session(), table, "last", where)
    if number is None:
        try:
            with savepoint():
                db.session.add(Counter(site=site, business_date=day, series=NUMBERS, last=0))
        except IntegrityError:
            pass  # the day's first two patients came together; the row is there now
        number = raise_by_one(db.session(), table, "last", where)
    if number is None:
        raise LookupError(f"no counter for {site} {day}")
    return number


def join(
    queue: Queue,
    *,
    visit_id: int,
    step_id: int,
    number: int,
    arrived_at: datetime,
    appointment_at: datetime | None,
    priority_class: int = 0,
) -> QueueEntry:
    """Put a visit into a held queue. Raise QueueClosedError; the unique slot refuses a second entry."""
    if not queue.is_open:
        raise QueueClosedError(queue=str(queue.public_id))
    policy = policy_of(queue)
    entry = QueueEntry(
        visit_id=visit_id,
        step_id=step_id,
        queue_id=queue.id,
        number=number,
        priority_class=priority_class,
        eligible_at=rules.eligible_at(arrived_at, appointment_at, policy.early_tolerance_seconds),
        joined_at=clock.utcnow(),
        version=1,
    )
    stand(entry, EntryStatus.WAITING)
    try:
        with savepoint():
            db.session.add(entry)
    except IntegrityError as error:
        now_or_never(error, "active_slot")
        raise TransitionRefusedError(command="join", why="already_waiting") from error
    return entry


def first_in_line(queue: Queue) -> QueueEntry:
    """Return the first waiting entry of a held queue; one indexed row. Raise QueueEmptyError."""
    entry = db.session.execute(_line(queue.id).limit(1)).scalar_one_or_none()
    if entry is None:
        raise QueueEmptyError(queue=str(queue.public_id))
    return entry


def is_first(entry: QueueEntry) -> bool:
    """Whether nobody in a held queue is before this waiting entry."""
    first = db.session.execute(
        _line(entry.queue_id).with_only_columns(QueueEntry.id).limit(1)
    ).scalar_one_or_none()
    return first in {None, entry.id}


def call(queue: Queue, entry: QueueEntry, service_point_id: UUID, *, by: Actor) -> Call:
    """Call a held, waiting entry into a room of its queue, within the room's limits."""
    point = hold_point(queue, service_point_id)
    policy = policy_of(queue)
    rules.check_room(point.status, called=count_in(point, EntryStatus.CALLED), calls_ahead=policy.calls_ahead)
    entry.service_point_id = point.id
    entry.call_count = 1
    entry.called_at = clock.utcnow()
    stand(entry, EntryStatus.CALLED)
    return _ring(entry, policy, by)


def recall(queue: Queue, entry: QueueEntry, *, by: Actor) -> Call:
    """Call again, under a new call id, so that it is spoken again. Raise TransitionRefusedError after the last."""
    policy = policy_of(queue)
    if entry.call_count >= policy.max_calls:
        raise TransitionRefusedError(command="recall", why="calls_used_up", limit=policy.max_calls)
    entry.call_count += 1
    entry.version += 1
    return _ring(entry, policy, by)


def start(queue: Queue, entry: QueueEntry) -> None:
    """Let the called patient in: the room's place is taken, the service clock starts."""
    if entry.service_point_id is None:
        raise TransitionRefusedError(command="start", why="no_room")
    point = hold(ServicePoint, entry.service_point_id)
    if point.queue_id != queue.id:
        raise NotFoundError(kind="service_point")
    now = clock.utcnow()
    entry.serving_slot = rules.free_place(point.capacity, taken_places(point))
    entry.started_at = now
    stand(entry, EntryStatus.IN_SERVICE)
    _answer_calls(entry, now)


def end(entry: QueueEntry, status: EntryStatus, reason: str | None = None) -> None:
    """End an entry; its slots are given back."""
    entry.ended_at = clock.utcnow()
    entry.ended_reason = reason
    stand(entry, status)


def _line(queue_id: int) -> Select[QueueEntry]:
    return (
        select(QueueEntry)
        .where(QueueEntry.queue_id == queue_id, QueueEntry.status == EntryStatus.WAITING)
        .order_by(QueueEntry.priority_class.desc(), QueueEntry.eligible_at, QueueEntry.id)
        .execution_options(populate_existing=True)
    )


def _ring(entry: QueueEntry, policy: QueuePolicy, by: Actor) -> Call:
    now = clock.utcnow()
    if entry.service_point_id is None:
        raise TransitionRefusedError(command="call", why="no_room")
    ringing = Call(
        entry_id=entry.id,
        queue_id=entry.queue_id,
        service_point_id=entry.service_point_id,
        number=entry.number,
        attempt=entry.call_count,
        called_by=by.id,
        at=now,
        expires_at=now + timedelta(seconds=policy.call_expiry_seconds),
    )
    db.session.add(ringing)
    db.session.flush()
    return ringing


def _answer_calls(entry: QueueEntry, now: datetime) -> None:
    for one in db.session.execute(
        select(Call).where(Call.entry_id == entry.id, Call.live_slot == 1, Call.answered_at.is_(None))
    ).scalars():
        one.answered_at = now


def stand(entry: QueueEntry, status: EntryStatus) -> None:
    """Give an entry its status and exactly the slots that this status holds."""
    slots = slots_of(status)
    if entry.status is not None and entry.status != status:
        entry.version += 1
    entry.status = status
    entry.active_slot = 1 if slots.active else None
    entry.engaged_slot = 1 if slots.engaged else None
    if not slots.serving:
        entry.serving_slot = None
