"""Who of the staff has to do with a visit or a patient: somebody else's is not found (decisions 4)."""

from uuid import UUID

from sqlalchemy import exists, func, select

from app.accounts.roles import DRIVERS, Permission, Role, may
from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.emr import queries as emr
from app.emr.models import Patient
from app.emr.queries import PatientCard
from app.journey.models import Visit, VisitStep
from app.journey.states import Disposition, State
from app.orders.models import BillEntry
from app.orders.rules import EntryKind, due
from app.queues.models import Queue


def has_to_do_with(visit: Visit, *, by: Actor) -> bool:
    """Whether staff may look at a visit: a unit that offers one of its steps, the cashier of its bill; 1 statement."""
    if by.role == Role.CASHIER:
        if visit.state != State.FINISHED:
            return visit.state == State.PAYMENT
        is_of_today = visit.disposition == Disposition.COMPLETED and visit.business_date == clock.today()
        return is_of_today or _has_work_for_the_cashier(visit.public_id)
    if by.role not in DRIVERS or _has_a_step_with(visit, by=by):
        return True
    return emr.is_treating(visit.public_id, by=by)


def has_record_open(patient_id: UUID, *, by: Actor) -> bool:
    """Whether a unit's staff may read a record by another visit of the patient, or in an emergency; 1 statement."""
    if not may(by, Permission.SEE_PATIENT):
        return False
    found = select(Patient.id).where(Patient.public_id == patient_id, emr.is_within_reach(by))
    return db.session.execute(found).scalar_one_or_none() is not None


def _has_work_for_the_cashier(visit_id: UUID) -> bool:
    """Whether the bill of a visit that is over is not even, or was settled today and wants a receipt."""
    rows = db.session.execute(
        select(BillEntry.kind, func.sum(BillEntry.amount_won), func.max(BillEntry.at))
        .where(BillEntry.visit_id == visit_id)
        .group_by(BillEntry.kind)
    ).all()
    left = due((EntryKind(kind), int(amount)) for kind, amount, _ in rows)
    begin, end = clock.day_bounds(clock.today())
    return bool(left) or any(begin <= at < end for *_, at in rows)


def patient_record(patient_id: UUID, *, by: Actor) -> PatientCard:
    """Return a patient's own data to whom the record is open; 2 statements."""
    return emr.patient_card(patient_id, by=by)


def _has_a_step_with(visit: Visit, *, by: Actor) -> bool:
    found = (
        select(VisitStep.id)
        .join(Queue, Queue.service_id == VisitStep.service_id)
        .where(VisitStep.visit_id == visit.id, Queue.unit.in_(by.units))
    )
    return bool(db.session.execute(select(exists(found))).scalar())
