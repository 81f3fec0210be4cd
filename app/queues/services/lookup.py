"""Where somebody stands and who offers what: looks without a lock, before anything is held."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from app.core.db import db
from app.core.errors import (
    InvalidError,
    NotFoundError,
)
from app.queues.models import Queue, QueueEntry, QueuePolicy, Service


@dataclass(frozen=True, slots=True)
class Fit:
    """A queue that offers a service."""

    id: int
    public_id: UUID
    is_open: bool


def service_of(queue: Queue) -> str:
    """Return the code of the service that a queue offers."""
    return db.session.execute(select(Service.code).where(Service.id == queue.service_id)).scalar_one()


def check_in_window(service_code: str) -> tuple[int, int]:
    """Return how many seconds before and after a booked time the service's queues take an arrival."""
    rows = db.session.execute(
        select(QueuePolicy.check_in_before_seconds, QueuePolicy.check_in_after_seconds)
        .join(Queue, Queue.id == QueuePolicy.queue_id)
        .join(Service, Service.id == Queue.service_id)
        .where(Service.code == service_code)
    ).all()
    return max((row[0] for row in rows), default=0), max((row[1] for row in rows), default=0)


def whereabouts(entry_id: UUID) -> tuple[int, int]:
    """Return (queue id, visit id) of an entry, without a lock. Raise NotFoundError."""
    row = db.session.execute(
        select(QueueEntry.queue_id, QueueEntry.visit_id).where(QueueEntry.public_id == entry_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError(kind="entry")
    return row.queue_id, row.visit_id


def queue_of_open_entry(visit_id: int) -> int | None:
    """Return the queue of the entry that is open now, without a lock."""
    return db.session.execute(
        select(QueueEntry.queue_id).where(QueueEntry.visit_id == visit_id, QueueEntry.active_slot == 1)
    ).scalar_one_or_none()


def step_of_open_entry(visit_id: int) -> int | None:
    """Return the step that the open entry serves, without a lock."""
    return db.session.execute(
        select(QueueEntry.step_id).where(QueueEntry.visit_id == visit_id, QueueEntry.active_slot == 1)
    ).scalar_one_or_none()


def queue_of(entry_id: int) -> int:
    """Return the queue of an entry, without a lock."""
    return db.session.execute(select(QueueEntry.queue_id).where(QueueEntry.id == entry_id)).scalar_one()


def fits(service_code: str) -> tuple[Fit, ...]:
    """Return the queues that offer a service."""
    rows = db.session.execute(
        select(Queue.id, Queue.public_id, Queue.is_open)
        .join(Service, Service.id == Queue.service_id)
        .where(Service.code == service_code)
        .order_by(Queue.id)
    )
    return tuple(Fit(*row) for row in rows)


def service_ids(codes: tuple[str, ...]) -> dict[str, int]:
    """Return the services' ids by code. Raise InvalidError for an unknown one."""
    rows = db.session.execute(select(Service.code, Service.id).where(Service.code.in_(codes)))
    found: dict[str, int] = {row.code: row.id for row in rows}
    if missing := sorted(set(codes) - found.keys()):
        raise InvalidError(field="service", why="unknown", services=missing)
    return found
