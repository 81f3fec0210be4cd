"""Housekeeping: what has served its time is deleted in small pieces."""

from app.accounts import services as accounts
from app.core import relay, retention
from app.notices import services as notices
from app.waits import services as waits


def purge_expired() -> int:
    """Delete old tickets, keys, moves, promises kept, notices and forecasts; a second run finds nothing to do."""
    return (
        accounts.purge_expired()
        + retention.purge_expired()
        + relay.purge()
        + notices.purge()
        + waits.purge_expired()
    )
