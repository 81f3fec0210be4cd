"""Time: UTC inside, the hospital's business day outside. The only place that asks the machine for it."""

import time as _time
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app import settings


def utcnow() -> datetime:
    """Return the aware present in UTC, to the microsecond."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Return seconds that never run backwards, for durations only."""
    return _time.monotonic()


def pause(seconds: float) -> None:
    """Sleep; the one sanctioned way, so that waits are easy to find."""
    _time.sleep(seconds)


def business_date(at: datetime, zone: ZoneInfo, start: time) -> date:
    """Return the hospital's day at a moment: before `start` o'clock it is still yesterday's."""
    local = at.astimezone(zone)
    return (local - timedelta(hours=start.hour, minutes=start.minute)).date()


def today() -> date:
    """Return the site's business date now."""
    now = settings.current()
    return business_date(utcnow(), now.site_timezone, now.business_day_start)


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """Return the UTC moments between which a business day runs: [begin, end)."""
    now = settings.current()
    begin = datetime.combine(day, now.business_day_start, tzinfo=now.site_timezone)
    end = datetime.combine(day + timedelta(days=1), now.business_day_start, tzinfo=now.site_timezone)
    return begin.astimezone(UTC), end.astimezone(UTC)


def moment_of(day: date, at: time) -> datetime:
    """Return the UTC moment of a wall-clock time within a business day; before its start it is past midnight."""
    now = settings.current()
    calendar = day + timedelta(days=1) if at < now.business_day_start else day
    return datetime.combine(calendar, at, tzinfo=now.site_timezone).astimezone(UTC)


def local(at: datetime) -> datetime:
    """Return a moment on the site's wall clock."""
    return at.astimezone(settings.current().site_timezone)
