"""Tables of the journey: the visit, its steps, and the history that only grows."""

from datetime import date, datetime
from typing import Any
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
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import AsciiKey, BigId, Model, Projected, Sequenced, Versioned
from app.journey.states import State, StepStatus


class Visit(Sequenced, Versioned, Model):
    """One visit of one patient (FHIR Encounter); `state` is derived from the facts beside it."""

    __tablename__ = "visit"
    __table_args__ = (
        UniqueConstraint("site", "business_date", "day_number"),
        # NULL once finished, so that a second visit the same day may follow.
        UniqueConstraint("patient_id", "business_date", "appointment_key", "open_slot"),
        Index("ix_visit_day", "business_date", "state"),  # desk and cashier lists
        CheckConstraint("open_slot IS NULL OR open_slot = 1", name="open_slot"),
        CheckConstraint("(state = 'FINISHED') = (disposition IS NOT NULL)", name="finished_has_disposition"),
        Model.__table_args__,
    )
    topic_kind = "visit"

    site: Mapped[str] = mapped_column(AsciiKey(32))
    business_date: Mapped[date] = mapped_column(Date)
    patient_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("patient.id"))
    appointment_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("appointment.id"))
    appointment_key: Mapped[int] = mapped_column(BigInteger, default=0)
    open_slot: Mapped[int | None] = mapped_column(SmallInteger, default=1)
    state: Mapped[str] = mapped_column(AsciiKey(16), default=State.UNREGISTERED)
    day_number: Mapped[int | None] = mapped_column(Integer)
    disposition: Mapped[str | None] = mapped_column(AsciiKey(24))
    expected_at: Mapped[datetime | None]
    arrived_at: Mapped[datetime | None]
    arrived_place: Mapped[str | None] = mapped_column(AsciiKey(48))
    registered_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    previous_visit_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("visit.id"))
    history_length: Mapped[int] = mapped_column(Integer, default=0)


class VisitStep(Projected, Model):
    """One planned service of a visit (FHIR ServiceRequest); `after` lists the ordinals that come first."""

    __tablename__ = "visit_step"
    __table_args__ = (UniqueConstraint("visit_id", "ordinal"), Model.__table_args__)
    topic_kind = "step"
    projected = frozenset({"status", "is_mandatory", "after", "order_ref"})

    visit_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("visit.id"))
    service_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("service.id"))
    service_code: Mapped[str] = mapped_column(AsciiKey(32))
    ordinal: Mapped[int] = mapped_column(Integer)
    after: Mapped[list[int]] = mapped_column(JSON)
    is_mandatory: Mapped[bool] = mapped_column(Boolean, default=True)
    status: Mapped[str] = mapped_column(AsciiKey(12), default=StepStatus.PLANNED)
    order_ref: Mapped[UUID | None] = mapped_column(Uuid())


class FlowEvent(Model):
    """One line of a visit's history; `seq` counts per visit without gap, `before` is what undo brings back."""

    __tablename__ = "flow_event"
    __table_args__ = (
        UniqueConstraint("visit_id", "seq"),
        Index("ix_flow_event_command", "visit_id", "command_id"),
        Model.__table_args__,
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    visit_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("visit.id"))
    entry_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("queue_entry.id"))
    seq: Mapped[int] = mapped_column(Integer)
    command: Mapped[str] = mapped_column(AsciiKey(16))
    command_id: Mapped[UUID] = mapped_column(Uuid())
    from_state: Mapped[str] = mapped_column(AsciiKey(16))
    to_state: Mapped[str] = mapped_column(AsciiKey(16))
    entry_from: Mapped[str | None] = mapped_column(AsciiKey(20))
    entry_to: Mapped[str | None] = mapped_column(AsciiKey(20))
    actor_kind: Mapped[str] = mapped_column(AsciiKey(16))
    actor_id: Mapped[UUID | None] = mapped_column(Uuid())
    actor_role: Mapped[str] = mapped_column(AsciiKey(24))
    reason: Mapped[str | None] = mapped_column(String(300))
    before: Mapped[dict[str, Any]] = mapped_column(JSON)
    at: Mapped[datetime]


class VisitLink(Model):
    """A one-time link from slip or message to the visit's page; binds to the first phone that opens it."""

    __tablename__ = "visit_link"

    digest: Mapped[str] = mapped_column(AsciiKey(64), primary_key=True)
    visit_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("visit.id"), index=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    client_id: Mapped[UUID | None] = mapped_column(Uuid())  # the phone that opened it first
