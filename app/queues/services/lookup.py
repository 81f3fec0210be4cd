"""Where somebody stands and who offers what: looks without a lock, before anything is held."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice
from uuid import UUID

from sqlalchemy import and_, or_, select

from app.core.db import db
from app.core.errors import (
    InvalidError,
    NotFoundError,
)
from app.queues.models import (
    Call,
    Queue,
    QueueEntry,
    QueuePolicy,
    Service,
    ServicePoint,
    is_current_call,
)
from app.queues.rules import Overdue, overdue
from app.queues.states import EntryStatus


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """A service as a visit plans it: its row, its length, and what must come before it."""

    id: int
    is_any_order: bool
    follows: tuple[str, ...]
    duration_seconds: int


def offered(codes: Collection[str]) -> dict[str, Offered]:
    """Return services by code. Raise InvalidError for an unknown one."""
    rows = db.session.execute(select(Service).where(Service.code.in_(codes))).scalars()
    found = {
        one.code: Offered(
            id=one.id,
            is_any_order=one.is_any_order,
            follows=tuple(one.follows),
            duration_seconds=one.duration_seconds,
        )
        for one in rows
    }
    if missing := sorted(set(codes) - found.keys()):
        raise InvalidError(field="service", why="unknown", services=missing)
    return found


def units_offering(codes: Collection[str]) -> frozenset[UUID]:
    """Return the units whose queues offer one of these services."""
    rows = db.session.execute(
        select(Queue.unit).join(Service, Service.id == Queue.service_id).where(Service.code.in_(codes))
    )
    return frozenset(rows.scalars())


def queue_of_point(service_point_id: UUID) -> int:
    """Return the row id of a room's queue, without a lock. Raise NotFoundError."""
    found = db.session.execute(
        select(ServicePoint.queue_id).where(ServicePoint.public_id == service_point_id)
    ).scalar_one_or_none()
    if found is None:
        raise NotFoundError(kind="service_point")
    return found


def place_of(queue_id: int) -> str:
    """Return the map's code of the place where a queue waits."""
    return db.session.execute(select(Queue.place).where(Queue.id == queue_id)).scalar_one()


def last_room_place(visit_id: int) -> str | None:
    """Return the map's code of the room where a visit was let in last."""
    return db.session.execute(
        select(ServicePoint.place)
        .join(QueueEntry, QueueEntry.service_point_id == ServicePoint.id)
        .where(QueueEntry.visit_id == visit_id, QueueEntry.started_at.is_not(None))
        .order_by(QueueEntry.started_at.desc())
        .limit(1)
    ).scalar_one_or_none()


def last_priority(visit_id: int) -> int:
    """Return the class that the visit had in its latest line; triage goes along from room to room."""
    return (
        db.session.execute(
            select(QueueEntry.priority_class)
            .where(QueueEntry.visit_id == visit_id, QueueEntry.status == EntryStatus.DONE)
            .order_by(QueueEntry.id.desc())
            .limit(1)
        ).scalar_one_or_none()
        or 0
    )


def waiting_visits(queue_id: int) -> list[int]:
    """Return the visits that wait in a queue or are put aside there, by id: the order in which to hold them."""
    return list(
        db.session.execute(
            select(QueueEntry.visit_id)
            .where(
                QueueEntry.queue_id == queue_id,
                QueueEntry.status.in_([EntryStatus.WAITING, EntryStatus.HELD]),
            )
            .order_by(QueueEntry.visit_id)
        ).scalars()
    )


def visits_at(service_point_id: UUID) -> list[int]:
    """Return the visits called into a room or kept for it, by id."""
    point = select(ServicePoint.id).where(ServicePoint.public_id == service_point_id).scalar_subquery()
    is_called = and_(QueueEntry.service_point_id == point, QueueEntry.status == EntryStatus.CALLED)
    is_kept = and_(
        QueueEntry.pinned_point_id == point, QueueEntry.status.in_([EntryStatus.WAITING, EntryStatus.HELD])
    )
    return list(
        db.session.execute(
            select(QueueEntry.visit_id).where(or_(is_called, is_kept)).order_by(QueueEntry.visit_id)
        ).scalars()
    )


@dataclass(frozen=True, slots=True)
class Near:
    """Somebody who waits with few ahead."""

    entry_id: UUID
    visit_id: int
    number: int
    ahead: int


def nearest(most_ahead: int) -> list[Near]:
    """Return who waits with at most so many ahead, in every line; one statement."""
    rows = db.session.execute(
        select(QueueEntry.public_id, QueueEntry.visit_id, QueueEntry.queue_id, QueueEntry.number)
        .where(QueueEntry.status == EntryStatus.WAITING)
        .order_by(QueueEntry.queue_id, QueueEntry.rank_class.desc(), QueueEntry.eligible_at, QueueEntry.id)
    )
    found: list[Near] = []
    for _queue_id, line in groupby(rows, key=lambda row: row.queue_id):
        for ahead, row in enumerate(islice(line, most_ahead + 1)):
            found.append(Near(row.public_id, row.visit_id, row.number, ahead))
    return found


def room_names(entry: QueueEntry) -> tuple[str, str] | None:
    """Return the names (ko, en) of the room that an entry is called into or kept for; None where any room may call."""
    row = db.session.execute(
        select(ServicePoint.name_ko, ServicePoint.name_en).where(
            ServicePoint.id == (entry.service_point_id or entry.pinned_point_id or 0)
        )
    ).one_or_none()
    return (row.name_ko, row.name_en) if row else None


@dataclass(frozen=True, slots=True)
class Due:
    """An entry for which a time has come, with the version that was seen."""

    entry_id: UUID
    version: int


def holds_over(now: datetime) -> tuple[Due, ...]:
    """Return the entries that were put aside until now; one statement."""
    rows = db.session.execute(
        select(QueueEntry.public_id, QueueEntry.version).where(
            QueueEntry.status == EntryStatus.HELD, QueueEntry.held_until <= now
        )
    )
    return tuple(Due(row.public_id, row.version) for row in rows)


def calls_over(now: datetime) -> tuple[tuple[Due, Overdue], ...]:
    """Return the called entries that nobody answers, each with what its queue's rules make of that; one statement."""
    rows = db.session.execute(
        select(
            QueueEntry.public_id,
            QueueEntry.version,
            Call.attempt,
            Call.at,
            Call.expires_at,
            QueuePolicy.max_calls,
            QueuePolicy.recall_gap_seconds,
        )
        .join(Call, is_current_call())
        .join(QueuePolicy, QueuePolicy.queue_id == QueueEntry.queue_id)
        .where(QueueEntry.status == EntryStatus.CALLED, QueuePolicy.recalls_by_itself)
    )
    found = [
        (
            Due(row.public_id, row.version),
            overdue(
                attempt=row.attempt,
                max_calls=row.max_calls,
                gap_seconds=row.recall_gap_seconds,
                called_at=row.at,
                expires_at=row.expires_at,
                now=now,
            ),
        )
        for row in rows
    ]
    return tuple((due, what) for due, what in found if what is not None)
