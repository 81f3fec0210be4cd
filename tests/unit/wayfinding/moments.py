"""Moments that the tests of the map speak of."""

from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 3, 2, 3, tzinfo=UTC)
HOUR = timedelta(hours=1)
