"""The simulated clinic: what a phone would be told there, and how often it would be right."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from app.waits.rules import Stretch
from benchmarks import clinic
from benchmarks.clinic import ROOMS, Class, Kind, RoomVisit
from benchmarks.clinic_forecasters import PLAN, QueueLengthPlan, forecasters
from benchmarks.clinic_waits import Told, replay, waits

NOON_AND_TWENTY = timedelta(hours=12, minutes=20)


@pytest.fixture(scope="module")
def learned() -> QueueLengthPlan:
    """Give the product's rules after two weeks of work."""
    known = QueueLengthPlan()
    replay(1, 10, {PLAN: known})
    return known


@pytest.fixture(scope="module")
def a_day() -> list[RoomVisit]:
    """Give the visits of one day, in the order of joining."""
    (day,) = clinic.days(1, 1)
    return [fact.visit for fact in day if fact.kind is Kind.JOINED]


def joining(room: str, visits: Sequence[RoomVisit], *, ahead: int, plan: tuple[Stretch, ...]) -> RoomVisit:
    """Return somebody who joins the full room at twenty past twelve of the tenth day."""
    return RoomVisit(
        room=ROOMS[room],
        came=Class.WALK_IN,
        day=9,
        joined=visits[0].joined.replace(hour=0, minute=0, second=0, microsecond=0) + NOON_AND_TWENTY,
        ahead=ahead,
        busy=ROOMS[room].staff,
        away=0,
        plan=plan,
    )


def spoken(told: Sequence[Told]) -> list[tuple[str, float | None]]:
    return [(one.visit.room.name, one.etas[PLAN]) for one in told]


@pytest.mark.parametrize("room", ["internal", "orthopaedics"])
def test_at_twenty_past_twelve_behind_ten_people_lunch_is_told(
    room: str, learned: QueueLengthPlan, a_day: list[RoomVisit]
) -> None:
    plan = next(visit.plan for visit in a_day if visit.room.name == room)
    seconds = learned.forecast(joining(room, a_day, ahead=10, plan=plan))
    assert seconds is not None
    assert seconds >= 60 * 60


def test_a_room_without_anybody_at_work_gets_no_number(
    learned: QueueLengthPlan, a_day: list[RoomVisit]
) -> None:
    assert learned.forecast(joining("internal", a_day, ahead=0, plan=())) is None


def test_reading_the_log_again_gives_the_same_forecasts() -> None:
    once, again = (replay(2, 3, {PLAN: QueueLengthPlan()}) for _ in range(2))
    assert spoken(once) == spoken(again)
    assert spoken(once) != spoken(replay(3, 3, {PLAN: QueueLengthPlan()}))


def test_what_is_told_does_not_depend_on_what_was_told() -> None:
    alone, among_others = replay(2, 3, {PLAN: QueueLengthPlan()}), replay(2, 3, forecasters())
    assert spoken(alone) == spoken(among_others)


def test_nobody_is_called_before_joining_nor_twice() -> None:
    for facts in clinic.days(3, 2):
        called = [fact.visit for fact in facts if fact.kind is Kind.CALLED]
        assert len(called) == len(set(called)) == sum(fact.kind is Kind.JOINED for fact in facts)
        assert min(visit.wait_seconds for visit in called) >= 0


def test_the_plan_of_staff_beats_the_length_of_the_line_and_ranges_hold(tmp_path: Path) -> None:
    assert waits(tmp_path, seeds=(1,), train=25, test=10).faults == []


@pytest.mark.slow
def test_in_three_clinics_whose_orthopaedics_slow_down_both_still_hold(tmp_path: Path) -> None:
    section = waits(tmp_path)
    assert section.faults == []
    assert [len(one.values) for one in section.ratios] == [3, 3]
