"""Who is before whom, and what a room may hold."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.core.errors import QueueClosedError, RoomBusyError
from app.queues import rules
from app.queues.states import OPEN_STATUSES, EntryStatus, MergeRule, PointStatus, slots_of

NINE = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
MOMENTS = some.integers(0, 600).map(lambda minutes: NINE + timedelta(minutes=minutes))


def merging(rule: MergeRule, *, head_start: int = 20) -> rules.Merging:
    return rules.Merging(
        rule=rule, early_tolerance_seconds=1800, head_start_seconds=head_start * 60, grace_seconds=900
    )


def minutes(count: int) -> timedelta:
    return timedelta(minutes=count)


def test_who_comes_early_counts_from_shortly_before_the_booked_time() -> None:
    assert rules.eligible_at(NINE, NINE + minutes(120), merging(MergeRule.SLOT)) == NINE + minutes(90)


def test_who_comes_late_counts_from_the_arrival() -> None:
    for rule in MergeRule:
        assert rules.eligible_at(NINE, NINE - minutes(60), merging(rule)) == NINE


def test_who_has_no_appointment_counts_from_the_arrival() -> None:
    for rule in MergeRule:
        assert rules.eligible_at(NINE, None, merging(rule)) == NINE


def test_where_only_the_arrival_counts_a_booked_time_changes_nothing() -> None:
    assert rules.eligible_at(NINE, NINE + minutes(120), merging(MergeRule.ARRIVAL)) == NINE


def test_a_head_start_puts_the_punctual_forward_and_not_the_late() -> None:
    rule = merging(MergeRule.HEAD_START)
    assert rules.eligible_at(NINE, NINE + minutes(10), rule) == NINE - minutes(20)
    assert rules.eligible_at(NINE, NINE - minutes(14), rule) == NINE - minutes(20)
    assert rules.eligible_at(NINE, NINE - minutes(16), rule) == NINE


@pytest.mark.parametrize(
    ("given_class", "waited", "overtaken", "rank"),
    [(0, 0, 0, 0), (0, 3600, 0, 1), (0, 0, 5, 1), (1, 9999, 9, 1), (2, 0, 0, 2), (2, 9999, 9, 2)],
)
def test_patience_makes_preferred_and_never_urgent(
    given_class: int, waited: int, overtaken: int, rank: int
) -> None:
    found = rules.rank_class(
        given_class, waited_seconds=waited, overtaken=overtaken, ageing_seconds=3600, max_overtaken=5
    )
    assert found == rank


def test_a_place_behind_others_is_never_better_than_the_own() -> None:
    line = [rules.Place(1, NINE), rules.Place(0, NINE), rules.Place(0, NINE + minutes(5))]
    own = rules.Place(0, NINE - minutes(10))
    after_second = rules.behind(own, line, 2)
    assert after_second is not None
    assert NINE < after_second.eligible_at < NINE + minutes(5)
    last = rules.behind(own, line, 9)
    assert last is not None
    assert last.eligible_at > NINE + minutes(5)
    assert rules.behind(rules.Place(0, NINE + minutes(9)), line, 2) is None
    assert rules.behind(own, [], 2) is None


def test_the_urgent_stand_behind_the_urgent_only() -> None:
    own = rules.Place(2, NINE)
    others = [rules.Place(1, NINE), rules.Place(0, NINE), rules.Place(0, NINE + minutes(5))]
    assert rules.behind(own, others, 2) is None
    after = rules.behind(own, [rules.Place(2, NINE + minutes(1)), *others], 2)
    assert after is not None
    assert (after.rank_class, after.eligible_at > NINE + minutes(1)) == (2, True)


@given(some.lists(some.tuples(some.integers(0, 3), MOMENTS, some.integers(1, 99)), unique=True))
def test_urgent_first_then_who_waits_longest_then_the_earlier_row(
    people: list[tuple[int, datetime, int]],
) -> None:
    line = sorted(people, key=lambda one: rules.order_of_service(*one))
    for before, after in itertools.pairwise(line):
        assert before[0] >= after[0]
        if before[0] == after[0]:
            assert before[1:] <= after[1:]


@pytest.mark.parametrize("status", [PointStatus.PAUSED, PointStatus.CLOSED])
def test_a_room_that_is_not_open_takes_nobody(status: PointStatus) -> None:
    with pytest.raises(QueueClosedError):
        rules.check_room(status, called=0, calls_ahead=9)


def test_a_room_calls_no_more_than_its_rule_allows() -> None:
    rules.check_room(PointStatus.OPEN, called=1, calls_ahead=2)
    with pytest.raises(RoomBusyError):
        rules.check_room(PointStatus.OPEN, called=2, calls_ahead=2)


@given(some.integers(1, 5), some.sets(some.integers(1, 5)))
def test_a_free_place_is_the_lowest_one(capacity: int, taken: set[int]) -> None:
    free = set(range(1, capacity + 1)) - taken
    if free:
        assert rules.free_place(capacity, taken) == min(free)
    else:
        with pytest.raises(RoomBusyError):
            rules.free_place(capacity, taken)


@pytest.mark.parametrize(
    ("status", "held"),
    [
        (EntryStatus.WAITING, "active"),
        (EntryStatus.HELD, "active"),
        (EntryStatus.NO_SHOW, "active"),
        (EntryStatus.CALLED, "active engaged"),
        (EntryStatus.IN_SERVICE, "active engaged serving"),
        (EntryStatus.DONE, ""),
        (EntryStatus.TRANSFERRED, ""),
        (EntryStatus.CANCELLED, ""),
        (EntryStatus.LEFT, ""),
        (EntryStatus.ENTERED_IN_ERROR, ""),
    ],
)
def test_a_status_holds_its_slots(status: EntryStatus, held: str) -> None:
    slots = slots_of(status)
    assert " ".join(name for name in ("active", "engaged", "serving") if getattr(slots, name)) == held
    assert (status in OPEN_STATUSES) is slots.active
