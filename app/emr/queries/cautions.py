"""Before anything is given: what a patient must not have, and what to know before going near."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, func, select

from app.accounts.roles import WARD_READERS, Permission, may
from app.core.actor import Actor
from app.core.db import db
from app.emr.models import Patient, PatientAllergy, PatientFlag
from app.emr.queries.record import MOST_ROWS, Allergy, Flag


@dataclass(frozen=True, slots=True, kw_only=True)
class Cautions:
    """The allergies that are true today, what is dangerous first, and the flags; empty for who may not read them."""

    allergies: tuple[Allergy, ...] = ()
    flags: tuple[Flag, ...] = ()


def cautions(patient_id: UUID, *, by: Actor) -> Cautions:
    """Return what must be known before a patient is given anything; 2 statements for the ward, else none.

    Whoever calls has looked whether the actor has to do with the patient. Radiology reads them in the record alone.
    """
    if by.role not in WARD_READERS or not may(by, Permission.SEE_CLINICAL):
        return Cautions()
    return Cautions(allergies=_allergies(patient_id), flags=_flags(patient_id))


def _allergies(patient_id: UUID) -> tuple[Allergy, ...]:
    rows = db.session.execute(
        select(
            PatientAllergy.public_id.label("id"),
            PatientAllergy.version,
            PatientAllergy.substance,
            PatientAllergy.reaction,
            PatientAllergy.criticality,
            PatientAllergy.status,
        )
        .where(PatientAllergy.patient_id == _lives_on(patient_id), PatientAllergy.status == "active")
        .order_by(PatientAllergy.criticality, PatientAllergy.id)
        .limit(MOST_ROWS)
    )
    return tuple(Allergy(**row._asdict()) for row in rows)


def _flags(patient_id: UUID) -> tuple[Flag, ...]:
    rows = db.session.execute(
        select(PatientFlag.public_id.label("id"), PatientFlag.version, PatientFlag.kind, PatientFlag.text)
        .where(PatientFlag.patient_id == _lives_on(patient_id), PatientFlag.removed_at.is_(None))
        .order_by(PatientFlag.id)
        .limit(MOST_ROWS)
    )
    return tuple(Flag(**row._asdict()) for row in rows)


def _lives_on(patient_id: UUID) -> ColumnElement[int]:
    """Return the row in which a patient lives on: what is known of a duplicate went over with the merge."""
    return (
        select(func.coalesce(Patient.replaced_by_id, Patient.id))
        .where(Patient.public_id == patient_id)
        .scalar_subquery()
    )
