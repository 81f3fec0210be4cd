"""Holding: the queue's row first, then entries and rooms; whoever holds them reads them fresh."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import func, select

from app.core.db import db
from app.core.errors import (
    NotFoundError,
)
from app.core.locking import hold
from app.core.transaction import take_turn
from app.queues.models import Queue, QueueEntry, QueuePolicy, ServicePoint
from app.queues.states import EntryStatus

QueueRow = Queue
_row_ids: dict[UUID, int] = {}


def hold_queue(queue_id: UUID | int) -> Queue:
    """Lock the queue's row: everything that orders its line happens under this lock."""
    row_id = queue_id if isinstance(queue_id, int) else _row_id(queue_id)
    take_turn(f"queue:{row_id}")
    return hold(Queue, row_id)


def row_ids(queue_ids: Iterable[UUID | None]) -> list[int]:
    """Return the keys of queues' rows, in the order in which to lock them. Raise NotFoundError."""
    return sorted({_row_id(one) for one in queue_ids if one is not None})


def _row_id(queue_id: UUID) -> int:
    """Return the key of a queue's row; it never changes, so each process asks once. Raise NotFoundError."""
    if queue_id not in _row_ids:
        found = db.session.execute(select(Queue.id).where(Queue.public_id == queue_id)).scalar_one_or_none()
        if found is None:
            raise NotFoundError(kind="queue")
        _row_ids[queue_id] = found
    return _row_ids[queue_id]


def policy_of(queue: Queue) -> QueuePolicy:
    """Return the queue's stated rules."""
    return db.session.execute(select(QueuePolicy).where(QueuePolicy.queue_id == queue.id)).scalar_one()


def hold_entry(entry_id: UUID | int) -> QueueEntry:
    """Lock an entry; its queue and visit must be held already."""
    return hold(QueueEntry, entry_id)


def open_entry_of(visit_id: int) -> QueueEntry | None:
    """Return the entry that is open in a held visit (the unique slot allows one)."""
    return db.session.execute(
        select(QueueEntry)
        .where(QueueEntry.visit_id == visit_id, QueueEntry.active_slot == 1)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()


def hold_point(queue: Queue, service_point_id: UUID) -> ServicePoint:
    """Lock a room of a held queue. Raise NotFoundError for another queue's."""
    point = hold(ServicePoint, service_point_id)
    if point.queue_id != queue.id:
        raise NotFoundError(kind="service_point")
    return point


def count_in(point: ServicePoint, status: EntryStatus, *, but: QueueEntry | None = None) -> int:
    """Return how many entries of a status a held room has, one entry left out."""
    return db.session.execute(
        select(func.count()).where(
            QueueEntry.service_point_id == point.id,
            QueueEntry.status == status,
            QueueEntry.id != (but.id if but else 0),
        )
    ).scalar_one()


def taken_places(point: ServicePoint, *, but: QueueEntry | None = None) -> set[int]:
    """Return the places of a held room that are taken."""
    rows = db.session.execute(
        select(QueueEntry.serving_slot).where(
            QueueEntry.service_point_id == point.id,
            QueueEntry.serving_slot.is_not(None),
            QueueEntry.id != (but.id if but else 0),
        )
    ).scalars()
    return {slot for slot in rows if slot is not None}
