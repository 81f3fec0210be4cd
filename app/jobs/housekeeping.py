"""Housekeeping: what has served its time is deleted in small pieces."""

from app.accounts import services as accounts
from app.core import relay, retention
from app.notices import services as notices


def purge_expired() -> int:
    """Delete old tickets, keys, moves, promises kept and notices; a second run finds nothing to do."""
    return accounts.purge_expired() + retention.purge_expired() + relay.purge() + notices.purge()
