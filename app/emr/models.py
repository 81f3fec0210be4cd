"""Patients and appointments."""

from datetime import date, datetime

from sqlalchemy import JSON, BigInteger, Boolean, CheckConstraint, Date, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import AsciiKey, Model, Projected, Sequenced, Versioned


class Patient(Sequenced, Versioned, Model):
    """A person (FHIR Patient); the phone is kept as a hash and its last four digits."""

    __tablename__ = "patient"
    __table_args__ = (
        # Simple log-in: last four digits and birth date.
        Index("ix_patient_identity", "phone_last4", "birth_date"),
        CheckConstraint("length(phone_last4) = 4", name="phone_last4_length"),
        CheckConstraint("gender IN ('male','female','other','unknown')", name="gender"),
        CheckConstraint("replaced_by_id IS NULL OR NOT is_active", name="replaced"),
        Model.__table_args__,
    )
    topic_kind = "patient"

    mrn: Mapped[str] = mapped_column(AsciiKey(32), unique=True)
    name: Mapped[str] = mapped_column(String(100))
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
