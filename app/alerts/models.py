"""Tables of alerts: the posts that screens follow, and the alerts, one open per cause."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.alerts.rules import Facts, Kind, Outcome, Post
from app.core.db import AsciiKey, Identified, Model, Sequenced, Versioned


class AlertPost(Sequenced, Model):
    """Where alerts are answered; its public id is the unit's own, or one of the house's two.

    Its row is held while one of its alerts changes: so one cause is found or raised, and screens see an order.
    """

    __tablename__ = "alert_post"
    topic_kind = "alerts"


class Alert(Identified, Versioned, Model):
    """Something that somebody of the staff is to do now (FHIR Task); ended ones keep no slot."""

    __tablename__ = "alert"
    __table_args__ = (
        UniqueConstraint("cause", "open_slot"),
        Index("ix_alert_post", "post_id", "open_slot"),  # what a post shows
        Index("ix_alert_escalated", "open_slot", "escalated_at"),  # what the charge nurses are shown
        Index("ix_alert_raised", "raised_at"),  # the month's report
        Index("ix_alert_ended", "ended_at"),  # the purge
        CheckConstraint("priority BETWEEN 1 AND 3", name="priority"),
        CheckConstraint("owner IN ('ward','desk')", name="owner"),
        CheckConstraint("open_slot IS NULL OR open_slot = 1", name="open_slot"),
        CheckConstraint("(open_slot IS NULL) = (ended_at IS NOT NULL)", name="ended_has_no_slot"),
        CheckConstraint("(ended_at IS NULL) = (outcome IS NULL)", name="ended_has_outcome"),
        CheckConstraint("outcome IN ('done','dismissed','lapsed','cleared')", name="outcome"),
        CheckConstraint("snoozed_minutes BETWEEN 0 AND 15", name="snoozed_minutes"),
        CheckConstraint("occurrences >= 1", name="occurrences"),
        Model.__table_args__,
    )

    post_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("alert_post.id"))
    kind: Mapped[str] = mapped_column(AsciiKey(24))
    priority: Mapped[int] = mapped_column(SmallInteger)
    cause: Mapped[str] = mapped_column(AsciiKey(96))
    open_slot: Mapped[int | None] = mapped_column(SmallInteger, default=1)
    owner: Mapped[str] = mapped_column(AsciiKey(8))
    unit: Mapped[UUID | None] = mapped_column(Uuid())  # accounts' unit, by its public id
    queue_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("queue.id"))
    visit_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("visit.id"))
    device_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("device.id"))
    number: Mapped[int | None] = mapped_column(Integer)  # the day's number, which boards show too
    occurrences: Mapped[int] = mapped_column(Integer, default=1)
    raised_at: Mapped[datetime]
    last_at: Mapped[datetime]
    taken_by: Mapped[UUID | None] = mapped_column(Uuid())
    taken_at: Mapped[datetime | None]
    snoozed_until: Mapped[datetime | None]
    snoozed_minutes: Mapped[int] = mapped_column(SmallInteger, default=0)
    escalated_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(AsciiKey(12))
    reason: Mapped[str | None] = mapped_column(String(120))

    @property
    def facts(self) -> Facts:
        """Return what the rules look at."""
        return Facts(
            kind=Kind(self.kind),
            raised_at=self.raised_at,
            taken_at=self.taken_at,
            snoozed_until=self.snoozed_until,
            escalated_at=self.escalated_at,
            ended_at=self.ended_at,
        )

    @property
    def place(self) -> Post:
        """Return which kind of post has to answer."""
        return Post(self.owner)

    def end(self, outcome: Outcome, at: datetime) -> None:
        """Give the slot back."""
        self.outcome, self.ended_at, self.open_slot = outcome, at, None
        self.snoozed_until = None
        self.version += 1
