"""Whom a resource of the EMR means here: small looks, each by an index, while one resource is taken over."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select

from app.accounts.models import Staff
from app.core.db import db
from app.emr.models import Appointment, Patient
from app.fhir.rules import Kind
from app.journey.models import Visit, VisitStep
from app.journey.queries import is_of_today
from app.journey.states import State
from app.orders.models import ServiceOrder
from app.queues.models import Service, ServicePoint

COUNTED: dict[Kind, type[Patient | Appointment | VisitStep | ServicePoint | ServiceOrder]] = {
    Kind.PATIENT: Patient,
    Kind.APPOINTMENT: Appointment,
    Kind.STEP: VisitStep,
    Kind.ORDER: ServiceOrder,
    Kind.POINT: ServicePoint,
}


def seq_of(kind: Kind, aggregate_id: UUID) -> int | None:
    """Return how often an aggregate has changed, or None where it is none of ours; 1 statement."""
    model = COUNTED[kind]
    return db.session.execute(select(model.seq).where(model.public_id == aggregate_id)).scalar_one_or_none()


def patient_with(mrn: str) -> UUID | None:
    """Return the patient of a record number; 1 statement."""
    return db.session.execute(select(Patient.public_id).where(Patient.mrn == mrn)).scalar_one_or_none()


def living(patient_id: UUID) -> UUID:
    """Return the record that lives on for a patient: the own one, or the survivor of a merge; 1 statement."""
    survivor = Patient.__table__.alias("survivor")
    found = db.session.execute(
        select(survivor.c.public_id)
        .join(Patient, Patient.replaced_by_id == survivor.c.id)
        .where(Patient.public_id == patient_id)
    ).scalar_one_or_none()
    return found if found is not None else patient_id


def services_known(codes: Collection[str]) -> frozenset[str]:
    """Return those of these codes that are services here; 1 statement."""
    return frozenset(db.session.execute(select(Service.code).where(Service.code.in_(codes))).scalars())


def services_named(words: Sequence[str]) -> tuple[str, ...]:
    """Return the services of these names, in their order; a name that several have is nobody's; 1 statement."""
    if not words:
        return ()
    found: dict[str, list[str]] = {}
    for code, ko, en in db.session.execute(
        select(Service.code, Service.name_ko, Service.name_en).where(
            or_(Service.name_ko.in_(words), Service.name_en.in_(words))
        )
    ):
        for name in {ko, en}:
            found.setdefault(name, []).append(code)
    return tuple(dict.fromkeys(found[word][0] for word in words if len(found.get(word, ())) == 1))


def staff_with(user_names: Sequence[str]) -> UUID | None:
    """Return the member of staff whose user name is one of these, where it is one; 1 statement."""
    return _only(
        select(Staff.public_id).where(func.lower(Staff.username).in_([one.lower() for one in user_names]))
    )


def point_with(ids: Sequence[UUID], places: Sequence[str], name: str) -> UUID | None:
    """Return the room that is meant: by our id, else by its place on the map, else by its exact name; 3 statements.

    A place or a name that several rooms have is none of them.
    """
    wanted: tuple[ColumnElement[bool], ...] = (
        ServicePoint.public_id.in_(ids),
        ServicePoint.place.in_(places),
        or_(ServicePoint.name_ko == name, ServicePoint.name_en == name),
    )
    for one in wanted:
        if found := _only(select(ServicePoint.public_id).where(one)):
            return found
    return None


def visit_of_booking(appointment_id: UUID) -> UUID | None:
    """Return the open visit of a booking; 1 statement."""
    return db.session.execute(
        select(Visit.public_id)
        .join(Appointment, Appointment.id == Visit.appointment_id)
        .where(Appointment.public_id == appointment_id, Visit.open_slot == 1)
        .limit(1)
    ).scalar_one_or_none()


def visit_for_order(patient_id: UUID, visit_id: UUID | None) -> UUID | None:
    """Return the open visit of today that an order means: the named one, one under way, else the next; 1 statement."""
    rows = db.session.execute(
        select(Visit.public_id, Visit.state)
        .join(Patient, Patient.id == Visit.patient_id)
        .where(Patient.public_id == patient_id, is_of_today(), Visit.open_slot == 1)
        .order_by(Visit.expected_at.is_(None).desc(), Visit.expected_at, Visit.id)
    ).all()
    named = [row.public_id for row in rows if row.public_id == visit_id]
    under_way = [row.public_id for row in rows if row.state != State.UNREGISTERED]
    return next(iter([*named, *under_way, *(row.public_id for row in rows)]), None)


def visit_of_step(step_id: UUID) -> UUID | None:
    """Return the visit of a step; 1 statement."""
    return db.session.execute(
        select(Visit.public_id)
        .join(VisitStep, VisitStep.visit_id == Visit.id)
        .where(VisitStep.public_id == step_id)
    ).scalar_one_or_none()


def with_visit_today(patient_ids: Collection[UUID]) -> frozenset[UUID]:
    """Return those of these patients who have an open visit today; 1 statement."""
    return frozenset(
        db.session.execute(
            select(Patient.public_id)
            .join(Visit, Visit.patient_id == Patient.id)
            .where(Patient.public_id.in_(patient_ids), is_of_today(), Visit.open_slot == 1)
        ).scalars()
    )


def _only(statement: object) -> UUID | None:
    """Return the one value that a statement finds, None where it finds none or several."""
    found = db.session.execute(statement.limit(2)).scalars().all()  # type: ignore[attr-defined]
    return found[0] if len(found) == 1 else None
