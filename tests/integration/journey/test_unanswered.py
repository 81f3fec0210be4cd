"""Whom nobody answers the clock calls again by the gap of the queue's rules, and misses after the last call only."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from app.boards import queries as boards
from app.core.db import db
from app.core.errors import TransitionRefusedError
from app.core.transaction import release
from app.journey import services as journey
from app.journey.states import Command, State
from app.queues import services as queues
from app.queues.models import Call, QueueEntry
from app.queues.services import Rules
from app.queues.states import EntryStatus
from tests.hospital import ALL_DAY
from tests.integration.journey.scenes import Stage
from tests.together import together

MORNING = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # ten o'clock in Seoul
GAP = replace(ALL_DAY, recall_gap_seconds=30, call_expiry_seconds=120, max_calls=3)


@pytest.fixture
def frozen() -> object:
    """Give a clock that stands still until it is moved."""
    with time_machine.travel(MORNING, tick=False) as traveller:
        yield traveller


def state(stage: Stage, rules: Rules) -> None:
    """State the rules of the ward's queue."""
    queues.set_rules(stage.hospital.consult, rules, version=1, by=stage.hospital.cast.chris)


def calls(visit_number: int) -> list[Call]:
    """Return the calls of a number, in their order."""
    release()
    return list(
        db.session.execute(select(Call).where(Call.number == visit_number).order_by(Call.id)).scalars()
    )


def entry_of(stage: Stage, visit: UUID) -> QueueEntry:
    found = stage.entry(visit)
    assert found is not None
    return found


def ring(traveller: time_machine.Traveller, *, until_seconds: int, every: int = 2) -> dict[int, int]:
    """Let the clock look as often as it does; return at which second it did how much."""
    done: dict[int, int] = {}
    for second in range(0, until_seconds + 1, every):
        traveller.move_to(MORNING + timedelta(seconds=second))
        if count := journey.answer_for_the_absent():
            done[second] = count
    return done


def test_the_clock_calls_again_by_the_gap_and_misses_after_the_last_call(
    stage: Stage, frozen: time_machine.Traveller
) -> None:
    state(stage, GAP)
    visit = stage.bring("called")
    number = entry_of(stage, visit).number
    assert ring(frozen, until_seconds=240) == {30: 1, 60: 1, 180: 1}
    assert stage.where(visit) == (State.WAITING, EntryStatus.NO_SHOW)
    rung = calls(number)
    assert [one.attempt for one in rung] == [1, 2, 3]
    assert [(one.at - MORNING).total_seconds() for one in rung] == [0, 30, 60]
    assert len({one.public_id for one in rung}) == 3, "each call is one more for the boards to speak"
    by_itself = stage.lines(visit)[-3:]
    assert [line.command for line in by_itself] == [Command.RECALL, Command.RECALL, Command.MISS]
    assert {line.actor_kind for line in by_itself} == {"system"}


def test_every_call_is_on_the_board_once_with_its_own_id(
    stage: Stage, frozen: time_machine.Traveller
) -> None:
    state(stage, GAP)
    stage.bring("called")
    seen: Counter[UUID] = Counter()
    for second in range(0, 100, 2):
        frozen.move_to(MORNING + timedelta(seconds=second))
        journey.answer_for_the_absent()
        release()
        seen.update(call.call_id for call in boards.public_board(stage.hospital.consult).calls)
    assert len(seen) == 3


def test_a_gap_longer_than_a_call_is_open_loses_no_turn_between_two_calls(
    stage: Stage, frozen: time_machine.Traveller
) -> None:
    state(stage, replace(GAP, recall_gap_seconds=300))
    visit = stage.bring("called")
    assert ring(frozen, until_seconds=900, every=10) == {300: 1, 600: 1, 720: 1}
    assert stage.where(visit) == (State.WAITING, EntryStatus.NO_SHOW)


def test_without_a_gap_only_hands_call_again_and_the_last_call_still_ends(
    stage: Stage, frozen: time_machine.Traveller
) -> None:
    state(stage, replace(GAP, recall_gap_seconds=0))
    visit = stage.bring("called")
    assert ring(frozen, until_seconds=600, every=10) == {}
    for _ in range(2):
        stage.give(Command.RECALL, visit)
    frozen.shift(timedelta(seconds=119))
    assert journey.answer_for_the_absent() == 0
    frozen.shift(timedelta(seconds=1))
    assert journey.answer_for_the_absent() == 1
    assert stage.where(visit) == (State.WAITING, EntryStatus.NO_SHOW)


def test_where_nothing_happens_by_itself_no_call_is_repeated_and_no_turn_lost(
    quick: Stage, frozen: time_machine.Traveller
) -> None:
    state(quick, replace(GAP, recalls_by_itself=False))
    visit = quick.bring("called")
    for _ in range(2):
        quick.give(Command.RECALL, visit)
    assert ring(frozen, until_seconds=600, every=10) == {}
    assert quick.where(visit) == (State.CALLED, EntryStatus.CALLED)


