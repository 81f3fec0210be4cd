"""Tables of the waiting rooms; the unique slots make double entries and double calls impossible."""

from dataclasses import fields
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    ColumnElement,
    Date,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    and_,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.db import AsciiKey, BigId, Identified, Model, Projected, Sequenced, Versioned
from app.queues.rules import Standing
from app.queues.states import EntryStatus, MergeRule, PointStatus


class Service(Identified, Versioned, Model):
    """What is done to a patient (FHIR HealthcareService): its words and its usual length."""

    __tablename__ = "service"

    code: Mapped[str] = mapped_column(AsciiKey(32), unique=True)
    name_ko: Mapped[str] = mapped_column(String(80))
    name_en: Mapped[str] = mapped_column(String(80))
    preparation_ko: Mapped[str] = mapped_column(Text, default="")
    preparation_en: Mapped[str] = mapped_column(Text, default="")
    after_care_ko: Mapped[str] = mapped_column(Text, default="")
    after_care_en: Mapped[str] = mapped_column(Text, default="")
    duration_seconds: Mapped[int] = mapped_column(Integer, default=600)
    # Precedence (domain 1.5): services planned side by side may be done in any order, but for those that must follow.
    is_any_order: Mapped[bool] = mapped_column(Boolean, default=False)
    follows: Mapped[list[str]] = mapped_column(JSON, default=list)


class Queue(Sequenced, Model):
    """A service at a place, with the one line of people who wait for it."""

    __tablename__ = "queue"
    topic_kind = "queue"

    site: Mapped[str] = mapped_column(AsciiKey(32))
    unit: Mapped[UUID] = mapped_column(Uuid(), index=True)  # accounts' unit, by its public id
    service_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("service.id"), index=True)
    code: Mapped[str] = mapped_column(AsciiKey(32), unique=True)
    name_ko: Mapped[str] = mapped_column(String(80))
    name_en: Mapped[str] = mapped_column(String(80))
    place: Mapped[str] = mapped_column(AsciiKey(48))
    is_open: Mapped[bool] = mapped_column(Boolean, default=True)

    service: Mapped[Service] = relationship(lazy="raise")
    policy: Mapped["QueuePolicy"] = relationship(lazy="raise", uselist=False, back_populates="queue")


class QueuePolicy(Versioned, Model):
    """The stated rules of one queue, readable by staff and patients."""

    __tablename__ = "queue_policy"
    __table_args__ = (
        CheckConstraint("calls_ahead >= 1", name="calls_ahead"),
        CheckConstraint("max_calls >= 1", name="max_calls"),
        CheckConstraint("max_overtaken >= 1", name="max_overtaken"),
        CheckConstraint("merge_rule IN ('arrival','slot','head-start')", name="merge_rule"),
        Model.__table_args__,
    )

    queue_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("queue.id"), primary_key=True)
    early_tolerance_seconds: Mapped[int] = mapped_column(Integer, default=1800)
    check_in_before_seconds: Mapped[int] = mapped_column(Integer, default=3 * 3600)
    check_in_after_seconds: Mapped[int] = mapped_column(Integer, default=2 * 3600)
    call_expiry_seconds: Mapped[int] = mapped_column(Integer, default=180)
    max_calls: Mapped[int] = mapped_column(Integer, default=3)
    recall_gap_seconds: Mapped[int] = mapped_column(Integer, default=180)
    calls_ahead: Mapped[int] = mapped_column(Integer, default=1)
    least_service_seconds: Mapped[int] = mapped_column(Integer, default=30)
    shows_masked_name: Mapped[bool] = mapped_column(Boolean, default=False)
    takes_walk_ins: Mapped[bool] = mapped_column(Boolean, default=True)
    merge_rule: Mapped[str] = mapped_column(AsciiKey(16), default=MergeRule.SLOT)
    head_start_seconds: Mapped[int] = mapped_column(Integer, default=1200)
    grace_seconds: Mapped[int] = mapped_column(Integer, default=900)
    ageing_seconds: Mapped[int] = mapped_column(Integer, default=3600)
    max_overtaken: Mapped[int] = mapped_column(Integer, default=5)
    re_entry_places: Mapped[int] = mapped_column(Integer, default=2)
    max_re_entries: Mapped[int] = mapped_column(Integer, default=2)
    max_own_holds: Mapped[int] = mapped_column(Integer, default=1)
    own_hold_seconds: Mapped[int] = mapped_column(Integer, default=900)
    recalls_by_itself: Mapped[bool] = mapped_column(Boolean, default=True)
    keeps_credit: Mapped[bool] = mapped_column(Boolean, default=True)
    is_overnight: Mapped[bool] = mapped_column(Boolean, default=False)

    queue: Mapped[Queue] = relationship(back_populates="policy", lazy="raise")


class ServicePoint(Projected, Versioned, Model):
    """A room or desk where patients of one queue are served (FHIR Location)."""

    __tablename__ = "service_point"
    __table_args__ = (
        CheckConstraint("capacity >= 1", name="capacity"),
        CheckConstraint("status IN ('open','paused','closed')", name="status"),
        UniqueConstraint("queue_id", "name_ko"),
        Model.__table_args__,
    )
    topic_kind = "point"
    projected = frozenset({"name_ko", "name_en", "place", "status"})

    queue_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("queue.id"))
    name_ko: Mapped[str] = mapped_column(String(60))
    name_en: Mapped[str] = mapped_column(String(60))
    place: Mapped[str] = mapped_column(AsciiKey(48))
    capacity: Mapped[int] = mapped_column(Integer, default=1)
    status: Mapped[str] = mapped_column(AsciiKey(8), default=PointStatus.OPEN)
    status_reason: Mapped[str | None] = mapped_column(String(120))
    paused_until: Mapped[datetime | None]


