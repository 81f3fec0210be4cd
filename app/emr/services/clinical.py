"""What must not be given, what to know, whom to phone: written here, with the version that the writer had seen."""

from dataclasses import dataclass
from uuid import UUID

from app.accounts.roles import Permission, require
from app.core import audit, clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import InvalidError, NotFoundError
from app.core.idempotency import command
from app.core.locking import hold
from app.emr.models import Patient, PatientAllergy, PatientContact, PatientFlag
from app.emr.queries.relations import check_reach
from app.emr.rules import phone_of
from app.emr.services.people import checked_name
from app.emr.services.versions import check, keep

CRITICALITIES = ("high", "low", "unable-to-assess")
STATUSES = ("active", "inactive", "entered-in-error")
RELATIONS = ("spouse", "parent", "child", "sibling", "guardian", "friend", "other")
FLAGS = ("fall-risk", "infection", "language", "hearing", "other")
LONGEST_SUBSTANCE, LONGEST_REACTION, LONGEST_FLAG = 120, 300, 200
IN_ERROR = "entered-in-error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A row that was written, and in which version it now stands."""

    id: UUID
    version: int


@command
def add_allergy(
    patient_id: UUID, *, substance: str, reaction: str = "", criticality: str, by: Actor
) -> Written:
    """Note what must not be given."""
    patient = hold_own(patient_id, Permission.WRITE_CLINICAL, by=by)
    row = PatientAllergy(
        patient_id=patient.id,
        substance=checked_text(substance, "substance", LONGEST_SUBSTANCE),
        reaction=checked_text(reaction, "reaction", LONGEST_REACTION, may_be_empty=True),
        criticality=one_of(criticality, "criticality", CRITICALITIES),
        recorded_at=clock.utcnow(),
    )
    return _add(row, "emr:allergy:add", patient_id, by=by)


@command
def edit_allergy(
    patient_id: UUID,
    allergy_id: UUID,
    *,
    version: int | None,
    substance: str | None = None,
    reaction: str | None = None,
    criticality: str | None = None,
    status: str | None = None,
    by: Actor,
) -> Written:
    """Change what is given; `entered-in-error` takes it away for good, and then a change is GoneError."""
    patient = hold_own(patient_id, Permission.WRITE_CLINICAL, by=by)
    row = hold(PatientAllergy, allergy_id)
    _check_owner(row, patient)
    check(row, version, is_gone=row.status == IN_ERROR)
    if substance is not None:
        row.substance = checked_text(substance, "substance", LONGEST_SUBSTANCE)
    if reaction is not None:
        row.reaction = checked_text(reaction, "reaction", LONGEST_REACTION, may_be_empty=True)
    if criticality is not None:
        row.criticality = one_of(criticality, "criticality", CRITICALITIES)
    if status is not None:
        row.status = one_of(status, "status", STATUSES)
    return _change(row, "emr:allergy:edit", patient_id, by=by)


@command
def add_contact(patient_id: UUID, *, name: str, relation: str, phone: str, by: Actor) -> Written:
    """Note whom to phone."""
    patient = hold_own(patient_id, Permission.EDIT_DEMOGRAPHICS, by=by)
    row = PatientContact(
        patient_id=patient.id,
        name=checked_name(name),
        relation=one_of(relation, "relation", RELATIONS),
        phone=phone_of(phone),
    )
    return _add(row, "emr:contact:add", patient_id, by=by)


@command
def edit_contact(
    patient_id: UUID,
    contact_id: UUID,
    *,
    version: int | None,
    name: str | None = None,
    relation: str | None = None,
    phone: str | None = None,
    by: Actor,
) -> Written:
    """Change what is given of a contact."""
    patient = hold_own(patient_id, Permission.EDIT_DEMOGRAPHICS, by=by)
    row = hold(PatientContact, contact_id)
    _check_owner(row, patient)
    check(row, version, is_gone=row.removed_at is not None)
    if name is not None:
        row.name = checked_name(name)
    if relation is not None:
        row.relation = one_of(relation, "relation", RELATIONS)
    if phone is not None:
        row.phone = phone_of(phone)
    return _change(row, "emr:contact:edit", patient_id, by=by)


@command
def remove_contact(patient_id: UUID, contact_id: UUID, *, version: int | None, by: Actor) -> Written:
    """Take a contact away; the row stays for the audit."""
    patient = hold_own(patient_id, Permission.EDIT_DEMOGRAPHICS, by=by)
    row = hold(PatientContact, contact_id)
    _check_owner(row, patient)
    check(row, version, is_gone=row.removed_at is not None)
    row.removed_at = clock.utcnow()
    return _change(row, "emr:contact:remove", patient_id, by=by)


@command
def raise_flag(patient_id: UUID, *, kind: str, text: str = "", by: Actor) -> Written:
    """Let everybody know of a risk."""
    patient = hold_own(patient_id, Permission.WRITE_CLINICAL, by=by)
    row = PatientFlag(
        patient_id=patient.id,
        kind=one_of(kind, "kind", FLAGS),
        text=checked_text(text, "text", LONGEST_FLAG, may_be_empty=kind != "other"),
        raised_at=clock.utcnow(),
    )
    return _add(row, "emr:flag:raise", patient_id, by=by)


@command
def remove_flag(patient_id: UUID, flag_id: UUID, *, version: int | None, by: Actor) -> Written:
    """Take a flag down."""
    patient = hold_own(patient_id, Permission.WRITE_CLINICAL, by=by)
    row = hold(PatientFlag, flag_id)
    _check_owner(row, patient)
    check(row, version, is_gone=row.removed_at is not None)
    row.removed_at = clock.utcnow()
    return _change(row, "emr:flag:remove", patient_id, by=by)


def hold_own(patient_id: UUID, permission: Permission, *, by: Actor) -> Patient:
    """Hold the patient first, as a merge does; what concerns a duplicate is written where the person lives on."""
    require(by, permission)
    patient = hold(Patient, patient_id)
    check_reach(patient_id, by=by)
    return hold(Patient, patient.replaced_by_id) if patient.replaced_by_id is not None else patient


def _check_owner(row: PatientAllergy | PatientContact | PatientFlag, patient: Patient) -> None:
    if row.patient_id != patient.id:
        raise NotFoundError(kind="record")


def _add(
    row: PatientAllergy | PatientContact | PatientFlag, action: str, patient_id: UUID, *, by: Actor
) -> Written:
    db.session.add(row)
    db.session.flush()
    return _told(row, action, patient_id, by=by)


def _change(
    row: PatientAllergy | PatientContact | PatientFlag, action: str, patient_id: UUID, *, by: Actor
) -> Written:
    row.version += 1
    return _told(row, action, patient_id, by=by)


def _told(
    row: PatientAllergy | PatientContact | PatientFlag, action: str, patient_id: UUID, *, by: Actor
) -> Written:
    keep(row, by=by)
    audit.record(action, by=by, patients=[patient_id], object_=f"{row.__tablename__}:{row.public_id}")
    return Written(id=row.public_id, version=row.version)


def checked_text(typed: str, field: str, longest: int, *, may_be_empty: bool = False) -> str:
    """Return a short text as it is kept. Raise InvalidError."""
    text = " ".join(typed.split())
    if not text and not may_be_empty:
        raise InvalidError(field=field, why="missing")
    if len(text) > longest:
        raise InvalidError(field=field, why="length")
    return text


def one_of(typed: str, field: str, words: tuple[str, ...]) -> str:
    """Return a code of a list. Raise InvalidError."""
    if typed not in words:
        raise InvalidError(field=field, why="missing" if not typed else "unknown")
    return typed
