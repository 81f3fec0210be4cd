"""Who may give which command: truth tables over the cast."""

from dataclasses import replace

import pytest

from app.core.actor import ANONYMOUS, Actor
from app.core.errors import RefusedError
from app.journey.states import Command
from tests.integration.journey.scenes import Stage, fingerprint

PEOPLE = (
    "anne",
    "ben",
    "chris",
    "dana",
    "eve",
    "flora",
    "grace",
    "henry",
    "iris",
    "jonas",
    "patient",
    "other",
)
OK, NO, HIDDEN = "ok", "NOT_ALLOWED", "NOT_FOUND"
# In the order of PEOPLE; Dana stands at the kiosk for the visit, `other` is another visit's patient.
TABLE: dict[tuple[str, Command], str] = {
    #                              anne ben chris dana eve flora grace henry iris jonas patient other
    ("expected", Command.ARRIVE): "NO NO NO OK NO NO NO OK NO NO OK HIDDEN",
    ("arrived", Command.REGISTER): "NO NO NO OK NO NO NO OK NO NO OK HIDDEN",
    ("registered", Command.JOIN): "OK HIDDEN NO OK NO OK OK OK NO NO OK HIDDEN",
    ("waiting", Command.CALL): "OK HIDDEN NO NO NO OK OK NO NO NO NO NO",
    ("called", Command.RECALL): "OK HIDDEN NO NO NO OK OK NO NO NO NO NO",
    ("called", Command.START): "OK HIDDEN NO NO NO OK OK NO NO NO NO NO",
    ("inside", Command.COMPLETE): "OK HIDDEN NO NO NO OK OK NO NO NO NO NO",
    ("waiting", Command.ADD_STEP): "NO NO NO NO NO NO OK NO NO NO NO NO",
    ("paying", Command.PAY): "NO NO NO NO NO NO NO NO OK NO NO NO",
    ("called", Command.UNDO): "OK HIDDEN NO NO NO OK NO NO NO NO NO NO",
}
TOGETHER = {"OK": OK, "NO": NO, "HIDDEN": HIDDEN}


def actor(quick: Stage, name: str, visit: object) -> Actor:
    cast = quick.hospital.cast
    if name == "dana":
        return cast.dana.for_visit(visit)  # type: ignore[arg-type]
    if name == "eve":
        return ANONYMOUS
    if name == "patient":
        return cast.patient(visit)  # type: ignore[arg-type]
    if name == "other":
        return cast.patient(quick.hospital.expect())
    found: Actor = getattr(cast, name)
    return found


def answer(quick: Stage, command: Command, visit: object, by: Actor) -> str:
    before = fingerprint()
    try:
        quick.give(command, visit, by=by)  # type: ignore[arg-type]
    except RefusedError as refused:
        assert fingerprint() == before, "a refusal wrote something"
        return refused.code
    return OK


@pytest.mark.parametrize(("scene", "command"), TABLE)
def test_who_may(quick: Stage, scene: str, command: Command) -> None:
    expected = {
        name: TOGETHER[word] for name, word in zip(PEOPLE, TABLE[scene, command].split(), strict=True)
    }
    quick.only_room = quick.hospital.rooms[0]
    visit = quick.bring(scene)
    found: dict[str, str] = {}
    for name in sorted(PEOPLE, key=lambda name: expected[name] == OK):
        if found and OK in found.values():  # whoever may has moved the visit: the next one needs another
            quick.only_room = None
            quick.only_room = quick.new_room(quick.hospital.consult)
            visit = quick.bring(scene)
        by = actor(quick, name, visit)
        found[name] = answer(quick, command, visit, by)
    assert found == expected


def test_a_nurse_of_no_ward_drives_nothing(quick: Stage) -> None:
    quick.only_room = quick.hospital.rooms[0]
    visit = quick.bring("waiting")
    nobody = replace(quick.hospital.cast.anne, units=frozenset())
    assert answer(quick, Command.CALL, visit, nobody) == HIDDEN


def test_a_board_that_shows_numbers_commands_nothing(quick: Stage) -> None:
    quick.only_room = quick.hospital.rooms[0]
    visit = quick.bring("waiting")
    board = Actor(kind="board", role="board")
    for command in (Command.ARRIVE, Command.CALL, Command.PAY, Command.UNDO, Command.JOIN):
        assert answer(quick, command, visit, board) == NO
