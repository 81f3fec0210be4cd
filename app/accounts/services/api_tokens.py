"""API tokens: a short access token that names a session, and a refresh token that is good once."""

from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy import Select, select, update

from app.accounts import rules, tokens
from app.accounts.models import AuthSession, Device, RefreshToken, Staff
from app.accounts.queries.sessions import is_alive
from app.accounts.rules import Channel, EndReason
from app.accounts.services import sessions
from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import SignInNeededError
from app.core.ids import digest, new_secret
from app.core.transaction import transactional


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What an API client keeps."""

    access_token: str
    refresh_token: str
    expires_in: int
    session_id: UUID


@transactional
def issue_tokens(session_id: UUID) -> Tokens:
    """Return the first tokens of a session that was opened with `channel=Channel.API`."""
    return _issue(session_id, uuid4())


def refresh_tokens(refresh_token: str, *, by: Actor) -> Tokens:
    """Exchange a refresh token for new tokens. Raise SignInNeededError; one used twice ends its session.

    For doors only, outside a unit of work: a stolen family's end must stay although the call is refused.
    """
    renewed = _rotate(refresh_token, by=by)
    if renewed is None:
        raise SignInNeededError
    return renewed


@transactional
def revoke_tokens(refresh_token: str, *, by: Actor) -> None:
    """End the session of a refresh token (log-out of a client that lost its access token)."""
    sessions.end_sessions(EndReason.SIGNED_OUT, AuthSession.id.in_(_session_of(refresh_token)), by=by)


@transactional
def _rotate(refresh_token: str, *, by: Actor) -> Tokens | None:
    now = clock.utcnow()
    mine = RefreshToken.digest == digest(refresh_token)
    used = db.session.connection().execute(
        update(RefreshToken)
        .where(mine, RefreshToken.used_at.is_(None), RefreshToken.expires_at > now)
        .values(used_at=now)
    )
    if used.rowcount != 1:
        # Used before: one of two holders is a thief, nobody knows which. Unknown or late: nothing is found.
        reused = _session_of(refresh_token).where(RefreshToken.used_at.is_not(None))
        sessions.end_sessions(EndReason.TOKEN_REUSED, AuthSession.id.in_(reused), by=by)
        return None
    found = db.session.execute(
        select(AuthSession.public_id, RefreshToken.family, AuthSession.idle_seconds)
        .join(AuthSession, AuthSession.id == RefreshToken.session_id)
        .outerjoin(Staff, Staff.id == AuthSession.staff_id)
        .outerjoin(Device, Device.id == AuthSession.device_id)
        .where(mine, is_alive(now))
    ).one_or_none()
    return None if found is None else _issue(found.public_id, found.family)


def _session_of(refresh_token: str) -> Select[int]:
    return select(RefreshToken.session_id).where(RefreshToken.digest == digest(refresh_token))


def _issue(session_id: UUID, family: UUID) -> Tokens:
    now = clock.utcnow()
    row = db.session.execute(
        select(AuthSession.id, AuthSession.absolute_end).where(
            AuthSession.public_id == session_id,
            AuthSession.channel == Channel.API,
            AuthSession.revoked_at.is_(None),
        )
    ).one_or_none()
    if row is None:
        raise SignInNeededError
    refresh_token = new_secret()
    db.session.add(
        RefreshToken(
            digest=digest(refresh_token), family=family, session_id=row.id, expires_at=row.absolute_end
        )
    )
    return Tokens(
        access_token=tokens.issue(session_id, now=now),
        refresh_token=refresh_token,
        expires_in=int(rules.ACCESS_LIFE.total_seconds()),
        session_id=session_id,
    )
