"""Every command from every state: what the table opens is walked, everything else is 409 and nothing is written."""

import pytest
from flask import Flask

from app.core.errors import TransitionRefusedError
from app.journey.states import TABLE, Command, State
from app.queues.states import EntryStatus
from tests.hospital import Hospital
from tests.integration.journey.scenes import OF_ENTRY, SCENES, Stage, fingerprint

WAITING, CALLED, INSIDE = EntryStatus.WAITING, EntryStatus.CALLED, EntryStatus.IN_SERVICE
ASIDE, MISSED = EntryStatus.HELD, EntryStatus.NO_SHOW
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
    ("called", Command.MISS): (State.WAITING, MISSED),
    ("called", Command.UNCALL): (State.WAITING, WAITING),
    ("missed", Command.RE_ENTER): (State.WAITING, WAITING),
    ("waiting", Command.START_DIRECT): (State.ONGOING, INSIDE),
    ("inside", Command.PAUSE): (State.WAITING, ASIDE),
    ("waiting", Command.HOLD): (State.WAITING, ASIDE),
    ("aside", Command.RESUME): (State.WAITING, WAITING),
    ("waiting", Command.PRIORITY): (State.WAITING, WAITING),
    ("waiting", Command.SKIP_ONCE): (State.WAITING, WAITING),
    ("waiting", Command.TRANSFER): (State.WAITING, WAITING),
    ("aside", Command.TRANSFER): (State.WAITING, WAITING),
    ("called", Command.TRANSFER): (State.WAITING, WAITING),
    ("waiting", Command.WAIVE): (State.PAYMENT, None),
    ("aside", Command.WAIVE): (State.PAYMENT, None),
    ("missed", Command.WAIVE): (State.PAYMENT, None),
    ("between", Command.WAIVE): (State.PAYMENT, None),
    ("registered", Command.REVOKE): (State.PAYMENT, None),
    ("waiting", Command.REVOKE): (State.PAYMENT, None),
    ("aside", Command.REVOKE): (State.PAYMENT, None),
    ("missed", Command.REVOKE): (State.PAYMENT, None),
    ("between", Command.REVOKE): (State.PAYMENT, None),
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
    ("aside", Command.ADD_STEP): (State.WAITING, ASIDE),
    ("missed", Command.ADD_STEP): (State.WAITING, MISSED),
    ("aside", Command.UNDO): (State.WAITING, WAITING),
    ("missed", Command.UNDO): (State.CALLED, CALLED),
    ("home", Command.UNDO): (State.PAYMENT, None),
} | {
    (scene, command): (State.FINISHED, None)
    for command in (Command.LEAVE, Command.CANCEL, Command.TRANSFER_OUT, Command.CLOSE, Command.VOID)
    for scene, (state, _entry) in SCENES.items()
    if state in TABLE[command].visit_from
}
# A second tap, a reload, two pages: the answer is what stands, and nothing is written.
REPEATS = {(scene, Command.ARRIVE) for scene in SCENES if scene != "expected"} | {
    (scene, Command.JOIN) for scene in ("waiting", "aside", "missed", "called", "inside")
}


@pytest.mark.parametrize("scene", SCENES)
def test_a_scene_is_where_it_says(quick: Stage, scene: str) -> None:
    assert quick.where(quick.bring(scene)) == SCENES[scene]


@pytest.mark.parametrize(("scene", "command"), WAYS)
def test_an_open_way_leads_where_the_table_says(quick: Stage, scene: str, command: Command) -> None:
    walk(quick, scene, command)
    way = TABLE[command]
    state, entry = WAYS[scene, command]
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
        if (scene, command) in WAYS or (command in OF_ENTRY and not has_entry):
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
    if command is Command.SKIP_ONCE:
        stage.bring("waiting")  # somebody must be there to go first
    stage.give(command, visit)
    assert stage.where(visit) == WAYS[scene, command]


def test_all_open_commands_are_walked_somewhere() -> None:
    assert {command for _, command in WAYS} == set(TABLE) == set(Command)
