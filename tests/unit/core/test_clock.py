"""The hospital's day begins at four in the morning in Seoul, whatever the machine's own clock says."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as some

from app import settings
from app.core import clock

SEOUL = ZoneInfo("Asia/Seoul")
SUNDAY, MONDAY = date(2026, 3, 1), date(2026, 3, 2)


@pytest.fixture(autouse=True, scope="module")
def _hospital_in_seoul() -> Iterator[None]:
    before = settings.current()
    settings.use(settings.load({"APP_ENV": "test", "SECRET_KEY": "k" * 40, "BUSINESS_DAY_START": "04:00"}))
    yield
    settings.use(before)


@pytest.mark.parametrize(
    ("hour", "minute", "day"),
    [(0, 30, SUNDAY), (3, 59, SUNDAY), (4, 0, MONDAY), (7, 30, MONDAY), (8, 59, MONDAY), (23, 59, MONDAY)],
)
def test_today_is_the_business_day(hour: int, minute: int, day: date) -> None:
    with time_machine.travel(datetime(2026, 3, 2, hour, minute, tzinfo=SEOUL), tick=False):
        assert clock.today() == day
        begin, end = clock.day_bounds(day)
        assert begin <= clock.utcnow() < end


def test_a_business_day_ends_where_the_next_begins() -> None:
    begin, end = clock.day_bounds(MONDAY)
    assert begin == datetime(2026, 3, 1, 19, 0, tzinfo=UTC)
    assert (end, clock.day_bounds(MONDAY + timedelta(days=1))[0]) == (begin + timedelta(days=1), end)


@given(some.datetimes(datetime(2000, 1, 2), datetime(2090, 1, 1), timezones=some.just(UTC)))  # noqa: DTZ001
def test_every_moment_belongs_to_exactly_one_day(at: datetime) -> None:
    now = settings.current()
    day = clock.business_date(at, now.site_timezone, now.business_day_start)
    begin, end = clock.day_bounds(day)
    assert begin <= at < end


def test_the_present_is_aware_and_in_utc() -> None:
    assert clock.utcnow().tzinfo is UTC
    assert clock.local(datetime(2026, 3, 1, 23, 30, tzinfo=UTC)).strftime("%d %H:%M") == "02 08:30"
