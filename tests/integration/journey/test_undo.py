"""Undo brings state, position and counters back; history is never deleted."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from sqlalchemy import select

from app.core.db import db
from app.core.errors import NotAllowedError, RoomBusyError, TransitionRefusedError, VersionStaleError
from app.core.transaction import release
from app.emr import services as emr
from app.journey import services as journey
from app.journey.states import Command, State
from app.queues.models import Call
from tests.hospital import SITE
from tests.integration.journey.scenes import Stage

UNDONE = {
    "expected": Command.ARRIVE,
    "arrived": Command.REGISTER,
    "registered": Command.JOIN,
    "waiting": Command.CALL,
    "called": Command.START,
    "called again": Command.RECALL,
    "inside": Command.COMPLETE,
    "first of two": Command.COMPLETE,
    "paying": Command.PAY,
    "one more": Command.ADD_STEP,
}


def picture(stage: Stage, visit: UUID) -> dict[str, Any]:
    """Return what undo must bring back."""
    row, entry = stage.visit(visit), stage.entry(visit)
    shown: dict[str, Any] = {
        "state": row.state,
        "disposition": row.disposition,
        "open": row.open_slot,
        "number": row.day_number,
    }
    shown |= {"arrived": row.arrived_at, "registered": row.registered_at, "closed": row.closed_at}
    if entry is not None and entry.active_slot:
        shown |= {
            name: getattr(entry, name)
            for name in ("status", "call_count", "eligible_at", "called_at", "started_at", "service_point_id")
        }
        shown |= {name: getattr(entry, name) for name in ("engaged_slot", "serving_slot", "priority_class")}
    shown["steps"] = stage.steps(visit)
    shown["lines"] = [stage.line(queue) for queue in (stage.hospital.consult, stage.hospital.lab)]
    return shown


def bring(stage: Stage, scene: str) -> UUID:
    """Bring a visit to a scene between others who wait."""
    for _ in range(2):
        stage.bring("waiting")
    if scene == "first of two":
        visit = stage.hospital.expect("consult", "lab")
        for command in (Command.ARRIVE, Command.REGISTER, Command.CALL, Command.START):
            stage.give(command, visit)
    else:
        visit = stage.bring({"called again": "called", "one more": "paying"}.get(scene, scene))
    stage.bring("waiting")
    return visit


@pytest.mark.parametrize("scene", UNDONE)
def test_undo_restores_state_position_and_counters(quick: Stage, scene: str) -> None:
    visit = bring(quick, scene)
    command = UNDONE[scene]
    before, length = picture(quick, visit), len(quick.lines(visit))
    number = quick.visit(visit).day_number
    quick.give(command, visit)
    given = quick.lines(visit)[length:]
    assert picture(quick, visit) != before
    quick.give(Command.UNDO, visit, by=quick.whose(command))
    after = picture(quick, visit)
    if number is None:  # a number that was given out is never taken back
        assert after.pop("number") is not None
        before.pop("number")
    assert after == before
    assert [line.command for line in quick.lines(visit)[length:]] == [
        *(line.command for line in given),
        Command.UNDO,
    ]


@pytest.mark.parametrize("scene", UNDONE)
def test_an_undone_command_may_be_given_again(quick: Stage, scene: str) -> None:
    visit = bring(quick, scene)
    command = UNDONE[scene]
    quick.give(command, visit)
    reached = quick.where(visit)
    quick.give(Command.UNDO, visit, by=quick.whose(command))
    quick.give(command, visit)
    assert quick.where(visit) == reached


def test_undo_restores_on_both_databases(stage: Stage) -> None:
    visit = bring(stage, "first of two")
    before = picture(stage, visit)
    stage.give(Command.COMPLETE, visit)
    assert stage.where(visit)[0] is State.WAITING
    stage.give(Command.UNDO, visit, by=stage.hospital.cast.anne)
    assert picture(stage, visit) == before


def test_an_undone_call_is_taken_off_the_board(quick: Stage) -> None:
    visit = quick.bring("called")
    quick.give(Command.UNDO, visit, by=quick.hospital.cast.anne)
    release()
    assert [call.live_slot for call in db.session.execute(select(Call)).scalars()] == [None]
    quick.give(Command.CALL, visit)
    release()
    calls = list(db.session.execute(select(Call).order_by(Call.id)).scalars())
    assert [(call.attempt, call.live_slot) for call in calls] == [(1, None), (1, 1)]
    assert calls[0].public_id != calls[1].public_id, "a new call is spoken again"


def test_an_undo_is_not_undone(quick: Stage) -> None:
    visit = quick.bring("called")
    quick.give(Command.UNDO, visit)
    with pytest.raises(TransitionRefusedError):
        quick.give(Command.UNDO, visit)


def test_the_own_command_for_a_minute_the_charge_nurse_for_fifteen(quick: Stage) -> None:
    cast = quick.hospital.cast
    visit = quick.bring("called")

    def after(seconds: int, name: str) -> str:
        with time_machine.travel(datetime.now(UTC) + timedelta(seconds=seconds)):
            try:
                quick.give(Command.UNDO, visit, by=getattr(cast, name))
            except NotAllowedError as refused:
                return str(refused.details["why"])
        return "undone"

    assert after(5, "grace") == "undo_too_late"  # another's command
    assert after(61, "anne") == "undo_too_late"
    assert after(901, "flora") == "undo_too_late"
    assert after(890, "flora") == "undone"
    quick.give(Command.CALL, visit)
    assert after(58, "anne") == "undone"


def test_an_undo_from_an_old_page_is_stale(quick: Stage) -> None:
    visit = quick.bring("called")
    version = quick.visit(visit).version
    quick.give(Command.RECALL, visit)
    with pytest.raises(VersionStaleError):
        journey.undo(visit, version=version, by=quick.hospital.cast.anne)


@pytest.mark.parametrize("now", ["called", "inside"])
def test_a_room_that_was_given_away_is_not_taken_back(stage: Stage, now: str) -> None:
    cast, room = stage.hospital.cast, stage.hospital.rooms[0]
    stage.only_room = room
    first = stage.bring("called" if now == "called" else "inside")
    if now == "called":
        stage.give(Command.START, first)
    else:
        stage.give(Command.COMPLETE, first)
    stage.bring(now)
    with pytest.raises(RoomBusyError):
        stage.give(Command.UNDO, first, by=cast.anne)
    assert stage.where(first)[0] is (State.ONGOING if now == "called" else State.PAYMENT)


def test_a_visit_whose_next_one_is_open_stays_finished(stage: Stage) -> None:
    cast = stage.hospital.cast
    patient = emr.enter_patient(
        name="박다시",
        birth_date=datetime(1960, 1, 1, tzinfo=UTC).date(),
        phone="010-9999-0002",
        by=cast.henry,
    )

    def come() -> UUID:
        return journey.walk_in(patient, services=("consult",), site=SITE, by=cast.henry).visit_id

    first = come()
    for command in (
        Command.ARRIVE,
        Command.REGISTER,
        Command.CALL,
        Command.START,
        Command.COMPLETE,
        Command.PAY,
    ):
        stage.give(command, first)
    second = come()
    with pytest.raises(TransitionRefusedError):
        stage.give(Command.UNDO, first, by=cast.iris)
    assert stage.where(first)[0] is State.FINISHED
    stage.give(Command.ARRIVE, second)
    assert stage.visit(second).day_number != stage.visit(first).day_number
