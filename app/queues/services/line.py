"""The line: numbers, who stands in it, who is next; always inside the unit of work of the visit's command."""

from datetime import date, datetime, timedelta
from typing import cast
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Table, and_, or_, select, update
from sqlalchemy.exc import IntegrityError

from app.core import clock
from app.core.counting import raise_by_one
from app.core.db import db
from app.core.errors import QueueClosedError, QueueEmptyError, TransitionRefusedError
from app.core.transaction import now_or_never, savepoint
from app.queues import rules
from app.queues.models import Counter, Queue, QueueEntry, QueuePolicy, ServicePoint
from app.queues.services.holding import policy_of
from app.queues.states import EntryStatus, PointStatus, PriorityClass, slots_of

Entry = QueueEntry
NUMBERS = "visit"
# What a transferred entry takes along: its place, what it has had of patience, and what was begun.
CREDIT = ("priority_class", "rank_class", "eligible_at", "since", "booked_at", "overtaken", "is_placed")
USED_UP = ("re_entries", "own_holds", "served_seconds")


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
    since: datetime,
    booked_at: datetime | None,
    priority_class: int = PriorityClass.NORMAL,
) -> QueueEntry:
    """Put a visit into a held queue. Raise QueueClosedError; the unique slot refuses a second entry."""
    check_open(queue)
    merging = merging_of(policy_of(queue))
    return _add(
        QueueEntry(
            visit_id=visit_id,
            step_id=step_id,
            queue_id=queue.id,
            number=number,
            priority_class=priority_class,
            rank_class=priority_class,
            since=since,
            booked_at=booked_at,
            eligible_at=rules.eligible_at(since, booked_at, merging),
            joined_at=clock.utcnow(),
            version=1,
        )
    )


def transfer(
    old: QueueEntry,
    queue: Queue,
    *,
    step_id: int,
    service_point_id: UUID | None = None,
    keeps_credit: bool | None = None,
) -> QueueEntry:
    """End a held entry and put its visit into another held queue (or before one room), with the same number.

    Whether the place is kept along is the target's rule unless `keeps_credit` says. Raise QueueClosedError
    before anything is changed.
    """
    check_open(queue)
    policy = policy_of(queue)
    point = None if service_point_id is None else point_of(queue, service_point_id)
    now = clock.utcnow()
    new = QueueEntry(
        visit_id=old.visit_id,
        step_id=step_id,
        queue_id=queue.id,
        pinned_point_id=point,
        number=old.number,
        priority_class=old.priority_class,
        rank_class=old.priority_class,
        since=now,
        eligible_at=now,
        joined_at=now,
        previous_entry_id=old.id,
        origin_entry_id=old.origin_entry_id or old.id,
        version=1,
        **{name: getattr(old, name) for name in USED_UP},
    )
    if policy.keeps_credit if keeps_credit is None else keeps_credit:
        for name in CREDIT:
            setattr(new, name, getattr(old, name))
    end(old, EntryStatus.TRANSFERRED)
    db.session.flush()  # the visit's one active slot must be free before the new entry takes it
    return _add(new)


def check_open(queue: Queue) -> None:
    """Raise QueueClosedError for a queue that takes nobody."""
    if not queue.is_open:
        raise QueueClosedError(queue=str(queue.public_id))


def point_of(queue: Queue, service_point_id: UUID) -> int:
    """Return the row id of a room of this queue; no lock.

    Raise TransitionRefusedError for another queue's, QueueClosedError for a closed one.
    """
    found = db.session.execute(
        select(ServicePoint.id, ServicePoint.status).where(
            ServicePoint.public_id == service_point_id, ServicePoint.queue_id == queue.id
        )
    ).one_or_none()
    if found is None:
        raise TransitionRefusedError(why="not_a_room_of_this_queue")
    if found.status == PointStatus.CLOSED:
        raise QueueClosedError(status=found.status)
    return int(found.id)


def merging_of(policy: QueuePolicy) -> rules.Merging:
    """Return how a policy merges booked patients with the others."""
    return rules.Merging(
        rule=policy.merge_rule,
        early_tolerance_seconds=policy.early_tolerance_seconds,
        head_start_seconds=policy.head_start_seconds,
        grace_seconds=policy.grace_seconds,
    )


