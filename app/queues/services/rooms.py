"""Rooms and desks: added, renamed, opened, paused and closed; by an administrator, or by the ward itself."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, or_, select

from app.accounts.roles import Facts, Permission, require
from app.core import audit, clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import InvalidError, NotFoundError, RoomBusyError
from app.core.locking import check_version, hold
from app.core.transaction import promise, transactional
from app.queues.models import Queue, QueueEntry, ServicePoint
from app.queues.states import EntryStatus, PointStatus

LONGEST_REASON = 120
MOST_INSIDE = 99


@transactional
def add_room(queue_id: UUID, *, name_ko: str, name_en: str, place: str, capacity: int = 1, by: Actor) -> UUID:
    """Add a room or desk to a queue; return its public id."""
    require(by, Permission.MANAGE_QUEUES)
    queue = hold(Queue, queue_id)
    _check_room(queue, name_ko, capacity, but=0)
    point = ServicePoint(
        queue_id=queue.id, name_ko=name_ko, name_en=name_en, place=place, capacity=capacity, version=1
    )
    db.session.add(point)
    db.session.flush()
    promise(queue, "queue.update")
    audit.record("queues:room:add", by=by, object_=f"service_point:{point.public_id}")
    return point.public_id


@transactional
def edit_room(
    point_id: UUID,
    *,
    name_ko: str,
    name_en: str,
    place: str,
    capacity: int,
    version: int | None,
    by: Actor,
) -> int:
    """Change a room's names, place or size; those who are inside stay. Return the new version."""
    require(by, Permission.MANAGE_QUEUES)
    queue, point = _hold_room(point_id)
    check_version(point.version, version)
    _check_room(queue, name_ko, capacity, but=point.id)
    point.name_ko, point.name_en, point.place, point.capacity = name_ko, name_en, place, capacity
    point.version += 1
    promise(queue, "queue.update")
    audit.record("queues:room:edit", by=by, object_=f"service_point:{point_id}")
    return point.version


@transactional
def set_room_in_use(point_id: UUID, *, is_in_use: bool, version: int | None, by: Actor) -> int:
    """Take a room out of use, or back into it. Raise RoomBusyError while somebody is called, inside or kept for it."""
    require(by, Permission.MANAGE_QUEUES)
    queue, point = _hold_room(point_id)
    check_version(point.version, version)
    if not is_in_use and (engaged := _engaged_with(point)):
        raise RoomBusyError(engaged=engaged)
    point.status = PointStatus.OPEN if is_in_use else PointStatus.CLOSED
    point.status_reason = point.paused_until = None
    point.version += 1
    promise(queue, "queue.update")
    audit.record(
        "queues:room:" + ("reopen" if is_in_use else "close"), by=by, object_=f"service_point:{point_id}"
    )
    return point.version


@transactional
def set_point_status(
    point_id: UUID,
    *,
    status: PointStatus,
    version: int | None,
    reason: str | None = None,
    until: datetime | None = None,
    by: Actor,
) -> int:
    """Open, pause or close a room; who pauses says why, and may say until when. Return the new version."""
    queue, point = _hold_room(point_id)
    require(by, Permission.DRIVE_QUEUE, Facts(unit=queue.unit))
    check_version(point.version, version)
    said = (reason or "").strip()[:LONGEST_REASON] or None
    if status is PointStatus.PAUSED and said is None:
        raise InvalidError(field="reason", why="missing")
    point.status, point.status_reason = status, said
    point.paused_until = until if status is PointStatus.PAUSED else None
    point.version += 1
    promise(queue, "queue.update")
    audit.record("queue:room:status", by=by, object_=f"service_point:{point_id}", reason=reason)
    return point.version


@transactional
def open_rooms_again(*, by: Actor) -> int:
    """Open the rooms whose pause is over; return how many."""
    require(by, Permission.DRIVE_QUEUE)
    due = db.session.execute(
        select(ServicePoint.public_id, ServicePoint.version).where(
            ServicePoint.status == PointStatus.PAUSED, ServicePoint.paused_until <= clock.utcnow()
        )
    ).all()
    for point_id, version in due:
        set_point_status(point_id, status=PointStatus.OPEN, version=version, by=by)
    return len(due)


def _hold_room(point_id: UUID) -> tuple[Queue, ServicePoint]:
    """Lock a room's queue, then the room. Raise NotFoundError."""
    found = db.session.execute(
        select(ServicePoint.queue_id).where(ServicePoint.public_id == point_id)
    ).scalar_one_or_none()
    if found is None:
        raise NotFoundError(kind="service_point")
    return hold(Queue, found), hold(ServicePoint, point_id)


def _check_room(queue: Queue, name_ko: str, capacity: int, *, but: int) -> None:
    if capacity < 1:
        raise InvalidError(field="capacity", why="at_least_one")
    if capacity > MOST_INSIDE:
        raise InvalidError(field="capacity", why="too_much", limit=MOST_INSIDE)
    same = select(ServicePoint.id).where(
        ServicePoint.queue_id == queue.id, ServicePoint.name_ko == name_ko, ServicePoint.id != but
    )
    if db.session.execute(same).first():
        raise InvalidError(field="name_ko", why="taken")


def _engaged_with(point: ServicePoint) -> int:
    """Return how many are called into a held room, inside, or wait for it alone."""
    is_there = and_(
        QueueEntry.service_point_id == point.id,
        QueueEntry.status.in_([EntryStatus.CALLED, EntryStatus.IN_SERVICE]),
    )
    is_kept = and_(
        QueueEntry.pinned_point_id == point.id,
        QueueEntry.status.in_([EntryStatus.WAITING, EntryStatus.HELD, EntryStatus.NO_SHOW]),
    )
    return len(db.session.execute(select(QueueEntry.id).where(or_(is_there, is_kept))).all())
