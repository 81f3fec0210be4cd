"""The history as FHIR tells it: the status never goes back, but for what was undone, which was never so."""

from datetime import timedelta
from typing import Any

from app.fhir.mappers.encounter import encounter
from app.fhir.mappers.history import Happening, Stay
from app.journey.states import Command, Disposition, State
from tests.unit.fhir.given import LAB, NAMING, ROOM, WALK, a_visit, lines, minute, number, walked


def told(resource: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return the history as (status, from, to), times on the wall."""
    return [
        (
            one["status"],
            one["period"].get("start", "")[11:16],
            one["period"].get("end", "")[11:16],
        )
        for one in resource["statusHistory"]
    ]


def test_the_whole_walk_is_four_stages() -> None:
    assert told(encounter(walked(len(WALK)), NAMING)) == [
        ("planned", "09:00", "09:01"),
        ("arrived", "09:01", "09:05"),
        ("in-progress", "09:05", "09:12"),
        ("finished", "09:12", ""),
    ]


def test_whoever_waits_for_the_second_room_is_in_care() -> None:
    second = encounter(walked(7), NAMING)
    assert second["status"] == "in-progress"
    assert told(second)[-1] == ("in-progress", "09:05", "")


def test_whoever_comes_early_was_planned_since_nobody_knows_when() -> None:
    early = encounter(walked(2, expected_at=minute(30)), NAMING)
    assert told(early) == [("planned", "", "09:01"), ("arrived", "09:01", "")]
    assert early["period"] == {"start": "2027-03-02T09:01:00+09:00"}


def test_whoever_comes_without_a_time_was_planned_until_then() -> None:
    assert told(encounter(walked(1, expected_at=None), NAMING))[0] == ("planned", "", "09:01")


def test_a_visit_called_off_before_its_time_has_no_negative_period() -> None:
    off = a_visit(
        state=State.FINISHED,
        disposition=Disposition.CANCELLED_BY_STAFF,
        expected_at=minute(30),
        closed_at=minute(1),
        lines=lines((Command.CANCEL, 1, State.FINISHED)),
    )
    said = encounter(off, NAMING)
    assert said["status"] == "cancelled"
    assert said["period"] == {"end": "2027-03-02T09:01:00+09:00"}
    assert told(said) == [("planned", "", "09:01"), ("cancelled", "09:01", "")]


def test_a_start_that_was_undone_was_nobodys_care() -> None:
    undone = encounter(walked(5, (Command.UNDO, 50, State.CALLED)), NAMING)
    assert undone["status"] == "arrived"
    assert told(undone) == [("planned", "09:00", "09:01"), ("arrived", "09:01", "")]


def test_an_undo_takes_all_lines_of_its_command_and_nothing_more() -> None:
    undone = encounter(walked(8, (Command.UNDO, 50, State.WAITING), stays=()), NAMING)
    assert told(undone)[-1] == ("in-progress", "09:05", "")
    both = encounter(walked(7, (Command.UNDO, 50, State.ONGOING)), NAMING)
    assert told(both)[-1] == ("in-progress", "09:05", "")


def test_a_payment_by_mistake_leaves_no_finished_visit() -> None:
    undone = encounter(walked(len(WALK), (Command.UNDO, 50, State.PAYMENT)), NAMING)
    assert undone["status"] == "in-progress"
    assert "end" not in undone["period"]
    assert [status for status, *_ in told(undone)] == ["planned", "arrived", "in-progress"]


def test_an_arrival_by_mistake_makes_the_visit_expected_again() -> None:
    undone = encounter(walked(1, (Command.UNDO, 50, State.UNREGISTERED), arrived_at=None), NAMING)
    assert undone["status"] == "planned"
    assert told(undone) == [("planned", "09:00", "")]


def test_an_undo_without_anything_before_it_takes_nothing() -> None:
    odd = a_visit(lines=lines((Command.UNDO, 1, State.UNREGISTERED)))
    assert encounter(odd, NAMING)["status"] == "planned"


def test_a_paid_visit_that_is_voided_had_been_finished() -> None:
    void = walked(len(WALK), (Command.VOID, 50, State.FINISHED), disposition=Disposition.ENTERED_IN_ERROR)
    said = encounter(void, NAMING)
    assert said["status"] == "entered-in-error"
    assert [status for status, *_ in told(said)][-2:] == ["finished", "entered-in-error"]


def test_a_cancelled_visit_that_is_voided_had_been_cancelled() -> None:
    void = walked(
        3,
        (Command.CANCEL, 49, State.FINISHED),
        (Command.VOID, 50, State.FINISHED),
        disposition=Disposition.ENTERED_IN_ERROR,
    )
    assert [status for status, *_ in told(encounter(void, NAMING))] == [
        "planned",
        "arrived",
        "cancelled",
        "entered-in-error",
    ]


def test_a_pause_makes_two_stays_and_its_undo_one() -> None:
    left = Stay(LAB, minute(5), minute(6))
    paused = Happening(Command.PAUSE, number(50), State.WAITING, minute(6), left)
    again = Stay(ROOM, minute(8))
    two = walked(5, lines=(*lines(*WALK[:5]), paused), state=State.ONGOING, stays=(again,))
    where = encounter(two, NAMING)["location"]
    assert [(one["location"]["reference"], one["status"]) for one in where] == [
        (f"Location/{LAB}", "completed"),
        (f"Location/{ROOM}", "active"),
    ]
    undo = Happening(Command.UNDO, number(51), State.ONGOING, minute(7))
    one = walked(5, lines=(*lines(*WALK[:5]), paused, undo), state=State.ONGOING)
    assert len(encounter(one, NAMING)["location"]) == 1


def test_a_clock_that_was_set_back_makes_no_negative_stage() -> None:
    history = lines(*WALK[:5])
    back = (*history[:4], Happening(Command.START, number(9), State.ONGOING, minute(-10)))
    assert told(encounter(walked(5, lines=back, stays=()), NAMING))[1:] == [
        ("arrived", "09:01", "09:01"),
        ("in-progress", "09:01", ""),
    ]


def test_times_are_the_walls_to_the_second() -> None:
    history = walked(1, arrived_at=minute(1) + timedelta(microseconds=999_999))
    assert encounter(history, NAMING)["period"]["start"] == "2027-03-02T09:01:00+09:00"


def test_a_row_that_knows_more_than_its_history_is_believed() -> None:
    later = walked(3, state=State.ONGOING)
    assert told(encounter(later, NAMING))[-1] == ("in-progress", "09:03", "")
    bare = a_visit(state=State.WAITING, arrived_at=minute(1))
    assert encounter(bare, NAMING)["status"] == "arrived"
    assert "statusHistory" not in encounter(bare, NAMING)
