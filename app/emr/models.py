"""Patients and what is known of them, appointments, and what each row said before."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.orm import Mapped, mapped_column, validates

from app.core.db import AsciiKey, BigId, Identified, Model, Projected, Sequenced, Versioned
from app.emr.rules import initials_of


class Patient(Sequenced, Versioned, Model):
    """A person (FHIR Patient); the phone is kept as a hash and its last four digits."""

    __tablename__ = "patient"
    __table_args__ = (
        # Simple log-in: last four digits and birth date.
        Index("ix_patient_identity", "phone_last4", "birth_date"),
        Index("ix_patient_name", "name"),  # search by how it begins
        Index("ix_patient_initials", "name_initials"),  # search by 초성
        Index("ix_patient_birth", "birth_date", "name"),  # search by birth date
        CheckConstraint("length(phone_last4) = 4", name="phone_last4_length"),
        CheckConstraint("gender IN ('male','female','other','unknown')", name="gender"),
        CheckConstraint("replaced_by_id IS NULL OR NOT is_active", name="replaced"),
        Model.__table_args__,
    )
    topic_kind = "patient"

    mrn: Mapped[str] = mapped_column(AsciiKey(32), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    name_initials: Mapped[str] = mapped_column(String(100), default="", server_default="")
    birth_date: Mapped[date] = mapped_column(Date)
    phone_hash: Mapped[str | None] = mapped_column(AsciiKey(64))
    # NULL: nobody has told a number, so that no simple log-in finds this patient.
    phone_last4: Mapped[str | None] = mapped_column(AsciiKey(4))
    gender: Mapped[str | None] = mapped_column(AsciiKey(8))  # FHIR administrative-gender
    # A duplicate that was merged away is kept, and points to the record that lives on (FHIR Patient.link).
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)
    replaced_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("patient.id"))
    sees_desk_first: Mapped[bool] = mapped_column(Boolean, default=False)
    is_demo_reserved: Mapped[bool] = mapped_column(Boolean, default=False)
    created_at: Mapped[datetime]

    @validates("name")
    def _keep_initials(self, _key: str, name: str) -> str:
        self.name_initials = initials_of(name)
        return name


class Appointment(Projected, Versioned, Model):
    """A booked time (FHIR Appointment) and the services planned for it, in their order."""

    __tablename__ = "appointment"
    __table_args__ = (
        Index("ix_appointment_day", "business_date", "starts_at"),  # today's list
        CheckConstraint(
            "status IN ('booked','arrived','checked-in','fulfilled','cancelled','noshow')", name="status"
        ),
        Model.__table_args__,
    )
    topic_kind = "appointment"
    projected = frozenset({"patient_id", "starts_at", "planned", "status"})

    patient_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("patient.id"), index=True)
    business_date: Mapped[date] = mapped_column(Date)
    starts_at: Mapped[datetime]
    planned: Mapped[list[str]] = mapped_column(JSON)
    status: Mapped[str] = mapped_column(AsciiKey(16), default="booked")


class OfPatient(Identified):
    """A row of a patient's record that goes over when two records become one."""

    __tablename__: str
    patient_id: Mapped[int]


class PatientIdentifier(OfPatient, Versioned, Model):
    """A number under which somebody else knows the patient (FHIR Patient.identifier); one owner each.

    `system` says whose numbers they are: an address, or the issuer's name as the desk writes it.
    """

    __tablename__ = "patient_identifier"
    __table_args__ = (
        # NULL once it has ended, so that the number may be somebody's again.
        UniqueConstraint("system", "value", "open_slot"),
        Index("ix_patient_identifier_value", "value"),  # search by number, whoever gave it
        CheckConstraint("kind IN ('hospital','insurance','previous','other')", name="kind"),
        CheckConstraint("open_slot IS NULL OR open_slot = 1", name="open_slot"),
        CheckConstraint("(open_slot IS NULL) = (ended_at IS NOT NULL)", name="ended_frees_slot"),
        Model.__table_args__,
    )

    patient_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("patient.id"), index=True)
    kind: Mapped[str] = mapped_column(AsciiKey(12))
    system: Mapped[str] = mapped_column(String(128))
    value: Mapped[str] = mapped_column(AsciiKey(64))
    open_slot: Mapped[int | None] = mapped_column(SmallInteger, default=1)
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class PatientContact(OfPatient, Versioned, Model):
    """Whom to phone (FHIR Patient.contact); unlike the patient's own number it is there to be dialled."""

    __tablename__ = "patient_contact"
    __table_args__ = (
        CheckConstraint(
            "relation IN ('spouse','parent','child','sibling','guardian','friend','other')", name="relation"
        ),
        Model.__table_args__,
    )

    patient_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("patient.id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    relation: Mapped[str] = mapped_column(AsciiKey(12))
    phone: Mapped[str] = mapped_column(AsciiKey(20))
    removed_at: Mapped[datetime | None]


class PatientAllergy(OfPatient, Versioned, Model):
    """What must not be given (FHIR AllergyIntolerance); one that was never true is `entered-in-error`."""

    __tablename__ = "patient_allergy"
    __table_args__ = (
        CheckConstraint("criticality IN ('low','high','unable-to-assess')", name="criticality"),
        CheckConstraint("status IN ('active','inactive','entered-in-error')", name="status"),
        Model.__table_args__,
    )

    patient_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("patient.id"), index=True)
    substance: Mapped[str] = mapped_column(String(120))
    reaction: Mapped[str] = mapped_column(String(300), default="")
    criticality: Mapped[str] = mapped_column(AsciiKey(16))
    status: Mapped[str] = mapped_column(AsciiKey(16), default="active")
    recorded_at: Mapped[datetime]


