"""Appointments are written here: booked by hand, and following their visits."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select

from app import settings
from app.accounts.roles import Permission, require
from app.core import audit, clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import InvalidError, NotFoundError
from app.core.locking import hold
from app.core.transaction import transactional
from app.emr.models import Appointment, Patient


@dataclass(frozen=True, slots=True)
class Booked:
    """An appointment as the rooms above need it."""

    id: int
    public_id: UUID
    patient_id: int
    business_date: date
    starts_at: datetime
    planned: tuple[str, ...]


@transactional
def book(patient_id: UUID, *, starts_at: datetime, planned: tuple[str, ...], by: Actor) -> UUID:
    """Book a time for one or more services, in the order in which they are planned."""
    require(by, Permission.BOOK_VISIT)
    if not planned:
        raise InvalidError(field="service", why="missing")
    now = settings.current()
    appointment = Appointment(
        patient_id=hold(Patient, patient_id).id,
        business_date=clock.business_date(starts_at, now.site_timezone, now.business_day_start),
        starts_at=starts_at,
        planned=list(planned),
    )
    db.session.add(appointment)
    db.session.flush()
    audit.record(
        "emr:appointment:book", by=by, patients=[patient_id], object_=f"appointment:{appointment.public_id}"
    )
    return appointment.public_id


def booked(appointment_id: UUID) -> Booked:
    """Read an appointment inside the caller's unit. Raise NotFoundError."""
    row = db.session.execute(
        select(Appointment).where(Appointment.public_id == appointment_id)
    ).scalar_one_or_none()
    if row is None:
        raise NotFoundError(kind="appointment")
    return Booked(row.id, row.public_id, row.patient_id, row.business_date, row.starts_at, tuple(row.planned))


def set_appointment_status(appointment_id: int, status: str) -> None:
    """Let the appointment follow its visit (FHIR Appointment.status), inside the visit's unit."""
    hold(Appointment, appointment_id).status = status
