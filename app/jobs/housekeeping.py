"""Housekeeping: what has served its time is deleted in small pieces."""

from app.accounts import services as accounts
from app.core import retention


def purge_expired() -> int:
    """Delete old tickets, keys and moves; a second run finds nothing to do."""
    return accounts.purge_expired() + retention.purge_expired()
