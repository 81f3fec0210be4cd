"""Who of the staff has to do with a visit or a patient: somebody else's is not found (decisions 4)."""

from uuid import UUID

from sqlalchemy import ColumnElement, exists, select

from app.accounts.roles import DRIVERS, Permission, Role, require
from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFoundError
from app.emr import queries as emr
from app.emr.models import Patient
from app.emr.queries import PatientCard
from app.journey.models import Visit, VisitStep
from app.journey.states import Disposition, State
from app.queues.models import Queue


def has_to_do_with(visit: Visit, *, by: Actor) -> bool:
    """Whether staff may look at a visit: a unit that offers one of its steps (1 statement), the cashier who is paid."""
    if by.role == Role.CASHIER:
        is_paid_today = visit.disposition == Disposition.COMPLETED and visit.business_date == clock.today()
        return visit.state == State.PAYMENT or is_paid_today
    return by.role not in DRIVERS or _has_a_step_with(Visit.id == visit.id, by=by)


def patient_record(patient_id: UUID, *, by: Actor) -> PatientCard:
    """Return a patient's own data to the desk, and to the units that serve one of the visits; 2 statements."""
    require(by, Permission.SEE_PATIENT)
    if by.role in DRIVERS and not _has_a_step_with(Patient.public_id == patient_id, by=by):
        raise NotFoundError(kind="patient")
    return emr.patient_card(patient_id, by=by)


def _has_a_step_with(these: ColumnElement[bool], *, by: Actor) -> bool:
    found = (
        select(Visit.id)
        .join(Patient, Patient.id == Visit.patient_id)
        .join(VisitStep, VisitStep.visit_id == Visit.id)
        .join(Queue, Queue.service_id == VisitStep.service_id)
        .where(these, Queue.unit.in_(by.units))
    )
    return bool(db.session.execute(select(exists(found))).scalar())
