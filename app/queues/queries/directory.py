"""Queues by name, and their rooms."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, select

from app.core.db import db
from app.core.errors import NotFoundError
from app.queues.models import Queue, Service, ServicePoint


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueHead:
    """A queue's name and owner."""

    id: UUID
    code: str
    unit: UUID
    service: str
    name_ko: str
    name_en: str
    place: str
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A room or desk of a queue."""

    id: UUID
    version: int
    name_ko: str
    name_en: str
    place: str
    capacity: int
    status: str
    queue_id: UUID


def head(queue_id: UUID) -> QueueHead:
    """Return one queue; 1 statement. Raise NotFoundError."""
    found = heads(only=(queue_id,))
    if not found:
        raise NotFoundError(kind="queue")
    return found[0]


def heads(*, only: Collection[UUID] | None = None) -> tuple[QueueHead, ...]:
    """Return all queues (or those named), by their order of opening; 1 statement."""
    chosen = (
        select(
            Queue.public_id,
            Queue.code,
            Queue.unit,
            Service.code,
            Queue.name_ko,
            Queue.name_en,
            Queue.place,
            Queue.is_open,
        )
        .join(Service, Service.id == Queue.service_id)
        .order_by(Queue.id)
    )
    if only is not None:
        chosen = chosen.where(Queue.public_id.in_(only))
    return tuple(
        QueueHead(
            id=row[0],
            code=row[1],
            unit=row[2],
            service=row[3],
            name_ko=row[4],
            name_en=row[5],
            place=row[6],
            is_open=row[7],
        )
        for row in db.session.execute(chosen)
    )


def points(queue_id: UUID) -> tuple[Point, ...]:
    """Return the rooms of a queue; 1 statement."""
    return _points(Queue.public_id == queue_id)


def point(point_id: UUID) -> Point:
    """Return one room; 1 statement. Raise NotFoundError."""
    found = _points(ServicePoint.public_id == point_id)
    if not found:
        raise NotFoundError(kind="service_point")
    return found[0]


def _points(wanted: ColumnElement[bool]) -> tuple[Point, ...]:
    rows = db.session.execute(
        select(ServicePoint, Queue.public_id)
        .join(Queue, Queue.id == ServicePoint.queue_id)
        .where(wanted)
        .order_by(ServicePoint.id)
    )
    return tuple(
        Point(
            id=row.public_id,
            version=row.version,
            name_ko=row.name_ko,
            name_en=row.name_en,
            place=row.place,
            capacity=row.capacity,
            status=row.status,
            queue_id=queue_id,
        )
        for row, queue_id in rows
    )
