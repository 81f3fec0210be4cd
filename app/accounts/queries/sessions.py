"""Who is signed in: one statement per request, one for all open sockets."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Select, and_, bindparam, or_, select

from app.accounts import rules
from app.accounts.models import AuthSession, Device, Staff, Unit, staff_unit
from app.accounts.rules import Channel
from app.core import clock
from app.core.actor import Actor
from app.core.db import db, look
from app.core.ids import digest

SHOWN_SESSIONS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Somebody whose session holds now; `session_id` is its public name, good for sockets and audits."""

    session_id: UUID
    kind: str
    channel: str
    role: str
    name: str
    staff_id: UUID | None
    device_id: UUID | None
    client_id: UUID | None
    visit_id: UUID | None
    place: str | None
    queue_id: UUID | None
    units: frozenset[UUID]
    created_at: datetime
    last_seen_at: datetime
    idle_seconds: int
    absolute_end: datetime
    locked_at: datetime | None = None

    def actor(self, *, ip: str | None = None) -> Actor:
        """Return who acts; a patient is known by the visit, a kiosk or board by the device."""
        return Actor(
            kind=self.kind,
            role=self.role,
            id=self.staff_id or self.visit_id or self.device_id,
            units=self.units,
            session_id=str(self.session_id),
            device_id=self.device_id or self.client_id,
            visit_id=self.visit_id,
            ip=ip,
            name=self.name,
        )

    def is_stale(self, now: datetime, grain: timedelta = rules.TOUCH_EVERY) -> bool:
        """Whether `touch_session` has something to write."""
        return now - self.last_seen_at >= grain

    def covered_since(self, now: datetime, idle: timedelta) -> datetime | None:
        """Return since when this screen is covered, None where it is open."""
        return rules.covered_since(
            kind=self.kind,
            channel=self.channel,
            locked_at=self.locked_at,
            last_seen_at=self.last_seen_at,
            idle=idle,
            now=now,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """One session in a list."""

    id: UUID
    kind: str
    channel: str
    ip: str | None
    created_at: datetime
    last_seen_at: datetime
    absolute_end: datetime


def is_alive(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """Return the condition under which a session holds; wants Staff and Device joined from outside."""
    return and_(
        AuthSession.revoked_at.is_(None),
        AuthSession.idle_end > now,
        AuthSession.absolute_end > now,
        # A session opened while somebody disabled the account, or changed its role, must not outlive that.
        or_(
            AuthSession.staff_id.is_(None), and_(Staff.disabled_at.is_(None), Staff.role == AuthSession.role)
        ),
        or_(AuthSession.device_id.is_(None), Device.revoked_at.is_(None)),
    )


def signed_in(secret: str, now: datetime) -> SignedIn | None:
    """Return who holds this cookie; one statement."""
    return _signed_in(now, sid_digest=digest(secret), channel=Channel.COOKIE)


def signed_in_as(session_id: UUID, now: datetime, *, channel: Channel | None = None) -> SignedIn | None:
    """Return whose session this is, for a checked access token or socket ticket; one statement."""
    if channel is None:
        return _signed_in(now, public_id=session_id)
    return _signed_in(now, public_id=session_id, channel=channel)


def alive(session_ids: Collection[UUID], now: datetime, *, idle: timedelta) -> Mapping[UUID, bool]:
    """Return those of the sessions that still hold, each with whether its screen is covered; one statement."""
    if not session_ids:
        return {}
    rows = db.session.execute(
        select(
            AuthSession.public_id,
            AuthSession.kind,
            AuthSession.channel,
            AuthSession.locked_at,
            AuthSession.last_seen_at,
        )
        .outerjoin(Staff, Staff.id == AuthSession.staff_id)
        .outerjoin(Device, Device.id == AuthSession.device_id)
        .where(AuthSession.public_id.in_(session_ids), is_alive(now))
    )
    return {
        row.public_id: rules.covered_since(
            kind=row.kind,
            channel=row.channel,
            locked_at=row.locked_at,
            last_seen_at=row.last_seen_at,
            idle=idle,
            now=now,
        )
        is not None
        for row in rows
    }


# Asked with every request: made once, as making it costs ten times what asking does.
@cache
def _held_by(*names: str) -> Select[*tuple[Any, ...]]:
    """Return the sessions that hold, by the values of these columns."""
    return (
        select(
            AuthSession.public_id.label("session_id"),
            AuthSession.kind,
            AuthSession.channel,
            AuthSession.role,
            AuthSession.client_id,
            AuthSession.visit_id,
            AuthSession.created_at,
            AuthSession.last_seen_at,
            AuthSession.idle_seconds,
            AuthSession.absolute_end,
            AuthSession.locked_at,
            Staff.public_id.label("staff_id"),
            Staff.name.label("staff_name"),
            Device.public_id.label("device_id"),
            Device.name.label("device_name"),
            Device.place,
            Device.queue_id,
            Unit.public_id.label("unit_id"),
        )
        .outerjoin(Staff, Staff.id == AuthSession.staff_id)
        .outerjoin(Device, Device.id == AuthSession.device_id)
        .outerjoin(staff_unit, staff_unit.c.staff_id == Staff.id)
        .outerjoin(Unit, Unit.id == staff_unit.c.unit_id)
        .where(*(getattr(AuthSession, name) == bindparam(name) for name in names), is_alive(bindparam("now")))
    )


def _signed_in(now: datetime, **asked: object) -> SignedIn | None:
    rows = look(_held_by(*asked), {**asked, "now": now})
    if not rows:
        return None
    one = rows[0]
    return SignedIn(
        session_id=one.session_id,
        kind=one.kind,
        channel=one.channel,
        role=one.role,
        name=one.staff_name or one.device_name or "",
        staff_id=one.staff_id,
        device_id=one.device_id,
        client_id=one.client_id,
        visit_id=one.visit_id,
        place=one.place,
        queue_id=one.queue_id,
        units=frozenset(row.unit_id for row in rows if row.unit_id is not None),
        created_at=one.created_at,
        last_seen_at=one.last_seen_at,
        idle_seconds=one.idle_seconds,
        absolute_end=one.absolute_end,
        locked_at=one.locked_at,
    )


def sessions_of(staff_id: UUID) -> tuple[SessionRow, ...]:
    """Return a member of staff's sessions that hold, newest first; one statement."""
    rows = db.session.execute(
        select(
            AuthSession.public_id.label("id"),
            AuthSession.kind,
            AuthSession.channel,
            AuthSession.ip,
            AuthSession.created_at,
            AuthSession.last_seen_at,
            AuthSession.absolute_end,
        )
        .join(Staff, Staff.id == AuthSession.staff_id)
        .outerjoin(Device, Device.id == AuthSession.device_id)
        .where(Staff.public_id == staff_id, is_alive(clock.utcnow()))
        .order_by(AuthSession.id.desc())
        .limit(SHOWN_SESSIONS)
    )
    return tuple(SessionRow(**row._asdict()) for row in rows)
