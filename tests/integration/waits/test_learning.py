"""The pace is learnt from services, the range from errors of ended forecasts, and from nothing else."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import ColumnElement, update

from app.core import clock
from app.core.db import db
from app.waits import queries
from app.waits import services as waits
from app.waits.models import WaitForecast
from tests.integration.waits.desk import Desk, at, bucket, minutes_of, spread, unit

DECILES = [float(error) for error in range(-10, 11)]  # 21 errors: the deciles are -8 and 8


def test_a_day_begins_from_the_weeks_and_follows_within(desk: Desk) -> None:
    desk.serves(*[10] * 40)
    desk.serves(*[20] * 10)
    pace = desk.pace()
    assert pace is not None
    assert (pace.long_count, pace.day_count) == (50, 50)
    assert 600 < pace.long_seconds < 780 < pace.day_seconds < 1200
    weeks = pace.long_seconds
    desk.travel(at("10:00", days=1))
    entry = desk.newcomer()
    assert entry.eta_seconds == 0.0
    desk.serves(20)
    pace = desk.pace()
    assert pace is not None
    assert (pace.day, pace.day_count) == (clock.today(), 1)
    assert pace.day_seconds == pytest.approx(weeks + 0.08 * (1200 - weeks))


def test_the_first_services_count_alike(desk: Desk) -> None:
    desk.serves(4, 8, 12)
    pace = desk.pace()
    assert pace is not None
    assert pace.long_seconds == pytest.approx(8 * 60)


def test_a_room_that_was_left_open_teaches_no_hours(desk: Desk) -> None:
    desk.serves(*[10] * 100)
    desk.serves(600)
    pace = desk.pace()
    assert pace is not None
    assert pace.long_seconds == pytest.approx(600 + 0.01 * (3000 - 600), rel=0.001)
    desk.serves(*[0] * 300)
    pace = desk.pace()
    assert pace is not None
    desk.serves(*[10] * 100)
    after = desk.pace()
    assert after is not None
    assert after.long_seconds > 60


def test_errors_of_ten_days_make_the_range(desk: Desk) -> None:
    desk.remembers(*spread(12, DECILES), days_ago=1)
    desk.remembers(*spread(30, [5.0] * 30), days_ago=10)
    desk.remembers(*spread(12, [60.0] * 99), days_ago=11)
    desk.remembers(*spread(12, [60.0] * 99), days_ago=0)  # today is not over
    assert waits.calibrate() == 1
    known = desk.calibration()
    assert known[bucket(12)] == (-8, 0, 8, 21)
    assert known[bucket(30)] == (5, 5, 5, 30)
    assert waits.calibrate() == 1
    assert desk.calibration() == known


@pytest.mark.parametrize(
    "different",
    [
        {"is_clean": False},
        {"occasion": "change"},
        {"occasion": "call"},
        {"called_at": None},
        {"eta_seconds": None},
    ],
)
def test_what_says_nothing_about_a_join_is_left_out(desk: Desk, different: dict[str, Any]) -> None:
    desk.remembers(*spread(12, DECILES))
    desk.remembers(*spread(12, [40.0] * 50), **different)
    waits.calibrate()
    assert desk.calibration()[bucket(12)] == (-8, 0, 8, 21)


def altered(which: ColumnElement[bool], **values: object) -> None:
    """Change stored forecasts behind everybody's back."""
    unit(
        lambda: db.session.execute(
            update(WaitForecast).where(which).values(**values).execution_options(synchronize_session=False)
        )
    )


def test_forecasts_never_learn_from_forecasts(desk: Desk) -> None:
    """What was told changes nothing. Errors of ended forecasts change the range, and never the expectation."""
    desk.serves(*[10] * 30)
    desk.remembers(*spread(12, DECILES * 5))
    desk.remembers(*spread(12, DECILES), days_ago=15)
    for _ in range(6):
        desk.joins()
    waits.calibrate()
    before, known = desk.newcomer(), desk.calibration()

    altered(WaitForecast.id > 0, low_minutes=500, high_minutes=600, model="other", inputs={"ahead": 99})
    altered(WaitForecast.called_at.is_(None), eta_seconds=9999.0, entry_version=7)
    waits.calibrate()
    assert desk.newcomer() == before
    assert desk.calibration() == known

    altered(WaitForecast.called_at.is_not(None), eta_seconds=17 * 60.0)
    waits.calibrate()
    after = desk.newcomer()
    assert after.eta_seconds == before.eta_seconds
    assert minutes_of(after) != minutes_of(before)


@pytest.mark.parametrize(("off_now", "told_as"), [(DECILES, 8), ([-9.0, 0.0, 9.0] * 7, 11.25)])
def test_ranges_that_the_last_days_would_have_broken_are_told_wider(
    desk: Desk, off_now: list[float], told_as: float
) -> None:
    """The days before say ±8 minutes: that holds 17 of 21 deciles, and only a third of what was 9 minutes off."""
    desk.remembers(*spread(12, DECILES), days_ago=15)
    desk.remembers(*spread(12, off_now * 3))
    waits.calibrate()
    low, _middle, high, _count = desk.calibration()[bucket(12)]
    assert (low, high) == (-told_as, told_as)


def test_the_night_is_learnt_from_once(desk: Desk) -> None:
    desk.remembers(*spread(12, DECILES))
    assert [waits.calibrate_if_due(), waits.calibrate_if_due()] == [1, 0]
    desk.travel(at("10:00", days=1))
    assert waits.calibrate_if_due() == 1
    desk.travel(at("03:59", days=2))  # the business day turns at four
    assert waits.calibrate_if_due() == 0


def test_what_is_older_than_five_weeks_is_forgotten(desk: Desk) -> None:
    desk.remembers((12, 12), days_ago=36)
    desk.remembers((12, 12), days_ago=34)
    assert waits.purge_expired() == 1
    assert waits.purge_expired() == 0
    [kept] = desk.remembered()
    assert kept.made_at == at("10:00") - timedelta(days=34)


def test_the_report_measures_what_was_told(desk: Desk) -> None:
    desk.remembers(*spread(12, [-6.0, 0.0, 3.0, 5.0, 9.0]))
    desk.remembers((0, 1))
    consult = next(one for one in queries.report() if one.id == desk.hospital.consult).measured
    assert (consult.count, consult.busy_count, consult.verdict) == (6, 5, "few")
    assert consult.mae_minutes == pytest.approx((6 + 0 + 3 + 5 + 9 + 1) / 6)
    assert consult.bias_minutes == pytest.approx((6 - 3 - 5 - 9 - 1) / 6)
    assert consult.coverage == pytest.approx(3 / 5)
    assert consult.late_share == pytest.approx(1 / 5)
    others = [one.measured for one in queries.report() if one.id != desk.hospital.consult]
    assert others
    assert all(one.count == 0 and one.coverage is None for one in others)


@pytest.mark.parametrize(
    ("errors", "verdict"),
    [
        ([0.0] * 80 + [9.0] * 8 + [-9.0] * 12, "good"),
        ([0.0] * 80 + [9.0] * 13 + [-9.0] * 7, "narrow"),
        ([0.0] * 74 + [-9.0] * 26, "narrow"),
        ([0.0] * 89 + [-9.0] * 11, "wide"),
        ([0.0] * 49, "few"),
    ],
)
def test_the_verdict_follows_the_accepted_shares(desk: Desk, errors: list[float], verdict: str) -> None:
    desk.remembers(*spread(20, errors))
    [measured] = [one.measured for one in queries.report() if one.id == desk.hospital.consult]
    assert measured.verdict == verdict
