"""Accounts' tables: units, staff, devices, sessions; every secret that opens something is a digest."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.db import AsciiKey, BigId, Identified, Model

DIGEST = 64  # hexadecimal SHA-256

staff_unit = Table(
    "staff_unit",
    Model.metadata,
    Column("staff_id", ForeignKey("staff.id", ondelete="CASCADE"), primary_key=True),
    Column("unit_id", ForeignKey("unit.id", ondelete="CASCADE"), primary_key=True, index=True),
    **Model.__table_args__,
)


class Unit(Identified, Model):
    """A ward or department: staff own what stands in theirs."""

    __tablename__ = "unit"
    __table_args__ = (Model.__table_args__,)

    code: Mapped[str] = mapped_column(AsciiKey(32), unique=True)
    name_ko: Mapped[str] = mapped_column(String(100))
    name_en: Mapped[str] = mapped_column(String(100))


class Staff(Identified, Model):
    """A member of staff who may sign in."""

    __tablename__ = "staff"
    __table_args__ = (Model.__table_args__,)

    username: Mapped[str] = mapped_column(AsciiKey(40), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    role: Mapped[str] = mapped_column(AsciiKey(24))
    password_hash: Mapped[str] = mapped_column(AsciiKey(255))
    password_changed_at: Mapped[datetime]
    pin_hash: Mapped[str | None] = mapped_column(AsciiKey(255))  # reopens a locked screen, never signs in
    totp_secret: Mapped[str | None] = mapped_column(Text)  # sealed with SECRET_KEY
    totp_last_step: Mapped[int | None] = mapped_column(BigInteger)  # a code is good once
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    units: Mapped[list[Unit]] = relationship(secondary=staff_unit, order_by=Unit.code)

    @property
    def is_disabled(self) -> bool:
        """Whether the account is out of use."""
        return self.disabled_at is not None


class Device(Identified, Model):
    """A kiosk or a board: bound to a place and a role, opened by one pairing code, revocable."""

    __tablename__ = "device"
    __table_args__ = (Model.__table_args__,)

    kind: Mapped[str] = mapped_column(AsciiKey(8))
    name: Mapped[str] = mapped_column(String(100))
    place: Mapped[str | None] = mapped_column(AsciiKey(64))  # code of the map's node
    queue_id: Mapped[UUID | None]  # public id: a queue stands on a higher storey
    pairing_digest: Mapped[str | None] = mapped_column(AsciiKey(DIGEST), unique=True)
    pairing_expires_at: Mapped[datetime | None]
    secret_digest: Mapped[str | None] = mapped_column(AsciiKey(DIGEST), unique=True)
    rotated_at: Mapped[datetime | None]
    paired_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class AuthSession(Identified, Model):
    """Somebody's time with us: the browser holds the secret, the row only its digest; revoked rows stay."""

    __tablename__ = "auth_session"
    __table_args__ = (
        Index("ix_auth_session_staff", "staff_id", "revoked_at"),  # end all of one's sessions
        Index("ix_auth_session_device", "device_id", "revoked_at"),
        Index("ix_auth_session_visit", "visit_id", "revoked_at"),
        Index("ix_auth_session_absolute_end", "absolute_end"),  # the purge
        Model.__table_args__,
    )

    sid_digest: Mapped[str] = mapped_column(AsciiKey(DIGEST), unique=True)
    kind: Mapped[str] = mapped_column(AsciiKey(8))  # who: staff, patient, kiosk, board
    channel: Mapped[str] = mapped_column(AsciiKey(8))  # how: cookie or api; one never opens the other
    role: Mapped[str] = mapped_column(AsciiKey(24))  # as it was at sign-in: a changed role ends the session
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"))
    device_id: Mapped[int | None] = mapped_column(ForeignKey("device.id", ondelete="CASCADE"))
    visit_id: Mapped[UUID | None]  # public id: a visit stands on a higher storey
    client_id: Mapped[UUID | None]  # the browser's device cookie, or the kiosk's id
    ip: Mapped[str | None] = mapped_column(AsciiKey(45))
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]  # the person's last gesture: what pages ask by themselves does not count
    idle_seconds: Mapped[int] = mapped_column(Integer)
    idle_end: Mapped[datetime]
    absolute_end: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_reason: Mapped[str | None] = mapped_column(AsciiKey(32))
    locked_at: Mapped[datetime | None]  # the screen is covered since then; staff's browsers only


class SignInFailure(Model):
    """One failed try (or a house-wide pause, kind `patient-pause`): limits hold without Redis."""

    __tablename__ = "sign_in_failure"
    __table_args__ = (
        Index("ix_sign_in_failure_kind", "kind", "at"),
        Index("ix_sign_in_failure_client", "client_id", "kind", "at"),
        Index("ix_sign_in_failure_net", "net", "kind", "at"),
        Index("ix_sign_in_failure_identity", "identity", "kind", "at"),
        Model.__table_args__,
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(AsciiKey(16))
    identity: Mapped[str] = mapped_column(AsciiKey(DIGEST))  # keyed: four digits and a birthday are guessable
    client_id: Mapped[UUID | None] = mapped_column(Uuid())
    net: Mapped[str | None] = mapped_column(AsciiKey(45))


class SocketTicket(Model):
    """Lets one session open one socket within 30 s."""

    __tablename__ = "socket_ticket"
    __table_args__ = (Model.__table_args__,)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    digest: Mapped[str] = mapped_column(AsciiKey(DIGEST), unique=True)
    session_id: Mapped[UUID]
    expires_at: Mapped[datetime] = mapped_column(index=True)  # the purge
    used_at: Mapped[datetime | None]


class RefreshToken(Model):
    """One link of a family of refresh tokens; a link used twice ends the family and its session."""

    __tablename__ = "refresh_token"
    __table_args__ = (Model.__table_args__,)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    digest: Mapped[str] = mapped_column(AsciiKey(DIGEST), unique=True)
    family: Mapped[UUID] = mapped_column(index=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("auth_session.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)  # the purge
    used_at: Mapped[datetime | None]
