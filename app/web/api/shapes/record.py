"""A patient's record. What partners are told is said here once more: a query may gain what is not for them."""

from datetime import date, datetime
from uuid import UUID

from app.emr.rules import NoteKind
from app.web.api.shapes.base import Paged, Told, Versioned


class PersonShape(Told):
    """Who somebody is."""

    mrn: str
    name: str
    birth_date: date
    gender: str | None
    phone_last4: str


class PatientRecord(PersonShape, Versioned):
    """A patient's own data."""


class NoteShape(Told):
    """One text of a visit; version 0 and empty where nobody has written yet."""

    version: int
    text: str
    author_name: str
    updated_at: datetime | None


class EncounterNotes(Versioned):
    """What was noted in a visit; `version` rises by one with every change of either text."""

    patient_id: UUID
    medical: NoteShape
    nursing: NoteShape


class RecordRowShape(PersonShape):
    """A record that a search fits, with what tells two people of one name apart."""

    id: UUID
    is_active: bool


class RecordsShape(Paged):
    """A page of the records that a search fits, the living ones first."""

    patients: list[RecordRowShape]


class IdentifierShape(Versioned):
    """A number under which somebody else knows the patient; `system` is an address, or the issuer's name."""

    kind: str
    system: str
    value: str


class ContactShape(Versioned):
    """Whom to phone."""

    name: str
    relation: str
    phone: str


class AllergyShape(Versioned):
    """What must not be given."""

    substance: str
    reaction: str
    criticality: str
    status: str


class FlagShape(Versioned):
    """What everybody must know before they go near."""

    kind: str
    text: str


class DuplicateShape(Told):
    """A merge that stands; `id` is what is undone."""

    id: UUID
    is_into_this: bool
    patient_id: UUID
    mrn: str
    reason: str
    by_name: str
    at: datetime


class RecordShape(PersonShape, Versioned):
    """Everything of a patient that is not of one visit; clinical parts null for who may not read them."""

    is_active: bool
    identifiers: list[IdentifierShape]
    contacts: list[ContactShape]
    allergies: list[AllergyShape] | None
    flags: list[FlagShape] | None
    duplicates: list[DuplicateShape]


class WrittenShape(Versioned):
    """What was written into a record, and the version in which it stands."""


class NoteVersionShape(Told):
    """What a text said in one version; empty where it was taken away."""

    kind: NoteKind
    version: int
    text: str
    by_name: str
    at: datetime


class NoteHistoryShape(Paged):
    """A page of every version of a visit's texts, the newest first."""

    versions: list[NoteVersionShape]


class MergedShape(Told):
    """Whose record it is now."""

    patient_id: UUID
