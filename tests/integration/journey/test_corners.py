"""Corners where one rule meets another: found by trying to break the ways, kept so that they stay mended."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from app.core import clock
from app.core.db import db
from app.core.errors import (
    ConfirmationNeededError,
    InvalidError,
    NotAllowedError,
    NotFoundError,
    QueueClosedError,
    TransitionRefusedError,
)
from app.core.transaction import release
from app.journey import services as journey
from app.journey.states import Command, State
from app.queues import services as queues
from app.queues.models import Call, QueueEntry
from app.queues.states import EntryStatus, PointStatus
from tests.integration.journey.scenes import CONFIRMED, WHY, Stage

LONG_WHY = "환자가 다른 병원으로 옮기기를 원하여 오늘 진료와 검사를 모두 취소함"


def entry_of(stage: Stage, visit: UUID) -> QueueEntry:
    found = stage.entry(visit)
    assert found is not None
    return found


def call(stage: Stage, visit: UUID, room: UUID) -> None:
    """Call a named patient, whoever is before."""
    entry = entry_of(stage, visit)
    journey.call_patient(
        entry.public_id,
        room,
        version=entry.version,
        confirm=CONFIRMED,
        reason=WHY,
        by=stage.hospital.cast.anne,
    )


@pytest.mark.parametrize("command", ["cancel", "leave", "transfer_out", "void", "close", "transfer"])
def test_a_long_korean_reason_is_kept_whole(stage: Stage, command: str) -> None:
    visit, cast = stage.bring("waiting"), stage.hospital.cast
    if command == "transfer":
        entry = entry_of(stage, visit)
        journey.transfer(
            entry.public_id,
            service_point_id=stage.hospital.rooms[1],
            version=entry.version,
            reason=LONG_WHY,
            by=cast.anne,
        )
    else:
        by = cast.flora if command in {"void", "close"} else cast.anne
        getattr(journey, command)(visit, version=stage.visit(visit).version, reason=LONG_WHY, by=by)
    assert stage.lines(visit)[-1].reason == LONG_WHY


def test_a_step_waived_while_its_line_is_closed_gives_way_to_the_next(stage: Stage) -> None:
    """The queue of the step after the next one is not locked beforehand: it is found, and the unit runs again."""
    hospital = stage.hospital
    visit = hospital.expect("lab", "consult", "ortho")
    for command in (Command.ARRIVE, Command.REGISTER, Command.CALL, Command.START):
        stage.give(command, visit)
    stage.open(hospital.consult, is_open=False)
    stage.give(Command.COMPLETE, visit)
    assert stage.where(visit) == (State.WAITING, None)
    stage.give(Command.WAIVE, visit)
    assert stage.where(visit) == (State.WAITING, EntryStatus.WAITING)
    assert stage.queue_of(entry_of(stage, visit).queue_id) == hospital.elsewhere


def test_a_waived_step_that_could_begin_gives_way_to_the_next(stage: Stage) -> None:
    visit = stage.hospital.expect("lab", "consult", "ortho")
    for command in (Command.ARRIVE, Command.REGISTER, Command.CALL, Command.START):
        stage.give(command, visit)
    stage.open(stage.hospital.consult, is_open=False)
    stage.give(Command.COMPLETE, visit)
    stage.open(stage.hospital.consult, is_open=True)
    stage.give(Command.WAIVE, visit)
    assert stage.queue_of(entry_of(stage, visit).queue_id) == stage.hospital.elsewhere


def test_the_desk_lets_somebody_in_again_who_has_used_up_the_own_tries(quick: Stage) -> None:
    cast = quick.hospital.cast
    visit = quick.bring("missed")
    for _ in range(2):
        quick.give(Command.RE_ENTER, visit, by=cast.patient(visit))
        quick.give(Command.CALL, visit)
        quick.give(Command.MISS, visit)
    with pytest.raises(TransitionRefusedError) as refused:
        quick.give(Command.RE_ENTER, visit, by=cast.patient(visit))
    assert refused.value.details["next"] == "desk"
    quick.give(Command.RE_ENTER, visit, by=cast.henry)
    assert quick.where(visit) == (State.WAITING, EntryStatus.WAITING)


def test_the_desk_puts_somebody_aside_as_long_as_it_sees_fit(quick: Stage) -> None:
    cast = quick.hospital.cast
    visit = quick.bring("waiting")
    quick.give(Command.HOLD, visit, by=cast.patient(visit))
    quick.give(Command.RESUME, visit, by=cast.patient(visit))
    with pytest.raises(TransitionRefusedError):
        quick.give(Command.HOLD, visit, by=cast.patient(visit))
    entry = entry_of(quick, visit)
    late = clock.utcnow() + timedelta(hours=2)
    journey.hold(entry.public_id, version=entry.version, reason=WHY, until=late, by=cast.henry)
    assert entry_of(quick, visit).held_until == late


@pytest.mark.parametrize("scene", ["inside", "paying", "between", "interrupted"])
def test_a_patient_does_not_cancel_what_has_begun(quick: Stage, scene: str) -> None:
    """V17: until the examination begins. Whoever goes later has left, and whoever should pay pays."""
    visit = quick.bring("inside" if scene == "interrupted" else scene)
    if scene == "interrupted":
        quick.give(Command.PAUSE, visit)
    patient = quick.hospital.cast.patient(visit)
    with pytest.raises(NotAllowedError):
        quick.give(Command.CANCEL, visit, by=patient)
    if scene != "paying":
        quick.give(Command.LEAVE, visit, by=patient)
        assert quick.visit(visit).disposition == "left_during_care"


def test_an_undone_call_gives_back_its_own_overtaking_only(stage: Stage) -> None:
    """P9, P15: two calls passed the same patient over; undoing the first one leaves the second one counted."""
    passed, first, second = (stage.bring("waiting") for _ in range(3))
    rooms = stage.hospital.rooms
    call(stage, second, rooms[0])
    call(stage, first, rooms[1])
    assert entry_of(stage, passed).overtaken == 2
    stage.give(Command.UNDO, second, by=stage.hospital.cast.anne)
    assert entry_of(stage, passed).overtaken == 1
    stage.give(Command.UNDO, first, by=stage.hospital.cast.anne)
    assert entry_of(stage, passed).overtaken == 0


def test_undoing_an_own_command_does_not_forget_who_was_called_first_meanwhile(quick: Stage) -> None:
    passed, other = (quick.bring("waiting") for _ in range(2))
    entry = entry_of(quick, passed)
    anne = quick.hospital.cast.anne
    journey.prioritise(entry.public_id, priority=0, version=entry.version, reason=WHY, by=anne)
    call(quick, other, quick.hospital.rooms[0])
    quick.give(Command.UNDO, passed, by=anne)
    assert entry_of(quick, passed).overtaken == 1


def test_an_overtaken_patient_is_preferred_again_only_while_overtaken_too_often(quick: Stage) -> None:
    """The fifth overtaking prefers; when that call is undone, the old class and place are back."""
    passed = quick.bring("waiting")
    others = [quick.bring("waiting") for _ in range(5)]
    for other in others:
        call(quick, other, quick.new_room(quick.hospital.consult))
    assert (entry_of(quick, passed).overtaken, entry_of(quick, passed).rank_class) == (5, 1)
    quick.give(Command.UNDO, others[0], by=quick.hospital.cast.anne)
    assert (entry_of(quick, passed).overtaken, entry_of(quick, passed).rank_class) == (4, 0)


def test_urgent_stays_first_after_a_missed_call(quick: Stage) -> None:
    """P15: a missed call costs an urgent patient no place behind those who are not urgent."""
    normal = [quick.bring("waiting") for _ in range(3)]
    urgent = quick.bring("waiting")
    quick.give(Command.PRIORITY, urgent)
    for command in (Command.CALL, Command.MISS, Command.RE_ENTER):
        quick.give(command, urgent)
    entry = entry_of(quick, urgent)
    assert entry.rank_class == 2
    assert quick.line(quick.hospital.consult)[0] == entry.number
    assert len(normal) == 3


def test_urgent_is_not_skipped_for_who_is_not(quick: Stage) -> None:
    for _ in range(2):
        quick.bring("waiting")
    urgent = quick.bring("waiting")
    quick.give(Command.PRIORITY, urgent)
    with pytest.raises(TransitionRefusedError) as refused:
        quick.give(Command.SKIP_ONCE, urgent)
    assert refused.value.details["why"] == "last_in_line"


def test_a_missed_call_is_not_answered_by_a_later_one(quick: Stage) -> None:
    visit = quick.bring("missed")
    for command in (Command.RE_ENTER, Command.CALL, Command.START):
        quick.give(command, visit)
    release()
    calls = list(db.session.execute(select(Call).order_by(Call.id)).scalars())
    assert [one.answered_at is None for one in calls] == [True, False]


def test_nobody_is_sent_to_wait_before_a_closed_room(quick: Stage) -> None:
    hospital = quick.hospital
    visit = quick.bring("waiting")
    room = quick.new_room(hospital.consult)
    queues.set_point_status(room, status=PointStatus.CLOSED, version=1, by=hospital.cast.anne)
    entry = entry_of(quick, visit)
    with pytest.raises(QueueClosedError):
        journey.transfer(entry.public_id, service_point_id=room, version=entry.version, by=hospital.cast.anne)


def test_who_waits_for_a_room_that_closes_is_called_by_the_others(stage: Stage) -> None:
    """Nobody is skipped because a room went home."""
    hospital, anne = stage.hospital, stage.hospital.cast.anne
    visit, later = stage.bring("waiting"), stage.bring("waiting")
    room = stage.new_room(hospital.consult)
    entry = entry_of(stage, visit)
    journey.transfer(entry.public_id, service_point_id=room, version=entry.version, by=anne)
    assert entry_of(stage, visit).pinned_point_id is not None
    queues.set_point_status(room, status=PointStatus.PAUSED, version=1, reason=WHY, by=anne)
    assert journey.call_next(hospital.consult, hospital.rooms[0], by=anne).visit_id == later
    assert entry_of(stage, visit).overtaken == 0
    third = stage.bring("waiting")
    queues.set_point_status(room, status=PointStatus.CLOSED, version=2, by=anne)
    assert journey.call_next(hospital.consult, hospital.rooms[1], by=anne).visit_id == visit
    assert stage.where(third)[0] is State.WAITING


def test_everybody_is_not_moved_to_where_they_are(quick: Stage) -> None:
    quick.bring("waiting")
    queue, anne = quick.hospital.consult, quick.hospital.cast.anne
    with pytest.raises(TransitionRefusedError) as refused:
        journey.move_everybody(
            queue, to_queue_id=queue, reason=WHY, count=1, confirm=frozenset({"everybody"}), by=anne
        )
    assert refused.value.details["why"] == "same_queue"


def test_everybody_is_not_put_aside_until_yesterday(quick: Stage) -> None:
    quick.bring("waiting")
    with pytest.raises(InvalidError):
        journey.move_everybody(
            quick.hospital.consult,
            to_queue_id=None,
            until=clock.utcnow() - timedelta(days=1),
            reason=WHY,
            count=1,
            confirm=frozenset({"everybody"}),
            by=quick.hospital.cast.anne,
        )


def test_a_count_that_has_changed_is_asked_again(quick: Stage) -> None:
    for _ in range(2):
        quick.bring("waiting")
    with pytest.raises(ConfirmationNeededError) as asked:
        journey.move_everybody(
            quick.hospital.consult,
            to_queue_id=None,
            reason=WHY,
            count=1,
            confirm=frozenset({"everybody"}),
            by=quick.hospital.cast.anne,
        )
    assert asked.value.details == {"confirm": ["everybody"], "count": 2}


@pytest.mark.parametrize("scene", ["waiting", "registered", "paying", "between"])
@pytest.mark.parametrize("command", [Command.ADD_STEP, Command.WAIVE])
def test_a_doctor_of_another_ward_plans_nothing_here(quick: Stage, scene: str, command: Command) -> None:
    visit = quick.bring(scene)
    stranger = replace(quick.hospital.cast.grace, units=frozenset({quick.hospital.other}))
    with pytest.raises(NotFoundError):
        quick.give(command, visit, by=stranger, service="ortho")


def test_one_more_step_that_must_come_first_lets_the_visit_join_it(quick: Stage) -> None:
    """A line that reopened is ready to be joined, and the new order goes before it: both are locked."""
    hospital, cast = quick.hospital, quick.hospital.cast
    queues.offer("ortho", name_ko="정형외과", name_en="Orthopaedics", follows=("lab",), by=cast.chris)
    visit = hospital.expect("ortho")
    quick.open(hospital.elsewhere, is_open=False)
    for command in (Command.ARRIVE, Command.REGISTER):
        quick.give(command, visit)
    quick.open(hospital.elsewhere, is_open=True)
    by = replace(cast.grace, units=frozenset({hospital.other}))
    quick.give(Command.ADD_STEP, visit, by=by, service="lab")
    assert quick.queue_of(entry_of(quick, visit).queue_id) == hospital.lab