def first_in_line(queue: Queue, service_point_id: UUID) -> QueueEntry:
    """Return the first waiting entry of a held queue that this room may call. Raise QueueEmptyError."""
    age(queue, policy_of(queue))
    entry = db.session.execute(
        _line(queue.id)
        .outerjoin(ServicePoint, ServicePoint.id == QueueEntry.pinned_point_id)
        .where(_is_for_any_room() | (ServicePoint.public_id == service_point_id))
        .limit(1)
    ).scalar_one_or_none()
    if entry is None:
        raise QueueEmptyError(queue=str(queue.public_id))
    return entry


def age(queue: Queue, policy: QueuePolicy) -> int:
    """Prefer whoever has waited longer than the ageing bound of a held queue; return how many rose."""
    bound = clock.utcnow() - timedelta(seconds=policy.ageing_seconds)
    table = cast("Table", QueueEntry.__table__)
    risen = db.session.execute(
        update(table)
        .where(
            table.c.queue_id == queue.id,
            table.c.status == EntryStatus.WAITING,
            table.c.rank_class < PriorityClass.PREFERRED,
            table.c.eligible_at <= bound,
        )
        .values(rank_class=int(PriorityClass.PREFERRED))
    )
    return int(risen.rowcount)  # type: ignore[attr-defined]  # an UPDATE's result has one


def overtaken_by(entry: QueueEntry, point_id: int | None) -> list[QueueEntry]:
    """Return who waits in the held queue, could be called into this room, and would see this entry called first.

    Those before it in the order of service, and those who came before it; whoever is urgent overtakes no one
    but the urgent.
    """
    is_before: ColumnElement[bool] = or_(
        QueueEntry.rank_class > entry.rank_class,
        and_(QueueEntry.rank_class == entry.rank_class, _came_before(entry)),
    )
    if entry.rank_class < PriorityClass.URGENT:
        is_before = or_(is_before, _came_before(entry))
    return list(
        db.session.execute(
            _line(entry.queue_id).where(
                QueueEntry.id != entry.id,
                is_before,
                _is_for_any_room() | (QueueEntry.pinned_point_id == point_id),
            )
        ).scalars()
    )


def is_first(entry: QueueEntry, service_point_id: UUID) -> bool:
    """Whether nobody whom this room may call is before a waiting entry in the order of service."""
    point = db.session.execute(
        select(ServicePoint.id).where(ServicePoint.public_id == service_point_id)
    ).scalar_one_or_none()
    own = (-entry.rank_class, entry.eligible_at, entry.id)
    return all(
        own < rules.order_of_service(one.rank_class, one.eligible_at, one.id)
        for one in overtaken_by(entry, point)
    )


def line_without(entry: QueueEntry) -> list[rules.Place]:
    """Return the places of all others who wait in the held queue, in order."""
    rows = db.session.execute(
        _line(entry.queue_id)
        .where(QueueEntry.id != entry.id)
        .with_only_columns(QueueEntry.rank_class, QueueEntry.eligible_at)
    )
    return [rules.Place(row.rank_class, row.eligible_at) for row in rows]


def end(entry: QueueEntry, status: EntryStatus, reason: str | None = None) -> None:
    """End an entry; its slots are given back. `reason` is a code: words of people stand in the visit's history."""
    entry.ended_at = clock.utcnow()
    entry.ended_reason = reason
    stand(entry, status)


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


def _came_before(entry: QueueEntry) -> ColumnElement[bool]:
    return or_(
        QueueEntry.eligible_at < entry.eligible_at,
        and_(QueueEntry.eligible_at == entry.eligible_at, QueueEntry.id < entry.id),
    )


def _is_for_any_room() -> ColumnElement[bool]:
    """Return the condition of who waits for no room of their own, or for one that has closed since."""
    closed = select(ServicePoint.id).where(ServicePoint.status == PointStatus.CLOSED)
    return or_(QueueEntry.pinned_point_id.is_(None), QueueEntry.pinned_point_id.in_(closed))


def _line(queue_id: int) -> Select[QueueEntry]:
    return (
        select(QueueEntry)
        .where(QueueEntry.queue_id == queue_id, QueueEntry.status == EntryStatus.WAITING)
        .order_by(QueueEntry.rank_class.desc(), QueueEntry.eligible_at, QueueEntry.id)
        .execution_options(populate_existing=True)
    )


def _add(entry: QueueEntry) -> QueueEntry:
    stand(entry, EntryStatus.WAITING)
    try:
        with savepoint():
            db.session.add(entry)
    except IntegrityError as error:
        now_or_never(error, "active_slot")
        raise TransitionRefusedError(command="join", why="already_waiting") from error
    return entry
