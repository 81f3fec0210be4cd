"""Stated rules: where they put somebody, what they may be, what must come before what."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from app.core.errors import InvalidError
from app.queues.rules import Place, Rules, Standing, check_rules, in_circle, place_under
from app.queues.states import MergeRule, PriorityClass
from app.web.admin.rules_form import minutes

NINE = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
EARLY = Standing(
    since=NINE,
    booked_at=NINE + timedelta(hours=1),
    priority_class=PriorityClass.NORMAL,
    overtaken=0,
    rank_class=PriorityClass.NORMAL,
    eligible_at=NINE + timedelta(minutes=30),
    is_placed=False,
)
BY_ARRIVAL = Rules(merge_rule=MergeRule.ARRIVAL)


def place(rules: Rules, one: Standing, *, is_anew: bool = True, after_minutes: int = 1) -> Place:
    return place_under(rules, one, now=NINE + timedelta(minutes=after_minutes), is_anew=is_anew)


def test_new_rules_reckon_from_the_arrival_and_the_booked_time() -> None:
    assert place(BY_ARRIVAL, EARLY) == Place(PriorityClass.NORMAL, NINE)
    assert place(Rules(), EARLY) == Place(PriorityClass.NORMAL, NINE + timedelta(minutes=30))


def test_rules_for_newcomers_leave_the_time_of_those_who_wait() -> None:
    assert place(BY_ARRIVAL, EARLY, is_anew=False).eligible_at == EARLY.eligible_at


def test_whoever_was_put_behind_others_keeps_that_time() -> None:
    placed = replace(EARLY, is_placed=True)
    assert place(BY_ARRIVAL, placed) == Place(PriorityClass.NORMAL, EARLY.eligible_at)


def test_a_place_behind_the_preferred_is_no_lift_once_nobody_is_preferred() -> None:
    behind_preferred = replace(EARLY, is_placed=True, rank_class=PriorityClass.PREFERRED)
    assert place(BY_ARRIVAL, behind_preferred).rank_class == PriorityClass.NORMAL


def test_whoever_was_preferred_for_waiting_long_is_so_by_the_new_bound_only() -> None:
    old_hand = replace(EARLY, rank_class=PriorityClass.PREFERRED)
    patient, strict = replace(BY_ARRIVAL, ageing_seconds=7200), replace(BY_ARRIVAL, ageing_seconds=1800)
    assert place(patient, old_hand, after_minutes=60).rank_class == PriorityClass.NORMAL
    assert place(strict, old_hand, after_minutes=60).rank_class == PriorityClass.PREFERRED
    assert place(patient, old_hand, is_anew=False, after_minutes=60).rank_class == PriorityClass.PREFERRED


def test_overtaking_counts_by_the_new_bound() -> None:
    passed = replace(EARLY, overtaken=3)
    assert place(replace(BY_ARRIVAL, max_overtaken=3), passed).rank_class == PriorityClass.PREFERRED
    assert place(replace(BY_ARRIVAL, max_overtaken=4), passed).rank_class == PriorityClass.NORMAL


@pytest.mark.parametrize("is_placed", [True, False])
def test_the_urgent_stay_urgent(is_placed: bool) -> None:  # noqa: FBT001 - a parameter of the test
    urgent = replace(
        EARLY,
        priority_class=PriorityClass.URGENT,
        rank_class=PriorityClass.URGENT,
        overtaken=99,
        is_placed=is_placed,
    )
    assert place(BY_ARRIVAL, urgent).rank_class == PriorityClass.URGENT


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"calls_ahead": 0}, "at_least_one"),
        ({"recall_gap_seconds": -1}, "negative"),
        ({"max_calls": 100}, "too_much"),
        ({"grace_seconds": 7 * 86400 + 1}, "too_much"),
        ({"merge_rule": "favourites"}, "unknown"),
    ],
)
def test_rules_that_make_no_sense_are_refused(changed: dict[str, int], why: str) -> None:
    with pytest.raises(InvalidError) as refused:
        check_rules(replace(Rules(), **changed))  # type: ignore[arg-type]  # one of several fields
    assert refused.value.details["why"] == why
    assert refused.value.details["field"] in changed


def test_the_usual_rules_make_sense() -> None:
    check_rules(Rules())


@pytest.mark.parametrize(
    ("follows", "found"),
    [
        ({}, False),
        ({"a": (), "b": ("a",), "c": ("a", "b")}, False),
        ({"a": ("moon",)}, False),
        ({"a": ("a",)}, True),
        ({"a": ("b",), "b": ("a",)}, True),
        ({"x": (), "a": ("b", "x"), "b": ("c",), "c": ("a",)}, True),
    ],
)
def test_a_circle_of_services_is_found(follows: dict[str, tuple[str, ...]], *, found: bool) -> None:
    assert in_circle(follows) is found


def test_minutes_with_two_decimals_tell_every_second_apart() -> None:
    for seconds in range(7 * 86400 + 1):
        if round(Decimal(minutes(seconds)) * 60) != seconds:
            pytest.fail(f"{seconds} s would be saved as another duration")