class QueueEntry(Projected, Versioned, Model):
    """One stay of one visit in one queue (FHIR Task); slots are NULL where a status does not hold them."""

    __tablename__ = "queue_entry"
    __table_args__ = (
        UniqueConstraint("visit_id", "active_slot"),
        UniqueConstraint("visit_id", "engaged_slot"),
        UniqueConstraint("service_point_id", "serving_slot"),
        # The line, in the order of service.
        Index("ix_queue_entry_rank", "queue_id", "status", "rank_class", "eligible_at", "id"),
        Index("ix_queue_entry_held", "status", "held_until"),  # whose pause is over
        # What a room has called or inside.
        Index("ix_queue_entry_room", "service_point_id", "status"),
        CheckConstraint("active_slot IS NULL OR active_slot = 1", name="active_slot"),
        CheckConstraint("engaged_slot IS NULL OR engaged_slot = 1", name="engaged_slot"),
        Model.__table_args__,
    )
    topic_kind = "entry"
    # Not its place in the line, which changes with every neighbour.
    projected = frozenset(
        {
            "status",
            "service_point_id",
            "priority_class",
            "held_until",
            "call_count",
            "started_at",
            "ended_at",
            "ended_reason",
        }
    )

    visit_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("visit.id"))
    step_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("visit_step.id"), index=True)
    queue_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("queue.id"))
    service_point_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("service_point.id"))
    pinned_point_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("service_point.id"))
    number: Mapped[int] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(AsciiKey(20), default=EntryStatus.WAITING)
    # `priority_class` is what staff gave; `rank_class` orders the line, and grows by ageing and by being overtaken.
    priority_class: Mapped[int] = mapped_column(SmallInteger, default=0)
    rank_class: Mapped[int] = mapped_column(SmallInteger, default=0)
    eligible_at: Mapped[datetime]
    # What `eligible_at` was reckoned from: the arrival (or the end of the step before), and the booked time.
    since: Mapped[datetime]
    booked_at: Mapped[datetime | None]
    overtaken: Mapped[int] = mapped_column(Integer, default=0)
    # A skip or a re-entry put it behind others: `eligible_at` is their place and no reckoning.
    is_placed: Mapped[bool] = mapped_column(Boolean, default=False)
    previous_entry_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("queue_entry.id"))
    origin_entry_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("queue_entry.id"))
    # A round of calls ends with a missed call or one that was taken back; attempts count within it.
    round: Mapped[int] = mapped_column(SmallInteger, default=1)
    call_count: Mapped[int] = mapped_column(Integer, default=0)
    re_entries: Mapped[int] = mapped_column(SmallInteger, default=0)
    own_holds: Mapped[int] = mapped_column(SmallInteger, default=0)
    held_until: Mapped[datetime | None]
    held_reason: Mapped[str | None] = mapped_column(String(120))
    served_seconds: Mapped[int] = mapped_column(
        Integer, default=0
    )  # of earlier parts of an interrupted service
    ended_reason: Mapped[str | None] = mapped_column(AsciiKey(32))
    active_slot: Mapped[int | None] = mapped_column(SmallInteger)
    engaged_slot: Mapped[int | None] = mapped_column(SmallInteger)
    serving_slot: Mapped[int | None] = mapped_column(SmallInteger)
    joined_at: Mapped[datetime]
    called_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    @property
    def standing(self) -> Standing:
        """Return what the place in the line was made of."""
        return Standing(**{field.name: getattr(self, field.name) for field in fields(Standing)})


class Call(Identified, Model):
    """One calling of one entry (FHIR Communication); a recall is a new one, so it is spoken again."""

    __tablename__ = "queue_call"
    __table_args__ = (
        UniqueConstraint("entry_id", "round", "attempt", "live_slot"),
        Index("ix_queue_call_recent", "queue_id", "at"),  # the board's last calls
        Model.__table_args__,
    )

    entry_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("queue_entry.id"))
    queue_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("queue.id"))
    service_point_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("service_point.id"))
    number: Mapped[int] = mapped_column(Integer)
    round: Mapped[int] = mapped_column(SmallInteger, default=1)
    attempt: Mapped[int] = mapped_column(Integer)
    live_slot: Mapped[int | None] = mapped_column(SmallInteger, default=1)
    called_by: Mapped[UUID | None] = mapped_column(Uuid())
    at: Mapped[datetime]
    expires_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]


class Counter(Model):
    """The last number given out, by site, day and series; raised by one atomic UPDATE."""

    __tablename__ = "counter"
    __table_args__ = (UniqueConstraint("site", "business_date", "series"), Model.__table_args__)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    site: Mapped[str] = mapped_column(AsciiKey(32))
    business_date: Mapped[date] = mapped_column(Date)
    series: Mapped[str] = mapped_column(AsciiKey(16))
    last: Mapped[int] = mapped_column(Integer, default=0)


def is_current_call() -> ColumnElement[bool]:
    """Return the condition that joins an entry with its newest call of the present round, if that stands."""
    return and_(
        Call.entry_id == QueueEntry.id,
        Call.round == QueueEntry.round,
        Call.attempt == QueueEntry.call_count,
        Call.live_slot == 1,
    )
