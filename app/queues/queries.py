"""What may be read of queues: frozen values made for one use each."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from app.core.db import db
from app.core.errors import NotFoundError
from app.queues.models import Queue, QueuePolicy, Service, ServicePoint


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


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueDetails:
    """A queue as its administrator sees it."""

    head: QueueHead
    policy: QueuePolicy
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A service that may be planned."""

    code: str
    name_ko: str
    name_en: str
    duration_seconds: int


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
    rows = db.session.execute(
        select(ServicePoint)
        .join(Queue, Queue.id == ServicePoint.queue_id)
        .where(Queue.public_id == queue_id)
        .order_by(ServicePoint.id)
    ).scalars()
    return tuple(
        Point(
            id=row.public_id,
            version=row.version,
            name_ko=row.name_ko,
            name_en=row.name_en,
            place=row.place,
            capacity=row.capacity,
            status=row.status,
        )
        for row in rows
    )


def details(queue_id: UUID) -> QueueDetails:
    """Return a queue with its rules and rooms; 3 statements."""
    policy = db.session.execute(
        select(QueuePolicy).join(Queue, Queue.id == QueuePolicy.queue_id).where(Queue.public_id == queue_id)
    ).scalar_one_or_none()
    if policy is None:
        raise NotFoundError(kind="queue")
    return QueueDetails(head=head(queue_id), policy=policy, points=points(queue_id))


def offers() -> tuple[Offer, ...]:
    """Return all services; 1 statement."""
    rows = db.session.execute(
        select(Service.code, Service.name_ko, Service.name_en, Service.duration_seconds).order_by(Service.id)
    )
    return tuple(
        Offer(code=row.code, name_ko=row.name_ko, name_en=row.name_en, duration_seconds=row.duration_seconds)
        for row in rows
    )
