"""Visits as the house's own processes see them: ids, states and times, no names."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, or_, select

from app.core import clock
from app.core.db import db
from app.core.errors import NotFoundError
from app.emr.models import Patient
from app.journey.models import Visit, VisitStep
from app.journey.states import OPEN_STEPS, State
from app.queues.models import Queue, QueueEntry, QueuePolicy, ServicePoint

KEPT_AT_NIGHT = (State.WAITING, State.CALLED, State.ONGOING, State.PAYMENT)
UNDER_WAY = tuple(state for state in State if state is not State.FINISHED)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderWay:
    """An unfinished visit with the entry that is open now."""

    visit_id: UUID
    version: int
    state: State
    business_date: date
    mrn: str
    is_demo_reserved: bool
    arrived_at: datetime | None
    entry_id: UUID | None
    entry_version: int | None
    entry_status: str | None
    queue_id: UUID | None
    point_id: UUID | None
    priority_class: int
    round: int
    call_count: int
    joined_at: datetime | None
    called_at: datetime | None
    started_at: datetime | None
    held_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """A reserved demo patient who is booked and has not come, with what the simple log-in asks for."""

    visit_id: UUID
    mrn: str
    name: str
    phone_last4: str
    birth_date: date
    appointment_at: datetime
    services: tuple[str, ...]


def visits_under_way(days: Collection[date]) -> tuple[UnderWay, ...]:
    """Return these days' unfinished visits, waiting ones in the order of service; one statement."""
    rows = db.session.execute(
        select(
            Visit.public_id.label("visit_id"),
            Visit.version,
            Visit.state,
            Visit.business_date,
            Patient.mrn,
            Patient.is_demo_reserved,
            Visit.arrived_at,
            QueueEntry.public_id.label("entry_id"),
            QueueEntry.version.label("entry_version"),
            QueueEntry.status.label("entry_status"),
            Queue.public_id.label("queue_id"),
            ServicePoint.public_id.label("point_id"),
            func.coalesce(QueueEntry.priority_class, 0).label("priority_class"),
            func.coalesce(QueueEntry.round, 0).label("round"),
            func.coalesce(QueueEntry.call_count, 0).label("call_count"),
            QueueEntry.joined_at,
            QueueEntry.called_at,
            QueueEntry.started_at,
            QueueEntry.held_until,
        )
        .join(Patient, Patient.id == Visit.patient_id)
        .outerjoin(QueueEntry, (QueueEntry.visit_id == Visit.id) & (QueueEntry.active_slot == 1))
        .outerjoin(Queue, Queue.id == QueueEntry.queue_id)
        .outerjoin(ServicePoint, ServicePoint.id == QueueEntry.service_point_id)
        # States by name: with both columns in lists the day index reads the open visits only.
        .where(Visit.business_date.in_(days), Visit.state.in_(UNDER_WAY))
        .order_by(QueueEntry.rank_class.desc(), QueueEntry.eligible_at, QueueEntry.id, Visit.id)
    )
    return tuple(UnderWay(**{**row._asdict(), "state": State(row.state)}) for row in rows)


def is_of_today() -> ColumnElement[bool]:
    """Return the condition of today's visits, and of those that a line at night has kept since yesterday."""
    today = clock.today()
    is_kept = (Visit.business_date == today - timedelta(days=1)) & Visit.state.in_(KEPT_AT_NIGHT)
    return (Visit.business_date == today) | is_kept


def is_in_no_line() -> ColumnElement[bool]:
    """Return the condition of today's visits that wait where no queue takes the next step."""
    in_line = exists().where(QueueEntry.visit_id == Visit.id, QueueEntry.active_slot == 1)
    return is_of_today() & (Visit.state == State.WAITING) & ~in_line


def left_open(day: date) -> tuple[tuple[UUID, int], ...]:
    """Return the open visits up to this day with their versions, but for lines that work at night; one statement.

    Whoever stands in such a line stays; whoever has left one on the last of these days has another day to pay.
    """
    at_night = exists().where(
        QueueEntry.visit_id == Visit.id,
        or_(QueueEntry.active_slot == 1, Visit.business_date == day),
        QueuePolicy.queue_id == QueueEntry.queue_id,
        QueuePolicy.is_overnight,
    )
    rows = db.session.execute(
        select(Visit.public_id, Visit.version)
        .where(Visit.business_date <= day, Visit.state.in_(UNDER_WAY), ~at_night)
        .order_by(Visit.id)
    )
    return tuple((row.public_id, row.version) for row in rows)


def open_steps(days: Collection[date]) -> dict[str, int]:
    """Return how many visits still need each service, by its code; one statement.

    Whoever was expected on an earlier day than the last of these comes no more and needs nothing.
    """
    rows = db.session.execute(
        select(VisitStep.service_code.label("code"), func.count().label("open"))
        .join(Visit, Visit.id == VisitStep.visit_id)
        .where(
            Visit.business_date.in_(days),
            Visit.state.in_(UNDER_WAY),
            or_(Visit.state != State.UNREGISTERED, Visit.business_date == max(days)),
            VisitStep.status.in_(sorted(OPEN_STEPS)),
        )
        .group_by(VisitStep.service_code)
    )
    return {row.code: row.open for row in rows}


def visits_of(mrns: Collection[str], day: date) -> frozenset[str]:
    """Return those of these record numbers that have any visit on this day; one statement."""
    return frozenset(
        db.session.execute(
            select(Patient.mrn)
            .join(Visit, Visit.patient_id == Patient.id)
            .where(Visit.business_date == day, Patient.mrn.in_(mrns))
        ).scalars()
    )


def reserved_expected(day: date) -> tuple[Expected, ...]:
    """Return the reserved demo patients expected on this day, in the order of booking; two statements."""
    rows = db.session.execute(
        select(
            Visit.id,
            Visit.public_id,
            Patient.mrn,
            Patient.name,
            Patient.phone_last4,
            Patient.birth_date,
            Visit.expected_at,
        )
        .join(Patient, Patient.id == Visit.patient_id)
        .where(
            Visit.business_date == day,
            Visit.state == State.UNREGISTERED,
            Visit.expected_at.is_not(None),
            Patient.is_demo_reserved,
        )
        .order_by(Visit.id)
    ).all()
    services: dict[int, list[str]] = {}
    for visit_id, code in db.session.execute(
        select(VisitStep.visit_id, VisitStep.service_code)
        .where(VisitStep.visit_id.in_([row.id for row in rows]))
        .order_by(VisitStep.visit_id, VisitStep.ordinal)
    ):
        services.setdefault(visit_id, []).append(code)
    return tuple(
        Expected(
            visit_id=row.public_id,
            mrn=row.mrn,
            name=row.name,
            phone_last4=row.phone_last4 or "",
            birth_date=row.birth_date,
            appointment_at=row.expected_at,
            services=tuple(services.get(row.id, ())),
        )
        for row in rows
    )


def visit_of_entry(entry_id: UUID) -> UUID:
    """Return the visit of an entry, an ended entry too; one statement. Raise NotFoundError."""
    found = db.session.execute(
        select(Visit.public_id)
        .join(QueueEntry, QueueEntry.visit_id == Visit.id)
        .where(QueueEntry.public_id == entry_id)
    ).scalar_one_or_none()
    if found is None:
        raise NotFoundError(kind="entry")
    return found
