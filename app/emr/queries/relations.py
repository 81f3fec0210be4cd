"""Who of the staff has to do with a patient: a unit that serves one of the visits, or an emergency that was declared.

The visits and queues stand on a higher storey; here only whether a row leads from a patient to a unit.
"""

from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, column, exists, select, table
from sqlalchemy.orm import aliased

from app.accounts.roles import DRIVERS
from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFoundError
from app.emr.models import EmergencyAccess, Patient

_visits = table("visit", column("id"), column("patient_id"), column("public_id", Uuid()))
_steps = table("visit_step", column("visit_id"), column("service_id"))
_queues = table("queue", column("service_id"), column("unit", Uuid()))


def is_within_reach(by: Actor) -> ColumnElement[bool]:
    """Return, of a row of patients, whether this member of a unit has to do with the person; duplicates count."""
    who = aliased(Patient)
    serves = (
        select(_visits.c.id)
        .join(who, who.id == _visits.c.patient_id)
        .join(_steps, _steps.c.visit_id == _visits.c.id)
        .join(_queues, _queues.c.service_id == _steps.c.service_id)
        .where((who.id == Patient.id) | (who.replaced_by_id == Patient.id), _queues.c.unit.in_(by.units))
        .correlate(Patient)
    )
    return exists(serves) | exists(_declared(by).correlate(Patient))


def check_reach(patient_id: UUID, *, by: Actor) -> None:
    """Raise NotFoundError for somebody else's patient; 1 statement for who works in a unit, else none."""
    if by.role not in DRIVERS:
        return
    found = select(Patient.id).where(Patient.public_id == patient_id, is_within_reach(by))
    if db.session.execute(found).scalar_one_or_none() is None:
        raise NotFoundError(kind="patient")


def patient_of_visit(visit_id: UUID) -> tuple[int, UUID]:
    """Return whose visit it is, row and public id; 1 statement. Raise NotFoundError."""
    row = db.session.execute(
        select(Patient.id, Patient.public_id)
        .join(_visits, _visits.c.patient_id == Patient.id)
        .where(_visits.c.public_id == visit_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError(kind="visit")
    return row.id, row.public_id


def _declared(by: Actor):  # type: ignore[no-untyped-def]  # noqa: ANN202 - SQLAlchemy's own word for it is private
    return select(EmergencyAccess.id).where(
        EmergencyAccess.patient_id == Patient.id,
        EmergencyAccess.staff_id == by.id,
        EmergencyAccess.until > clock.utcnow(),
    )