def test_the_gap_begins_anew_with_a_call_by_hand(stage: Stage, frozen: time_machine.Traveller) -> None:
    state(stage, GAP)
    visit = stage.bring("called")
    frozen.move_to(MORNING + timedelta(seconds=20))
    stage.give(Command.RECALL, visit)
    frozen.move_to(MORNING + timedelta(seconds=49))
    assert journey.answer_for_the_absent() == 0
    frozen.move_to(MORNING + timedelta(seconds=50))
    assert journey.answer_for_the_absent() == 1


def test_a_nurse_calls_again_before_the_gap_but_not_on_top_of_the_clock(
    stage: Stage, frozen: time_machine.Traveller
) -> None:
    state(stage, GAP)
    visit = stage.bring("called")
    number = entry_of(stage, visit).number
    frozen.move_to(MORNING + timedelta(seconds=30))
    assert journey.answer_for_the_absent() == 1
    frozen.shift(timedelta(seconds=2))
    with pytest.raises(TransitionRefusedError) as refused:
        stage.give(Command.RECALL, visit)
    assert refused.value.details["why"] == "called_by_itself"
    assert len(calls(number)) == 2
    frozen.shift(timedelta(seconds=1))
    stage.give(Command.RECALL, visit)
    assert [one.attempt for one in calls(number)] == [1, 2, 3]


def test_who_is_let_in_or_taken_back_is_called_no_more(quick: Stage, frozen: time_machine.Traveller) -> None:
    state(quick, GAP)
    inside, back = quick.bring("called"), quick.bring("called")
    quick.give(Command.START, inside)
    quick.give(Command.UNCALL, back)
    assert ring(frozen, until_seconds=300, every=10) == {}


def test_a_new_round_after_a_missed_one_has_all_its_calls(
    stage: Stage, frozen: time_machine.Traveller
) -> None:
    state(stage, GAP)
    visit = stage.bring("called")
    ring(frozen, until_seconds=200, every=10)
    assert stage.where(visit) == (State.WAITING, EntryStatus.NO_SHOW)
    stage.give(Command.RE_ENTER, visit)
    stage.give(Command.CALL, visit)
    frozen.shift(timedelta(seconds=30))
    assert journey.answer_for_the_absent() == 1
    assert entry_of(stage, visit).call_count == 2


def test_after_a_night_switched_off_nobody_is_called_twice_in_one_go(
    stage: Stage, frozen: time_machine.Traveller
) -> None:
    state(stage, GAP)
    visit = stage.bring("called")
    frozen.shift(timedelta(hours=1))
    assert [journey.answer_for_the_absent() for _ in range(3)] == [1, 0, 0]
    assert entry_of(stage, visit).call_count == 2


def test_with_the_rules_a_queue_has_at_first_no_turn_is_lost_within_nine_minutes(
    quick: Stage, frozen: time_machine.Traveller
) -> None:
    """As before the gap was obeyed: three calls, each open for three minutes."""
    state(quick, replace(Rules(), check_in_before_seconds=86400, check_in_after_seconds=86400))
    quick.bring("called")
    assert ring(frozen, until_seconds=600, every=10) == {180: 1, 360: 1, 540: 1}


@pytest.mark.parametrize("hands", [2, 4])
def test_two_clocks_at_once_call_again_once(app: Flask, stage: Stage, hands: int) -> None:
    """A leader that was thought dead and its follower: the same calls, each once."""
    state(stage, GAP)
    with time_machine.travel(MORNING, tick=False) as traveller:
        visits = [stage.bring("called") for _ in range(3)]
        traveller.shift(timedelta(seconds=30))
        works: list[Callable[[], object]] = [partial(journey.answer_for_the_absent)] * hands
        assert sum(together(app, works)) == len(visits)
        for visit in visits:
            assert entry_of(stage, visit).call_count == 2
            assert [one.attempt for one in calls(entry_of(stage, visit).number)] == [1, 2]
            assert [line.command for line in stage.lines(visit)].count(Command.RECALL) == 1


def test_a_nurse_and_the_clock_at_once_use_up_one_try(app: Flask, stage: Stage) -> None:
    state(stage, GAP)
    with time_machine.travel(MORNING, tick=False) as traveller:
        visit = stage.bring("called")
        entry = entry_of(stage, visit)
        one, version = entry.public_id, entry.version
        traveller.shift(timedelta(seconds=30))
        together(
            app,
            [
                partial(journey.recall, one, version=version, by=stage.hospital.cast.anne),
                journey.answer_for_the_absent,
            ],
        )
        assert entry_of(stage, visit).call_count == 2
