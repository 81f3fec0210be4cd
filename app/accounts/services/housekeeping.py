"""Housekeeping: rows that can open nothing any more are removed, a bounded number at a time."""

from datetime import timedelta

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import InstrumentedAttribute

from app.accounts.models import AuthSession, RefreshToken, SignInFailure, SocketTicket
from app.core import clock
from app.core.db import db
from app.core.transaction import transactional

KEEP_FAILURES = timedelta(days=2)  # the longest window that a limit looks back over is one day
KEEP_SESSIONS = timedelta(days=95)  # a browser counts as known for 90 days
AT_ONCE = 1000


@transactional
def purge_expired() -> int:
    """Delete used-up tickets, tokens, failures and sessions; return how many. Running again is harmless."""
    now = clock.utcnow()
    return (
        _purge(SocketTicket.id, SocketTicket.expires_at < now - timedelta(hours=1))
        + _purge(RefreshToken.id, RefreshToken.expires_at < now - timedelta(days=1))
        + _purge(SignInFailure.id, SignInFailure.at < now - KEEP_FAILURES)
        + _purge(AuthSession.id, AuthSession.absolute_end < now - KEEP_SESSIONS)
    )


def _purge(key: InstrumentedAttribute[int], is_over: ColumnElement[bool]) -> int:
    ids = list(db.session.execute(select(key).where(is_over).order_by(key).limit(AT_ONCE)).scalars())
    if ids:
        db.session.execute(
            delete(key.class_).where(key.in_(ids)).execution_options(synchronize_session=False)
        )
    return len(ids)
