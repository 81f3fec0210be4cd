"""A patient's record: who it is, whom to phone, what must not be given, what to know; without the visits."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import aliased

from app.accounts.roles import Permission, may, require
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFoundError
from app.emr.models import (
    Patient,
    PatientAllergy,
    PatientContact,
    PatientFlag,
    PatientIdentifier,
    PatientMerge,
)
from app.emr.queries.relations import check_record

MOST_ROWS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """A number under which somebody else knows the patient; `system` says whose numbers these are."""

    id: UUID
    version: int
    kind: str
    system: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Whom to phone."""

    id: UUID
    version: int
    name: str
    relation: str
    phone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Allergy:
    """What must not be given."""

    id: UUID
    version: int
    substance: str
    reaction: str
    criticality: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """What everybody must know before they go near."""

    id: UUID
    version: int
    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicate:
    """A merge that stands: whose record lives on in this one, or in whose this one does, and its trail."""

    id: UUID
    is_into_this: bool
    patient_id: UUID
    mrn: str
    reason: str
    by_name: str
    at: datetime
    moved: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientRecord:
    """Everything of a patient that is not of one visit; clinical parts None for who may not read them."""

    id: UUID
    version: int
    mrn: str
    name: str
    birth_date: date
    gender: str | None
    phone_last4: str
    is_active: bool
    identifiers: tuple[Identifier, ...]
    contacts: tuple[Contact, ...]
    allergies: tuple[Allergy, ...] | None
    flags: tuple[Flag, ...] | None
    duplicates: tuple[Duplicate, ...]

    @property
    def discloses(self) -> tuple[UUID, ...]:
        """Return the patients that this value shows."""
        return (self.id, *(one.patient_id for one in self.duplicates))


def patient_record(patient_id: UUID, *, by: Actor) -> PatientRecord:
    """Return a record; 4 statements at the desk, 7 in a unit. Raise NotFoundError for somebody else's."""
    require(by, Permission.SEE_PATIENT)
    check_record(patient_id, by=by)
    row = db.session.execute(select(Patient).where(Patient.public_id == patient_id)).scalar_one_or_none()
    if row is None:
        raise NotFoundError(kind="patient")
    is_clinical = may(by, Permission.SEE_CLINICAL)
    lives_on = row.replaced_by_id or row.id  # what is known of a duplicate went over with the merge
    return PatientRecord(
        id=row.public_id,
        version=row.version,
        mrn=row.mrn,
        name=row.name,
        birth_date=row.birth_date,
        gender=row.gender,
        phone_last4=row.phone_last4 or "",
        is_active=row.is_active,
        identifiers=_identifiers(lives_on),
        contacts=_contacts(lives_on),
        allergies=_allergies(lives_on) if is_clinical else None,
        flags=_flags(lives_on) if is_clinical else None,
        duplicates=_duplicates(row.id),
    )


def _identifiers(row_id: int) -> tuple[Identifier, ...]:
    rows = db.session.execute(
        select(PatientIdentifier)
        .where(PatientIdentifier.patient_id == row_id, PatientIdentifier.open_slot == 1)
        .order_by(PatientIdentifier.kind, PatientIdentifier.system, PatientIdentifier.value)
        .limit(MOST_ROWS)
    ).scalars()
    return tuple(
        Identifier(id=row.public_id, version=row.version, kind=row.kind, system=row.system, value=row.value)
        for row in rows
    )


def _contacts(row_id: int) -> tuple[Contact, ...]:
    rows = db.session.execute(
        select(PatientContact)
        .where(PatientContact.patient_id == row_id, PatientContact.removed_at.is_(None))
        .order_by(PatientContact.id)
        .limit(MOST_ROWS)
    ).scalars()
    return tuple(
        Contact(id=row.public_id, version=row.version, name=row.name, relation=row.relation, phone=row.phone)
        for row in rows
    )


def _allergies(row_id: int) -> tuple[Allergy, ...]:
    """Return what is true or was, what is dangerous first."""
    rows = db.session.execute(
        select(PatientAllergy)
        .where(PatientAllergy.patient_id == row_id, PatientAllergy.status != "entered-in-error")
        .order_by(PatientAllergy.status, PatientAllergy.criticality, PatientAllergy.id)
        .limit(MOST_ROWS)
    ).scalars()
    return tuple(
        Allergy(
            id=row.public_id,
            version=row.version,
            substance=row.substance,
            reaction=row.reaction,
            criticality=row.criticality,
            status=row.status,
        )
        for row in rows
    )


def _flags(row_id: int) -> tuple[Flag, ...]:
    rows = db.session.execute(
        select(PatientFlag)
        .where(PatientFlag.patient_id == row_id, PatientFlag.removed_at.is_(None))
        .order_by(PatientFlag.id)
        .limit(MOST_ROWS)
    ).scalars()
    return tuple(Flag(id=row.public_id, version=row.version, kind=row.kind, text=row.text) for row in rows)


def _duplicates(row_id: int) -> tuple[Duplicate, ...]:
    old, new = aliased(Patient), aliased(Patient)
    rows = db.session.execute(
        select(
            PatientMerge,
            old.public_id.label("old_id"),
            old.mrn.label("old_mrn"),
            new.public_id.label("new_id"),
            new.mrn.label("new_mrn"),
        )
        .join(old, old.id == PatientMerge.patient_id)
        .join(new, new.id == PatientMerge.into_id)
        .where(
            (PatientMerge.patient_id == row_id) | (PatientMerge.into_id == row_id),
            PatientMerge.undone_at.is_(None),
        )
        .order_by(PatientMerge.id)
        .limit(MOST_ROWS)
    )
    return tuple(
        Duplicate(
            id=row.PatientMerge.public_id,
            is_into_this=row.PatientMerge.into_id == row_id,
            patient_id=row.old_id if row.PatientMerge.into_id == row_id else row.new_id,
            mrn=row.old_mrn if row.PatientMerge.into_id == row_id else row.new_mrn,
            reason=row.PatientMerge.reason,
            by_name=row.PatientMerge.by_name,
            at=row.PatientMerge.at,
            moved=sum(len(ids) for ids in row.PatientMerge.moved.values()),
        )
        for row in rows
    )
