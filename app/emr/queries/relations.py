"""Who of the staff has to do with a patient: a unit that serves one of the visits, the doctor who treats, an emergency.

The visits and queues stand on a higher storey; here only whether a row leads from a patient to a unit.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Uuid, bindparam, column, exists, select, table
from sqlalchemy.orm import aliased

from app.accounts.roles import DRIVERS, WARD_READERS, Role
from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFoundError
from app.emr.models import EmergencyAccess, Patient

_visits = table("visit", column("id"), column("patient_id"), column("public_id", Uuid()), column("open_slot"))
_steps = table("visit_step", column("visit_id"), column("service_id"))
_queues = table("queue", column("service_id"), column("unit", Uuid()))
_deeds = table("flow_event", column("visit_id"), column("actor_id", Uuid()), column("command"))
_orders = table("service_order", column("visit_id", Uuid()), column("ordered_by", Uuid()))
# Whoever has called somebody, or let them in, treats them for as long as the visit is open.
TREATING = ("call", "start", "start-direct")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Member:
    """Who asks: values of one person, or parameters that anybody's values are put into later."""

    role: str
    units: Any
    id: Any
    now: Any


def is_record_open(by: Actor) -> ColumnElement[bool]:
    """Return, of a row of patients, whether this member of a unit may read the record.

    Radiology knows its patients by their orders: it opens a record in an emergency alone.
    """
    return _record(_member(by))


def is_within_reach(by: Actor) -> ColumnElement[bool]:
    """Return, of a row of patients, whether this member of a unit has to do with the person; duplicates count."""
    return _reach(_member(by))


def check_record(patient_id: UUID, *, by: Actor) -> None:
    """Raise NotFoundError for a record that is not open to somebody; statements as for the reach."""
    if by.role in DRIVERS:
        _check(patient_id, _open_records(by.role), by)


def check_reach(patient_id: UUID, *, by: Actor) -> None:
    """Raise NotFoundError for somebody else's patient; 1 statement for who works in a unit, else none."""
    if by.role in DRIVERS:
        _check(patient_id, _patients_within_reach(by.role), by)


def is_treating(visit_id: UUID, *, by: Actor) -> bool:
    """Whether a doctor treats the patient of a visit: has called or seen them in it, or ordered for it, and it is open.

    1 statement for a doctor, none for anybody else.
    """
    if by.role != Role.DOCTOR:
        return False
    found = select(exists().where(_visits.c.public_id == visit_id, _is_treated(by.id)))
    return bool(db.session.execute(found).scalar())


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


def _member(by: Actor) -> _Member:
    return _Member(role=by.role, units=by.units, id=by.id, now=clock.utcnow())


def _anybody(role: str) -> _Member:
    return _Member(
        role=role, units=bindparam("units", expanding=True), id=bindparam("me"), now=bindparam("now")
    )


# Asked with every picture and page: made once for each role, as making it costs ten times what asking does.
@cache
def _open_records(role: str) -> Select[int]:
    return select(Patient.id).where(Patient.public_id == bindparam("patient"), _record(_anybody(role)))


@cache
def _patients_within_reach(role: str) -> Select[int]:
    return select(Patient.id).where(Patient.public_id == bindparam("patient"), _reach(_anybody(role)))


def _check(patient_id: UUID, among: Select[int], by: Actor) -> None:
    who = {"patient": patient_id, "units": [*by.units], "me": by.id, "now": clock.utcnow()}
    if db.session.execute(among, who).scalar_one_or_none() is None:
        raise NotFoundError(kind="patient")


def _record(by: _Member) -> ColumnElement[bool]:
    return _reach(by) if by.role in WARD_READERS else exists(_declared(by).correlate(Patient))


def _reach(by: _Member) -> ColumnElement[bool]:
    declared = exists(_declared(by).correlate(Patient))
    who = aliased(Patient)
    serves = (
        select(_visits.c.id)
        .join(who, who.id == _visits.c.patient_id)
        .join(_steps, _steps.c.visit_id == _visits.c.id)
        .join(_queues, _queues.c.service_id == _steps.c.service_id)
        .where((who.id == Patient.id) | (who.replaced_by_id == Patient.id), _queues.c.unit.in_(by.units))
        .correlate(Patient)
    )
    if by.role != Role.DOCTOR:
        return exists(serves) | declared
    treats = (
        select(_visits.c.id)
        .join(who, who.id == _visits.c.patient_id)
        .where((who.id == Patient.id) | (who.replaced_by_id == Patient.id), _is_treated(by.id))
        .correlate(Patient)
    )
    return exists(serves) | exists(treats) | declared


def _is_treated(doctor: Any) -> ColumnElement[bool]:
    """Return, of an open visit, whether this doctor has had a hand in it; both by the index of the visit."""
    called = exists().where(
        _deeds.c.visit_id == _visits.c.id, _deeds.c.actor_id == doctor, _deeds.c.command.in_(TREATING)
    )
    ordered = exists().where(_orders.c.visit_id == _visits.c.public_id, _orders.c.ordered_by == doctor)
    return (_visits.c.open_slot == 1) & (called | ordered)


def _declared(by: _Member):  # type: ignore[no-untyped-def]  # noqa: ANN202 - SQLAlchemy's own word for it is private
    return select(EmergencyAccess.id).where(
        EmergencyAccess.patient_id == Patient.id,
        EmergencyAccess.staff_id == by.id,
        EmergencyAccess.until > by.now,
    )
