"""Tables of the FHIR room: who is known to a target by which id, what it takes, and how far we have read it."""

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import AsciiKey, BigId, Identified, MediumText, Model
from app.fhir.rules import LONGEST_ETAG, LONGEST_REMOTE_ID


class Link(Model):
    """One of our aggregates as a target knows it; `is_theirs` where the target had it first."""

    __tablename__ = "fhir_link"
    __table_args__ = (
        UniqueConstraint("target", "kind", "aggregate_id"),
        UniqueConstraint("target", "resource_type", "remote_id"),
        Model.__table_args__,
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    target: Mapped[str] = mapped_column(AsciiKey(32))
    kind: Mapped[str] = mapped_column(AsciiKey(32))
    aggregate_id: Mapped[str] = mapped_column(AsciiKey(36))
    resource_type: Mapped[str] = mapped_column(AsciiKey(32))
    remote_id: Mapped[str] = mapped_column(AsciiKey(LONGEST_REMOTE_ID))
    etag: Mapped[str | None] = mapped_column(AsciiKey(LONGEST_ETAG))  # opaque; as last seen
    is_theirs: Mapped[bool] = mapped_column(Boolean, default=False)
    delivered_seq: Mapped[int] = mapped_column(BigInteger, default=0)
    delivered_at: Mapped[datetime | None]


class Conflict(Identified, Model):
    """Somebody else had changed what we wrote: both texts, for the people who must look."""

    __tablename__ = "fhir_conflict"
    __table_args__ = (
        Index("ix_fhir_conflict_at", "at"),  # the newest first; the purge
        CheckConstraint("outcome IN ('ours_written','given_up')", name="outcome"),
        Model.__table_args__,
    )

    target: Mapped[str] = mapped_column(AsciiKey(32))
    kind: Mapped[str] = mapped_column(AsciiKey(32))
    aggregate_id: Mapped[str] = mapped_column(AsciiKey(36))
    seq: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime]
    ours: Mapped[str] = mapped_column(MediumText)
    theirs: Mapped[str] = mapped_column(MediumText)
    their_version: Mapped[str] = mapped_column(AsciiKey(LONGEST_ETAG))
    outcome: Mapped[str] = mapped_column(AsciiKey(16))


class Capability(Model):
    """Whether a target takes a type of resource, and who says so; an admin's word is not learnt over."""

    __tablename__ = "fhir_capability"
    __table_args__ = (
        CheckConstraint("decided_by IN ('metadata','answer','admin')", name="decided_by"),
        Model.__table_args__,
    )

    target: Mapped[str] = mapped_column(AsciiKey(32), primary_key=True)
    resource_type: Mapped[str] = mapped_column(AsciiKey(32), primary_key=True)
    is_taken: Mapped[bool] = mapped_column(Boolean)
    allows_our_ids: Mapped[bool | None] = mapped_column(Boolean)
    decided_by: Mapped[str] = mapped_column(AsciiKey(16))
    detail: Mapped[str | None] = mapped_column(String(300))
    at: Mapped[datetime]


class Sync(Model):
    """How far one type of resource was read from a target."""

    __tablename__ = "fhir_sync"
    __table_args__ = (Model.__table_args__,)

    target: Mapped[str] = mapped_column(AsciiKey(32), primary_key=True)
    resource_type: Mapped[str] = mapped_column(AsciiKey(32), primary_key=True)
    watermark: Mapped[datetime | None]  # Resource.meta.lastUpdated of the last page that was absorbed
    tried_at: Mapped[datetime | None]
    succeeded_at: Mapped[datetime | None]
    asked_at: Mapped[datetime | None]  # the target said that there is news
    last_error: Mapped[str | None] = mapped_column(String(300))
    taken: Mapped[int] = mapped_column(Integer, default=0)
    echoes: Mapped[int] = mapped_column(Integer, default=0)
    # On the row of all types together: who reads this target now, and until when at the latest.
    lease_token: Mapped[str | None] = mapped_column(AsciiKey(36))
    lease_until: Mapped[datetime | None]


class Unmatched(Model):
    """A resource of a target that could not be taken over, and why; gone when it could."""

    __tablename__ = "fhir_unmatched"
    __table_args__ = (
        UniqueConstraint("target", "resource_type", "remote_id"),
        Model.__table_args__,
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    target: Mapped[str] = mapped_column(AsciiKey(32))
    resource_type: Mapped[str] = mapped_column(AsciiKey(32))
    remote_id: Mapped[str] = mapped_column(AsciiKey(LONGEST_REMOTE_ID))
    version_id: Mapped[str | None] = mapped_column(AsciiKey(LONGEST_ETAG))
    reason: Mapped[str] = mapped_column(AsciiKey(48))  # a code; doors translate
    detail: Mapped[str | None] = mapped_column(String(120))
    at: Mapped[datetime]
