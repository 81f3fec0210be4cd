"""How long somebody still waits: the plan of staff, the pace of service, the line."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.waits import rules
from app.waits.rules import POOLED, Quantiles, Range, Stretch

NINE = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
TEN_MINUTES = 600.0


def at(hour: int, minute: int = 0) -> datetime:
    return NINE + timedelta(hours=hour - 9, minutes=minute)


def work(begin: datetime, end: datetime, staff: int) -> Stretch:
    return Stretch(begin=begin, end=end, staff=staff)


# Two doctors, lunch from half past twelve.
DAY = (work(at(9), at(12, 30), 2), work(at(13, 30), at(18), 2))
PLANS = some.lists(
    some.tuples(some.integers(0, 500), some.integers(1, 300), some.integers(0, 4)), max_size=6
).map(
    lambda rows: [
        work(NINE + timedelta(minutes=begin), NINE + timedelta(minutes=begin + lasts), staff)
        for begin, lasts, staff in rows
    ]
)


def eta(ahead: int, now: datetime, *, busy: int = 2, plan: tuple[Stretch, ...] = DAY) -> float | None:
    return rules.eta_seconds(ahead, TEN_MINUTES, plan, now, busy=busy)


def test_who_finds_a_free_place_and_nobody_ahead_does_not_wait() -> None:
    assert eta(0, at(10), busy=1) == 0.0


def test_behind_five_people_two_doctors_need_half_an_hour() -> None:
    assert eta(5, at(10)) == 30 * 60


def test_a_free_place_takes_the_first_of_the_line() -> None:
    assert eta(1, at(10), busy=1) == 5 * 60


def test_before_the_doors_open_the_first_ones_wait_for_the_doors() -> None:
    assert eta(0, at(8, 40), busy=0) == eta(1, at(8, 40), busy=0) == 20 * 60
    assert eta(2, at(8, 40), busy=0) == 25 * 60


def test_joining_at_twenty_past_twelve_behind_ten_people_lasts_beyond_lunch() -> None:
    seconds = eta(10, at(12, 20))
    assert seconds is not None
    assert seconds >= 60 * 60


def test_lunch_alone_is_waited_out() -> None:
    assert eta(0, at(12, 45), busy=0) == 45 * 60


def test_without_anybody_at_work_there_is_no_number() -> None:
    assert eta(0, at(10), plan=()) is None
    assert eta(0, at(10), plan=(work(at(9), at(18), 0),)) is None
    assert eta(0, at(18)) is None


def test_a_line_that_the_day_cannot_serve_gets_no_number() -> None:
    assert eta(11, at(17)) == 60 * 60
    assert eta(12, at(17)) is None


def test_shifts_that_overlap_add_up() -> None:
    one_by_one = (work(at(9), at(18), 1), work(at(9), at(12, 30), 1), work(at(13, 30), at(18), 1))
    assert eta(9, at(10), plan=one_by_one) == 50 * 60
    assert eta(9, at(12, 20), plan=one_by_one) == 75 * 60


def test_a_doctor_who_was_called_away_is_missed_for_half_an_hour() -> None:
    plan = rules.with_away(DAY, at(10), [None])
    assert eta(2, at(10), plan=plan, busy=1) == 30 * 60
    assert eta(3, at(10), plan=plan, busy=1) == 30 * 60
    assert eta(4, at(10), plan=plan, busy=1) == 35 * 60


def test_a_doctor_who_said_when_is_missed_until_then() -> None:
    plan = rules.with_away(DAY, at(10), [at(10, 10)])
    assert eta(1, at(10), plan=plan, busy=1) == 10 * 60
    assert rules.with_away(DAY, at(10), [at(9, 50)]) == rules.with_away(DAY, at(10), [None])


def test_more_people_away_than_at_work_leave_nobody() -> None:
    plan = rules.with_away(DAY, at(10), [None, None, None])
    assert plan == (work(at(9), at(10), 2), work(at(10, 30), at(12, 30), 2), work(at(13, 30), at(18), 2))


@given(PLANS, some.integers(0, 30), some.integers(0, 4), some.integers(0, 600))
def test_who_stands_further_back_never_waits_less(
    plan: list[Stretch], ahead: int, busy: int, minute: int
) -> None:
    now = NINE + timedelta(minutes=minute)
    first = rules.eta_seconds(ahead, TEN_MINUTES, plan, now, busy=busy)
    second = rules.eta_seconds(ahead + 1, TEN_MINUTES, plan, now, busy=busy)
    assert second is None or (first is not None and 0 <= first <= second)


@given(PLANS, some.integers(0, 30), some.integers(0, 600), some.permutations(range(6)))
def test_the_same_facts_give_the_same_number_in_whatever_order(
    plan: list[Stretch], ahead: int, minute: int, order: list[int]
) -> None:
    now = NINE + timedelta(minutes=minute)
    other = [plan[one] for one in order if one < len(plan)]
    assert rules.eta_seconds(ahead, TEN_MINUTES, plan, now, busy=1) == rules.eta_seconds(
        ahead, TEN_MINUTES, other, now, busy=1
    )


def test_the_pace_follows_what_is_seen() -> None:
    assert rules.smoothed(None, 300, rules.ALPHA_DAY) == 300
    assert rules.smoothed(300, 400, rules.ALPHA_DAY) == pytest.approx(308)


@pytest.mark.parametrize(
    ("minutes", "bucket"),
    [(0, 0), (0.1, 1), (2, 1), (5, 2), (5.1, 3), (10, 3), (20, 4), (40, 5), (40.1, 6), (300, 6)],
)
def test_a_forecast_belongs_to_one_of_seven_buckets(minutes: float, bucket: int) -> None:
    assert rules.bucket_of(minutes * 60) == bucket


def test_recent_errors_are_told_by_bucket_and_together() -> None:
    known = rules.calibrated([(0.0, 0.0)] * 11 + [(900.0, float(error)) for error in range(0, 110, 10)])
    assert set(known) == {0, 4, POOLED}
    assert known[4] == Quantiles(10.0, 50.0, 90.0, 11)
    assert known[POOLED].count == 22


def test_without_errors_nothing_is_known() -> None:
    assert rules.calibrated([]) == {}
    assert rules.calibrated([(0.0, 7.0)])[POOLED] == Quantiles(7.0, 7.0, 7.0, 1)


def told(eta_minutes: float, low: float, high: float, *, count: int = 20, seen: int = 20) -> Range | None:
    known = {rules.bucket_of(eta_minutes * 60): Quantiles(low * 60, 0.0, high * 60, count)}
    return rules.shown(eta_minutes * 60, known, observations=seen)


def test_a_range_is_rounded_outward_to_five_minutes() -> None:
    assert told(15, -4, 9) == Range(10, 25, is_estimate=False)


def test_a_range_never_begins_before_now_and_is_never_a_point() -> None:
    assert told(3, -9, -3) == Range(0, 5, is_estimate=False)
    assert told(0, 0, 0) == Range(0, 5, is_estimate=False)
    assert told(10, 0, 0) == Range(10, 15, is_estimate=False)


def test_a_range_wider_than_an_hour_is_not_told() -> None:
    assert told(60, -30, 30) == Range(30, 90, is_estimate=False)
    assert told(60, -31, 30) is None


def test_before_anything_was_seen_a_free_place_is_still_told() -> None:
    assert rules.shown(0.0, {}, observations=0) == Range(0, 5, is_estimate=True)


def test_under_twenty_observations_a_wide_range_is_called_an_estimate() -> None:
    assert told(20, -1, 1, seen=19) == Range(10, 40, is_estimate=True)
    assert told(20, -1, 1, count=19) == Range(10, 40, is_estimate=True)
    assert rules.shown(20 * 60, {}, observations=500) == Range(10, 40, is_estimate=True)
    assert rules.shown(41 * 60, {}, observations=500) is None


def test_a_bucket_with_few_samples_takes_no_confidence_from_the_others() -> None:
    known = {4: Quantiles(0.0, 0.0, 0.0, 19), POOLED: Quantiles(0.0, 0.0, 0.0, 500)}
    assert rules.shown(20 * 60, known, observations=500) == Range(10, 40, is_estimate=True)