class PatientFlag(OfPatient, Versioned, Model):
    """What everybody must know before they go near (FHIR Flag): risk of falling, isolation."""

    __tablename__ = "patient_flag"
    __table_args__ = (
        CheckConstraint("kind IN ('fall-risk','infection','language','hearing','other')", name="kind"),
        Model.__table_args__,
    )

    patient_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("patient.id"), index=True)
    kind: Mapped[str] = mapped_column(AsciiKey(12))
    text: Mapped[str] = mapped_column(String(200), default="")
    raised_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class EncounterNote(OfPatient, Versioned, Model):
    """What was found and done in a visit, one text per kind, written by several; taken away, its row stays.

    The visit stands on a higher storey and is known by its public id.
    """

    __tablename__ = "encounter_note"
    __table_args__ = (
        # One text per visit and kind, so that two who begin it at once meet, and nobody's is hidden behind it.
        UniqueConstraint("visit_id", "kind"),
        Index("ix_encounter_note_patient", "patient_id", "updated_at"),  # the record's page of notes
        CheckConstraint("kind IN ('medical','nursing')", name="kind"),
        Model.__table_args__,
    )

    patient_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("patient.id"))
    visit_id: Mapped[UUID] = mapped_column(Uuid())
    kind: Mapped[str] = mapped_column(AsciiKey(8))
    text: Mapped[str] = mapped_column(Text)
    author: Mapped[UUID | None] = mapped_column(Uuid())
    author_name: Mapped[str] = mapped_column(String(100), default="")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class PatientMerge(Identified, Model):
    """The trail of a merge: who, why, and by their public ids which rows went over, so that it can be undone."""

    __tablename__ = "patient_merge"
    __table_args__ = (Model.__table_args__,)

    patient_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("patient.id"), index=True)
    into_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("patient.id"), index=True)
    moved: Mapped[dict[str, list[str]]] = mapped_column(JSON)
    reason: Mapped[str] = mapped_column(String(300), default="")
    by_kind: Mapped[str] = mapped_column(AsciiKey(16))
    by_id: Mapped[UUID | None] = mapped_column(Uuid())
    by_name: Mapped[str] = mapped_column(String(100), default="")
    at: Mapped[datetime]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[UUID | None] = mapped_column(Uuid())


class RecordVersion(Model):
    """What a row said in one version, by whom and when; written with each change, never changed.

    From it a form that comes too late learns what it had seen (the base), and who was faster.
    """

    __tablename__ = "record_version"
    __table_args__ = (UniqueConstraint("aggregate", "version"), Model.__table_args__)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(AsciiKey(12))
    aggregate: Mapped[UUID] = mapped_column(Uuid())
    version: Mapped[int] = mapped_column(Integer)
    fields: Mapped[dict[str, str]] = mapped_column(JSON)
    by_kind: Mapped[str] = mapped_column(AsciiKey(16))
    by_id: Mapped[UUID | None] = mapped_column(Uuid())
    by_name: Mapped[str] = mapped_column(String(100), default="")
    at: Mapped[datetime]


class EmergencyAccess(Identified, Model):
    """Sixty minutes in which somebody reads a record that is not theirs, for a reason that is looked at."""

    __tablename__ = "emergency_access"
    __table_args__ = (
        Index("ix_emergency_access_staff", "staff_id", "patient_id", "until"),  # may this reader, now?
        CheckConstraint("length(reason) > 0", name="reason"),
        Model.__table_args__,
    )

    patient_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("patient.id"), index=True)
    staff_id: Mapped[UUID] = mapped_column(Uuid())
    reason: Mapped[str] = mapped_column(String(300))
    begun_at: Mapped[datetime]
    until: Mapped[datetime]
