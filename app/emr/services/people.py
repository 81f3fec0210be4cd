"""Patients are written here: entered and mended by hand."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select

from app import settings
from app.accounts.roles import Permission, require
from app.core import audit, clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import InvalidError, NotFoundError
from app.core.ids import short_id
from app.core.locking import hold
from app.core.transaction import promise, transactional
from app.emr.models import Patient
from app.emr.queries.relations import check_reach
from app.emr.rules import phone_of
from app.emr.services.versions import check, keep

LONGEST_NAME = 100
GENDERS = ("male", "female", "other", "unknown")


@dataclass(frozen=True, slots=True)
class Known:
    """A patient as the rooms above need it inside their own unit of work."""

    id: int
    public_id: UUID


@transactional
def enter_patient(
    *,
    name: str,
    birth_date: date,
    phone: str | None,
    gender: str | None = None,
    mrn: str | None = None,
    is_demo_reserved: bool = False,
    by: Actor,
) -> UUID:
    """Enter a new patient; without an EMR the desk's word is the record.

    Somebody without a phone has no last four digits, so no kiosk and no tag knows them: the desk does.
    """
    require(by, Permission.EDIT_DEMOGRAPHICS if by.role != "system" else Permission.BOOK_VISIT)
    e164 = phone_of(phone) if phone is not None else None
    patient = Patient(
        mrn=mrn or f"A{short_id(6)}",
        name=checked_name(name),
        birth_date=checked_birth(birth_date),
        phone_hash=hash_phone(e164) if e164 else None,
        phone_last4=e164[-4:] if e164 else None,
        gender=gender,
        is_demo_reserved=is_demo_reserved,
        created_at=clock.utcnow(),
    )
    db.session.add(patient)
    db.session.flush()
    promise(patient, "patient.entered")
    keep(patient, by=by)
    audit.record("emr:patient:enter", by=by, patients=[patient.public_id])
    return patient.public_id


@transactional
def edit_demographics(
    patient_id: UUID,
    *,
    version: int | None,
    name: str | None = None,
    birth_date: date | None = None,
    phone: str | None = None,
    gender: str | None = None,
    by: Actor,
) -> int:
    """Change what is given of name, birth date, phone and gender. Return the new version.

    The posted version is compared: VersionStaleError says what stands there now and what the form had seen.
    """
    require(by, Permission.EDIT_DEMOGRAPHICS)
    patient = hold(Patient, patient_id)
    check_reach(patient_id, by=by)
    check(patient, version)
    if name is not None:
        patient.name = checked_name(name)
    if birth_date is not None:
        patient.birth_date = checked_birth(birth_date)
    if phone:
        e164 = phone_of(phone)
        patient.phone_hash, patient.phone_last4 = hash_phone(e164), e164[-4:]
    if gender is not None:
        if gender not in {"", *GENDERS}:
            raise InvalidError(field="gender", why="unknown")
        patient.gender = gender or None
    patient.version += 1
    promise(patient, "patient.edited")
    keep(patient, by=by)
    audit.record("emr:patient:edit", by=by, patients=[patient.public_id])
    return patient.version


def known(patient_id: UUID) -> Known:
    """Read a patient inside the caller's unit. Raise NotFoundError."""
    row = db.session.execute(
        select(Patient.id, Patient.public_id).where(Patient.public_id == patient_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError(kind="patient")
    return Known(row.id, row.public_id)


def public_id_of(patient_id: int) -> UUID:
    """Return the public id of a patient, for the audit."""
    return db.session.execute(select(Patient.public_id).where(Patient.id == patient_id)).scalar_one()


def sees_desk_first(patient_id: int) -> bool:
    """Whether something (insurance, consent) sends this patient to the desk."""
    return db.session.execute(select(Patient.sees_desk_first).where(Patient.id == patient_id)).scalar_one()


def checked_name(typed: str) -> str:
    """Return a name as it is kept. Raise InvalidError."""
    name = " ".join(typed.split())
    if not name or len(name) > LONGEST_NAME:
        raise InvalidError(field="name", why="length")
    return name


def checked_birth(birth_date: date) -> date:
    """Return a birth date that has been. Raise InvalidError."""
    if birth_date > clock.today():
        raise InvalidError(field="birth_date", why="future")
    return birth_date


def hash_phone(e164: str) -> str:
    """Return the keyed hash under which a phone number is kept and found."""
    key = settings.current().secret_key.get_secret_value().encode()
    return hmac.new(b"phone:" + key, e164.encode(), hashlib.sha256).hexdigest()
