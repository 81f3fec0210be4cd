"""Every command from every state: what the table opens is walked, everything else is 409 and nothing is written."""

import pytest
from flask import Flask

from app.core.errors import TransitionRefusedError
from app.journey.states import TABLE, Command, State
from app.queues.states import EntryStatus
from tests.hospital import Hospital
from tests.integration.journey.scenes import OF_ENTRY, SCENES, WALKED, Stage, fingerprint

WAITING, CALLED, INSIDE = EntryStatus.WAITING, EntryStatus.CALLED, EntryStatus.IN_SERVICE
WAYS: dict[tuple[str, Command], tuple[State, EntryStatus | None]] = {
    ("expected", Command.ARRIVE): (State.ARRIVED, None),
    ("arrived", Command.REGISTER): (State.WAITING, WAITING),
    ("registered", Command.JOIN): (State.WAITING, WAITING),
    ("between", Command.JOIN): (State.WAITING, WAITING),
    ("waiting", Command.CALL): (State.CALLED, CALLED),
    ("called", Command.RECALL): (State.CALLED, CALLED),
    ("called", Command.START): (State.ONGOING, INSIDE),
    ("inside", Command.COMPLETE): (State.PAYMENT, None),
    ("paying", Command.PAY): (State.FINISHED, None),
    ("registered", Command.ADD_STEP): (State.WAITING, WAITING),
    ("waiting", Command.ADD_STEP): (State.WAITING, WAITING),
    ("between", Command.ADD_STEP): (State.WAITING, WAITING),
    ("called", Command.ADD_STEP): (State.CALLED, CALLED),
    ("inside", Command.ADD_STEP): (State.ONGOING, INSIDE),
    ("paying", Command.ADD_STEP): (State.WAITING, WAITING),
    ("arrived", Command.UNDO): (State.UNREGISTERED, None),
    ("registered", Command.UNDO): (State.ARRIVED, None),
    ("waiting", Command.UNDO): (State.ARRIVED, None),
    ("between", Command.UNDO): (State.ONGOING, INSIDE),
    ("called", Command.UNDO): (State.WAITING, WAITING),
    ("inside", Command.UNDO): (State.CALLED, CALLED),
    ("paying", Command.UNDO): (State.ONGOING, INSIDE),
    ("home", Command.UNDO): (State.PAYMENT, None),
}
# A second tap, a reload, two pages: the answer is what stands, and nothing is written.
REPEATS = {(scene, Command.ARRIVE) for scene in SCENES if scene != "expected"} | {
    (scene, Command.JOIN) for scene in ("waiting", "called", "inside")
}


@pytest.mark.parametrize("scene", SCENES)
def test_a_scene_is_where_it_says(quick: Stage, scene: str) -> None:
    assert quick.where(quick.bring(scene)) == SCENES[scene]


@pytest.mark.parametrize(("scene", "command"), WAYS)
def test_an_open_way_leads_where_the_table_says(quick: Stage, scene: str, command: Command) -> None:
    walk(quick, scene, command)
    way = TABLE[command]
    state, entry = WAYS[scene, command]
    assert way.is_open
    assert SCENES[scene][0] in way.visit_from
    assert state in way.visit_to
    assert entry in way.entry_to


@pytest.mark.parametrize("scene", SCENES)
def test_everything_else_is_refused_and_writes_nothing(quick: Stage, scene: str) -> None:
    visit = quick.bring(scene)
    quick.only_room = quick.hospital.rooms[0]
    has_entry = quick.entry(visit) is not None
    before = fingerprint()
    for command in Command:
        needs_entry = command in OF_ENTRY | {Command.CALL, Command.RECALL, Command.START, Command.COMPLETE}
        if (scene, command) in WAYS or (needs_entry and not has_entry):
            continue
        if (scene, command) in REPEATS:
            assert quick.give(command, visit).is_repeat
        else:
            with pytest.raises(TransitionRefusedError):
                quick.give(command, visit)
        assert fingerprint() == before, f"{command} wrote something"


def test_every_open_way_is_walked_on_mariadb(mariadb_app: Flask, hospital: Hospital) -> None:
    for scene, command in WAYS:
        walk(Stage(hospital), scene, command)


def walk(stage: Stage, scene: str, command: Command) -> None:
    visit = stage.bring(scene)
    stage.give(command, visit)
    assert stage.where(visit) == WAYS[scene, command]


def test_all_open_commands_are_walked_somewhere() -> None:
    assert {command for _, command in WAYS} == WALKED == {one for one, way in TABLE.items() if way.is_open}
