"""Notices, where browsers are reached, and what a patient wants to be told."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Boolean, CheckConstraint, Index, SmallInteger, Text, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import AsciiKey, Identified, Model, Sequenced
from app.notices.rules import Channel, Status


class Notice(Sequenced, Model):
    """One thing told once by one way; the visit and the patient by their public ids, as they live upstairs."""

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("visit_id", "kind", "occasion", "channel"),
        Index("ix_notice_created", "created_at"),  # the purge
        CheckConstraint("channel IN ('page','push','sms')", name="channel"),
        CheckConstraint("status IN ('pending','sent','skipped','failed')", name="status"),
        Model.__table_args__,
    )
    topic_kind = "notice"

    visit_id: Mapped[UUID] = mapped_column(Uuid())
    patient_id: Mapped[UUID | None] = mapped_column(Uuid())
    kind: Mapped[str] = mapped_column(AsciiKey(16))
    occasion: Mapped[str] = mapped_column(AsciiKey(64))
    channel: Mapped[str] = mapped_column(AsciiKey(8))
    params: Mapped[dict[str, Any]] = mapped_column(JSON)
    lang: Mapped[str] = mapped_column(AsciiKey(8))
    status: Mapped[str] = mapped_column(AsciiKey(8), default=Status.PENDING)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]

    @property
    def promise_kind(self) -> str:
        """Promise to the way it goes by, and to no other consumer."""
        return promise_kind(Channel(self.channel))


def promise_kind(channel: Channel) -> str:
    """Return the kind under which notices of a channel are promised."""
    return f"notice-{channel}"


class PushSubscription(Identified, Model):
    """A browser that wants to be told about a visit; its address is a secret of its own."""

    __tablename__ = "push_subscription"
    __table_args__ = (
        UniqueConstraint("visit_id", "endpoint_hash"),
        Index("ix_push_subscription_created", "created_at"),  # the purge
        Model.__table_args__,
    )

    visit_id: Mapped[UUID] = mapped_column(Uuid())
    endpoint: Mapped[str] = mapped_column(Text)
    endpoint_hash: Mapped[str] = mapped_column(AsciiKey(64))
    p256dh: Mapped[str] = mapped_column(AsciiKey(100))
    auth: Mapped[str] = mapped_column(AsciiKey(32))
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class NoticePreference(Model):
    """What a patient wants to be told about one visit."""

    __tablename__ = "notice_preference"
    __table_args__ = (
        CheckConstraint("near_turn_people BETWEEN 1 AND 10", name="near_turn_people"),
        Index("ix_notice_preference_changed", "changed_at"),  # the purge
        Model.__table_args__,
    )

    visit_id: Mapped[UUID] = mapped_column(Uuid(), primary_key=True)
    near_turn_people: Mapped[int | None] = mapped_column(SmallInteger)
    wants_sms: Mapped[bool] = mapped_column(Boolean, default=False)
    changed_at: Mapped[datetime]
