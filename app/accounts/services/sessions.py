"""Sessions: opened with a fresh secret, ended by a row that every process reads."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, select, update

from app import settings
from app.accounts import rules
from app.accounts.events import SessionsEnded
from app.accounts.models import AuthSession, Device, SocketTicket, Staff
from app.accounts.queries import SignedIn
from app.accounts.roles import Permission, Role, require
from app.accounts.rules import Channel, EndReason, SessionKind
from app.core import audit, clock
from app.core.actor import SYSTEM, Actor
from app.core.db import db
from app.core.errors import NotFoundError
from app.core.ids import digest, new_secret
from app.core.transaction import tell, transactional


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    """A session just opened; `secret` is for the cookie and is known to nobody else."""

    session_id: UUID
    secret: str
    kind: str
    role: str
    absolute_end: datetime


def open_session(
    kind: SessionKind,
    role: str,
    *,
    idle: timedelta,
    absolute_end: datetime,
    by: Actor,
    channel: Channel = Channel.COOKIE,
    staff: Staff | None = None,
    device: Device | None = None,
    visit_id: UUID | None = None,
) -> OpenSession:
    """Open a session inside the caller's unit of work; its secret is always new (no fixation)."""
    now = clock.utcnow()
    secret = new_secret()
    row = AuthSession(
        public_id=uuid4(),
        sid_digest=digest(secret),
        kind=kind,
        channel=channel,
        role=role,
        staff_id=staff.id if staff else None,
        device_id=device.id if device else None,
        visit_id=visit_id,
        client_id=by.device_id,
        ip=by.ip,
        created_at=now,
        last_seen_at=now,
        idle_seconds=int(idle.total_seconds()),
        idle_end=now + idle,
        absolute_end=absolute_end,
    )
    db.session.add(row)
    owner = staff.public_id if staff else visit_id or (device.public_id if device else None)
    audit.record(
        "accounts:session:open",
        by=replace(by, kind=str(kind), role=role, id=owner, session_id=str(row.public_id)),
        object_=f"{kind}:{owner}",
        details={"channel": str(channel)},
    )
    return OpenSession(
        session_id=row.public_id, secret=secret, kind=kind, role=role, absolute_end=absolute_end
    )


def end_sessions(reason: EndReason, *which: ColumnElement[bool], by: Actor) -> tuple[UUID, ...]:
    """End the chosen sessions that are not over yet, inside the caller's unit of work; tell the sockets."""
    chosen = (*which, AuthSession.revoked_at.is_(None))
    ended = tuple(
        db.session.execute(select(AuthSession.public_id).where(*chosen).with_for_update()).scalars()
    )
    if not ended:
        return ()
    db.session.execute(
        update(AuthSession)
        .where(AuthSession.public_id.in_(ended))
        .values(revoked_at=clock.utcnow(), revoked_reason=reason)
        .execution_options(synchronize_session=False)
    )
    for session_id in ended:
        audit.record("accounts:session:end", by=by, object_=f"session:{session_id}", reason=reason)
    tell(SessionsEnded(session_ids=ended))
    return ended


@transactional
def open_patient_session(
    visit_id: UUID,
    *,
    by: Actor,
    channel: Channel = Channel.COOKIE,
) -> OpenSession:
    """Open the session of one visit on one device: idle 30 min, and over with the hospital's day."""
    _, day_end = clock.day_bounds(clock.today())
    return open_session(
        SessionKind.PATIENT,
        Role.PATIENT,
        idle=rules.PATIENT_IDLE,
        absolute_end=day_end,
        by=by,
        channel=channel,
        visit_id=visit_id,
    )


@transactional
def sign_out(*, by: Actor) -> None:
    """End the actor's own session; a second time changes nothing."""
    if by.session_id is not None:
        end_sessions(EndReason.SIGNED_OUT, AuthSession.public_id == UUID(by.session_id), by=by)


@transactional
def revoke_session(session_id: UUID, *, by: Actor) -> None:
    """End one session: one's own on another device, or anybody's as administrator. Raise NotFoundError."""
    owner = db.session.execute(
        select(Staff.public_id)
        .join(AuthSession, AuthSession.staff_id == Staff.id)
        .where(AuthSession.public_id == session_id)
    ).scalar_one_or_none()
    if owner is None or owner != by.id:
        require(by, Permission.MANAGE_USERS)
    if not end_sessions(EndReason.REVOKED, AuthSession.public_id == session_id, by=by):
        raise NotFoundError(kind="session")


@transactional
def end_sessions_of_visit(visit_id: UUID, *, by: Actor = SYSTEM) -> int:
    """End what patients hold of a visit (discharge, void, day close); return how many."""
    return len(end_sessions(EndReason.VISIT_CLOSED, AuthSession.visit_id == visit_id, by=by))


@transactional
def let_sessions_of_visit_end(visit_id: UUID) -> None:
    """Leave the patient of a finished visit time to read the way home; then the sessions are over."""
    end = clock.utcnow() + rules.AFTER_VISIT
    db.session.execute(
        update(AuthSession)
        .where(
            AuthSession.visit_id == visit_id, AuthSession.revoked_at.is_(None), AuthSession.absolute_end > end
        )
        .values(absolute_end=end)
        .execution_options(synchronize_session=False)
    )


def touch_session(signed_in: SignedIn, *, grain: timedelta = rules.TOUCH_EVERY) -> None:
    """Remember that somebody is still there: one statement of its own, at most once per grain.

    Behind a covered screen nobody is: whatever comes from there keeps nothing alive.
    """
    now, idle = clock.utcnow(), timedelta(minutes=settings.current().privacy_lock_minutes)
    if signed_in.is_stale(now, grain) and signed_in.covered_since(now, idle) is None:
        _touch(signed_in.session_id, timedelta(seconds=signed_in.idle_seconds), grain)


@transactional
def _touch(session_id: UUID, idle: timedelta, grain: timedelta) -> None:
    now = clock.utcnow()
    db.session.execute(
        update(AuthSession)
        .where(
            AuthSession.public_id == session_id,
            AuthSession.revoked_at.is_(None),
            AuthSession.locked_at.is_(None),
            AuthSession.idle_end > now,
            AuthSession.last_seen_at <= now - grain,
        )
        .values(last_seen_at=now, idle_end=now + idle)
        .execution_options(synchronize_session=False)
    )


@transactional
def issue_ticket(session_id: UUID) -> str:
    """Return a ticket with which this session may open one socket within 30 s."""
    ticket = new_secret()
    db.session.add(
        SocketTicket(
            digest=digest(ticket), session_id=session_id, expires_at=clock.utcnow() + rules.TICKET_LIFE
        )
    )
    return ticket


@transactional
def use_ticket(ticket: str, session_id: UUID | None = None) -> UUID | None:
    """Return the session a ticket opens a socket for, once; None when foreign, used or late.

    One conditional UPDATE decides, so of twenty sockets with one ticket one opens. Whether the session still
    holds is the caller's next question (`queries.signed_in_as`).
    """
    now = clock.utcnow()
    mine = [SocketTicket.session_id == session_id] if session_id is not None else []
    used = db.session.connection().execute(
        update(SocketTicket)
        .where(
            SocketTicket.digest == digest(ticket),
            SocketTicket.used_at.is_(None),
            SocketTicket.expires_at > now,
            *mine,
        )
        .values(used_at=now)
    )
    if used.rowcount != 1:
        return None
    return db.session.execute(
        select(SocketTicket.session_id).where(SocketTicket.digest == digest(ticket))
    ).scalar_one()
