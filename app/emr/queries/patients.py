"""Patients by id, number and answer; appointments that nobody expects yet."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import column, exists, select, table
from sqlalchemy.orm import aliased

from app.accounts.roles import Permission, require
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFoundError
from app.emr.models import Appointment, Patient
from app.emr.queries.relations import check_record

# The visits stand on a higher storey; here only whether a row points at the appointment.
_visits = table("visit", column("appointment_id"))
MOST_ROWS = 500
MOST_FOUND, LAST_DIGITS, LONGEST_MRN = 20, 4, 32


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientCard:
    """A patient's own data, as desk and doctor edit it."""

    id: UUID
    version: int
    mrn: str
    name: str
    birth_date: date
    phone_last4: str
    gender: str | None = None

    @property
    def discloses(self) -> tuple[UUID, ...]:
        """Return the patient that this value shows."""
        return (self.id,)


def patient_card(patient_id: UUID, *, by: Actor) -> PatientCard:
    """Return one patient; 1 statement, 2 in a unit. Raise NotFoundError for somebody else's."""
    require(by, Permission.SEE_PATIENT)
    check_record(patient_id, by=by)
    row = db.session.execute(select(Patient).where(Patient.public_id == patient_id)).scalar_one_or_none()
    if row is None:
        raise NotFoundError(kind="patient")
    return _card(row)


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientsFound:
    """Registered patients that a search fits, the first few."""

    rows: tuple[PatientCard, ...]

    @property
    def discloses(self) -> tuple[UUID, ...]:
        """Return the patients that this value shows."""
        return tuple(row.id for row in self.rows)


def find_patients(search: str, *, by: Actor) -> PatientsFound:
    """Find patients by the beginning of the name, the phone's last digits or the record number; 1 statement."""
    require(by, Permission.EDIT_DEMOGRAPHICS)
    text = " ".join(search.split())
    if not text:
        return PatientsFound(rows=())
    rows = db.session.execute(
        select(Patient)
        .where(
            Patient.name.startswith(text, autoescape=True)
            | (Patient.phone_last4 == text[:LAST_DIGITS])
            | (Patient.mrn == text[:LONGEST_MRN])
        )
        .order_by(Patient.name, Patient.birth_date, Patient.id)
        .limit(MOST_FOUND)
    ).scalars()
    return PatientsFound(rows=tuple(_card(row) for row in rows))


def booked_without_visit(day: date) -> tuple[UUID, ...]:
    """Return the day's appointments that nobody expects yet; 1 statement."""
    rows = db.session.execute(
        select(Appointment.public_id)
        .where(
            Appointment.business_date == day,
            Appointment.status == "booked",
            ~exists().where(_visits.c.appointment_id == Appointment.id),
        )
        .order_by(Appointment.starts_at)
        .limit(MOST_ROWS)
    ).scalars()
    return tuple(rows)


def with_identity(phone_last4: str, birth_date: date) -> dict[int, int]:
    """Return who answers to these two: row id -> row of the record that lives on; 1 indexed statement.

    A duplicate leads to its survivor, which is there under its own row too, whatever phone that one has; a
    record that is no longer active and has no survivor answers to nobody.
    """
    survivor = aliased(Patient)
    rows = db.session.execute(
        select(
            Patient.id, Patient.is_active, survivor.id.label("survivor"), survivor.is_active.label("lives")
        )
        .outerjoin(survivor, survivor.id == Patient.replaced_by_id)
        .where(Patient.phone_last4 == phone_last4, Patient.birth_date == birth_date)
    )
    found: dict[int, int] = {}
    for row in rows:
        if row.is_active:
            found[row.id] = row.id
        elif row.lives:
            found[row.id] = found[row.survivor] = row.survivor
    return found


def patients_by_mrn(mrns: Collection[str]) -> dict[str, UUID]:
    """Return the ids of those record numbers that are known; 1 statement by the unique index."""
    rows = db.session.execute(select(Patient.mrn, Patient.public_id).where(Patient.mrn.in_(mrns)))
    return {row.mrn: row.public_id for row in rows}


def _card(row: Patient) -> PatientCard:
    return PatientCard(
        id=row.public_id,
        version=row.version,
        mrn=row.mrn,
        name=row.name,
        birth_date=row.birth_date,
        phone_last4=row.phone_last4 or "",
        gender=row.gender,
    )
