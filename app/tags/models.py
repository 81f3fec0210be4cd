"""Tables of the tags: what hangs where, and every time a phone was held to it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import AsciiKey, BigId, Identified, Model, Versioned
from app.tags.rules import ID_CHARS, LONGEST_NAME, TagKind


class Touchpoint(Identified, Versioned, Model):
    """An NFC tag with its QR code; the label's mac is computed from `key_version`, never stored."""

    __tablename__ = "touchpoint"
    __table_args__ = (
        CheckConstraint(f"kind IN ({', '.join(repr(kind.value) for kind in TagKind)})", name="kind"),
        CheckConstraint("key_version >= 1", name="key_version"),
        CheckConstraint("is_active = (revoked_at IS NULL)", name="revoked"),
        Model.__table_args__,
    )

    token_id: Mapped[str] = mapped_column(AsciiKey(ID_CHARS), unique=True)
    kind: Mapped[str] = mapped_column(AsciiKey(16))
    # While a tag hangs there, the map cannot lose the place; its code never changes.
    node_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("map_node.id"), index=True)
    place: Mapped[str] = mapped_column(AsciiKey(64))
    name_ko: Mapped[str] = mapped_column(String(LONGEST_NAME))
    name_en: Mapped[str] = mapped_column(String(LONGEST_NAME))
    key_version: Mapped[int] = mapped_column(Integer, default=1)
    is_active: Mapped[bool] = mapped_column(default=True)
    revoked_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class Tap(Model):
    """One scan of one tag; only ever added. It holds no name: a session by fingerprint, a visit by id."""

    __tablename__ = "tap"
    __table_args__ = (
        Index("ix_tap_touchpoint_id_at", "touchpoint_id", "at"),  # is this tag still in use
        Index("ix_tap_visit_id_at", "visit_id", "at"),  # where the way begins
        Model.__table_args__,
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    touchpoint_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("touchpoint.id"))
    at: Mapped[datetime]
    actor_kind: Mapped[str] = mapped_column(AsciiKey(16))
    session_id: Mapped[str | None] = mapped_column(AsciiKey(64))
    visit_id: Mapped[UUID | None] = mapped_column(Uuid())
    client_id: Mapped[UUID | None] = mapped_column(Uuid())
