"""What a log-in looks at before it answers: the account, and who has failed lately."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select

from app.accounts import rules
from app.accounts.models import AuthSession, SignInFailure, Staff
from app.core.db import db


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a log-in compares; never leaves the services."""

    id: int
    public_id: UUID
    username: str
    role: str
    password_hash: str
    pin_hash: str | None
    totp_secret: str | None
    totp_last_step: int | None
    is_disabled: bool


def credentials(username: str) -> Credentials | None:
    """Return what a log-in compares; one statement."""
    return _credentials(Staff.username == username)


def credentials_of(staff_id: UUID) -> Credentials | None:
    """Return what opens a member of staff's own screen; one statement."""
    return _credentials(Staff.public_id == staff_id)


def _credentials(chosen: ColumnElement[bool]) -> Credentials | None:
    row = db.session.execute(
        select(
            Staff.id,
            Staff.public_id,
            Staff.username,
            Staff.role,
            Staff.password_hash,
            Staff.pin_hash,
            Staff.totp_secret,
            Staff.totp_last_step,
            Staff.disabled_at.is_not(None).label("is_disabled"),
        ).where(chosen)
    ).one_or_none()
    return None if row is None else Credentials(**row._asdict())


def has_signed_in_from(staff_id: int, client_id: UUID | None, now: datetime) -> bool:
    """Whether this browser has been the account's before: it is not slowed by what others try."""
    if client_id is None:
        return False
    return bool(
        db.session.execute(
            select(
                exists().where(
                    AuthSession.staff_id == staff_id,
                    AuthSession.client_id == client_id,
                    AuthSession.created_at > now - rules.KNOWN_CLIENT,
                )
            )
        ).scalar()
    )


def failed_since(
    kind: str, since: datetime, *matching: ColumnElement[bool], at_most: int
) -> tuple[datetime, ...]:
    """Return when the last failures happened, newest first; one statement by an index."""
    return tuple(
        db.session.execute(
            select(SignInFailure.at)
            .where(SignInFailure.kind == kind, SignInFailure.at > since, *matching)
            .order_by(SignInFailure.at.desc())
            .limit(at_most)
        ).scalars()
    )


def identification_is_paused(now: datetime) -> bool:
    """Whether the house-wide breaker holds patients' identification back; one statement."""
    return bool(failed_since(rules.PAUSE, now - rules.PAUSE_LIFE, at_most=1))
