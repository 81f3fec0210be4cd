"""Housekeeping: what has served its time is deleted in small pieces."""

from app.accounts import services as accounts
from app.alerts import services as alerts
from app.core import relay, retention
from app.core.observability import carrying
from app.imaging import services as imaging
from app.notices import services as notices
from app.waits import services as waits


def purge_expired() -> int:
    """Delete old tickets, keys, moves, promises kept, notices, forecasts, alerts, drafts; the second time nothing."""
    return (
        accounts.purge_expired()
        + retention.purge_expired()
        + relay.purge()
        + notices.purge()
        + waits.purge_expired()
        + alerts.purge()
        + imaging.purge()
    )


def carry_counts() -> int:
    """Bring what the clock itself has counted to where the metrics page finds it; a second run brings nothing."""
    carrying.carry()
    return 0
