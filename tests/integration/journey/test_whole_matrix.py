"""Every command from every scene by everybody: what the specification allows happens, all else writes nothing.

The tables below are written by hand from the specification (ways, then rights), not from the code's own table.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import text

from app.core.actor import ANONYMOUS, EMR, SYSTEM, Actor
from app.core.db import db
from app.core.errors import RefusedError
from app.core.transaction import release
from app.journey.states import Command
from app.queues.models import QueueEntry
from tests.hospital import Hospital
from tests.integration.journey.scenes import OF_ENTRY, Stage, fingerprint

C = Command
SCENES = (
    "expected",
    "arrived",
    "registered",
    "waiting",
    "between",
    "called",
    "aside",
    "missed",
    "inside",
    "interrupted",
    "paying",
    "home",
)
OPEN = set(SCENES) - {"home"}
# From where a command leads on.
WAYS: dict[Command, set[str]] = {
    C.ARRIVE: {"expected"},
    C.REGISTER: {"arrived"},
    C.JOIN: {"registered", "between"},
    C.CALL: {"waiting"},
    C.RECALL: {"called"},
    C.MISS: {"called"},
    C.RE_ENTER: {"missed"},
    C.UNCALL: {"called"},
    C.START: {"called"},
    C.START_DIRECT: {"waiting"},
    C.COMPLETE: {"inside"},
    C.PAUSE: {"inside"},
    C.RESUME: {"aside", "interrupted"},
    C.HOLD: {"waiting"},
    C.SKIP_ONCE: {"waiting"},
    C.PRIORITY: {"waiting"},
    C.TRANSFER: {"waiting", "aside", "called", "interrupted"},
    C.WAIVE: {"waiting", "aside", "missed", "between", "interrupted"},
    C.ADD_STEP: OPEN - {"expected", "arrived"},
    C.REVOKE: {"registered", "waiting", "aside", "missed", "between", "interrupted"},
    C.PAY: {"paying"},
    C.LEAVE: OPEN - {"expected", "paying"},
    C.CANCEL: OPEN,
    C.TRANSFER_OUT: OPEN,
    C.CLOSE: OPEN,
    C.VOID: set(SCENES),
    C.UNDO: set(SCENES) - {"expected"},
}
# A repeat is answered with what stands (V1b; join).
REPEATS: dict[Command, set[str]] = {
    C.ARRIVE: set(SCENES) - {"expected"},
    C.JOIN: {"waiting", "called", "aside", "missed", "inside", "interrupted"},
}
DRIVE = {
    *("join", "call", "recall", "miss", "re-enter", "uncall", "start", "start-direct", "complete", "pause"),
    *("resume", "hold", "skip-once", "priority", "transfer", "leave", "cancel", "transfer-out"),
}
OWN = {"arrive", "register", "join", "hold", "resume", "re-enter", "cancel", "leave"}
UNDO = {"undo"}
# decisions.md 4, in the words of the commands.
RIGHTS: dict[str, set[str]] = {
    "nurse": DRIVE | UNDO,
    "nurse of another ward": DRIVE | UNDO,
    "charge nurse": DRIVE | UNDO | {"void", "close"},
    "doctor": DRIVE | UNDO | {"waive", "add-step"},
    "technician": DRIVE | UNDO,
    "radiology": DRIVE | UNDO,
    "patient": OWN,
    "another patient": OWN,
    "kiosk": OWN,
    "kiosk with nobody in front": OWN,
    "desk": OWN | UNDO,
    "cashier": {"pay"} | UNDO,
    "pharmacy": set(),
    "admin": set(),
    "auditor": set(),
    "board": set(),
    "anonymous": set(),
    # Calls that nobody answers, pauses that are over, the end of the day.
    # What the EMR owns, and what it calls off (V1, V2, V13, V14, V17).
    "emr": {"arrive", "register", "join", "pay", "waive", "add-step", "revoke", "cancel"},
    "system": DRIVE | {"arrive", "void", "close"},
}
STRANGERS = {"nurse of another ward", "another patient", "kiosk with nobody in front"}
ON_THE_PATIENTS_WORD = {"patient", "kiosk"}
BEGUN = {"between", "inside", "interrupted", "paying"}
GAVE_LAST = {"arrived": "desk", "registered": "desk", "waiting": "desk", "home": "cashier"}  # else the nurse
WITHOUT_ENTRY = {"expected", "arrived", "registered"}
DONE, SAME = "done", "same"
NO, HIDDEN, REFUSED = "NOT_ALLOWED", "NOT_FOUND", "TRANSITION_REFUSED"


def expected(scene: str, command: Command, who: str) -> str:
    """Return what the specification says: the first of these that holds."""
    answers = (
        (command in OF_ENTRY and scene in WITHOUT_ENTRY, HIDDEN),  # there is no such entry, for nobody
        (command not in RIGHTS[who], NO),
        (who in STRANGERS, HIDDEN),
        (scene in REPEATS.get(command, ()), SAME),
        (scene not in WAYS[command], REFUSED),
        (command is C.CANCEL and who in ON_THE_PATIENTS_WORD and scene in BEGUN, NO),
        (command is C.UNDO and who not in {"charge nurse", GAVE_LAST.get(scene, "nurse")}, NO),
    )
    return next((answer for holds, answer in answers if holds), DONE)


class Matrix:
    """One scene, set back after everything that changed it."""

    def __init__(self, stage: Stage, scene: str, file: Path) -> None:
        self.stage, self.scene, self.file = stage, scene, file
        self.visit = stage.bring("inside" if scene == "interrupted" else scene)
        if scene == "interrupted":
            stage.give(C.PAUSE, self.visit)
        stage.bring("waiting")
        self.other = stage.hospital.expect()
        stage.only_room = stage.hospital.rooms[2]
        self.keep()
        self.before = fingerprint()

    def actor(self, who: str) -> Actor:
        """Return somebody of this kind."""
        cast, ward = self.stage.hospital.cast, frozenset({self.stage.hospital.ward})
        people: dict[str, Callable[[], Actor]] = {
            "nurse": lambda: cast.anne,
            "nurse of another ward": lambda: cast.ben,
            "charge nurse": lambda: cast.flora,
            "doctor": lambda: cast.grace,
            "technician": lambda: replace(cast.anne, role="technician", id=uuid4(), units=ward),
            "radiology": lambda: replace(cast.anne, role="radiology", id=uuid4(), units=ward),
            "patient": lambda: cast.patient(self.visit),
            "another patient": lambda: cast.patient(self.other),
            "kiosk": lambda: cast.dana.for_visit(self.visit),
            "kiosk with nobody in front": lambda: cast.dana,
            "desk": lambda: cast.henry,
            "cashier": lambda: cast.iris,
            "pharmacy": lambda: replace(cast.iris, role="pharmacy", id=uuid4()),
            "admin": lambda: cast.chris,
            "auditor": lambda: cast.jonas,
            "board": lambda: Actor(kind="board", role="board"),
            "anonymous": lambda: ANONYMOUS,
            "emr": lambda: EMR,
            "system": lambda: SYSTEM,
        }
        return people[who]()

    def outcome(self, command: Command, who: str) -> str:
        """Give the command; say what came of it."""
        by = self.actor(who)
        try:
            given = self._give(command, by)
        except RefusedError as refused:
            release()
            return refused.code
        return SAME if given.is_repeat else DONE

    def _give(self, command: Command, by: Actor) -> Any:
        if command in OF_ENTRY and self.scene in WITHOUT_ENTRY:
            nobody = QueueEntry(public_id=uuid4(), version=1, queue_id=1)
            return self.stage._for_entry(command, nobody, by=by)
        return self.stage.give(command, self.visit, by=by)

    def keep(self) -> None:
        release()
        with db.engine.connect() as connection:
            connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        db.engine.dispose()
        self.content = self.file.read_bytes()

    def set_back(self) -> None:
        release()
        db.engine.dispose()
        for suffix in ("-wal", "-shm"):
            self.file.with_name(self.file.name + suffix).unlink(missing_ok=True)
        self.file.write_bytes(self.content)


@pytest.fixture
def stage(sqlite_app: Flask, hospital: Hospital) -> Stage:
    return Stage(hospital)


@pytest.mark.parametrize("scene", SCENES)
def test_somebody_of_every_answer_is_told_what_the_specification_says(scene: str, stage: Stage) -> None:
    """Of those who are to hear the same two go, others at each command and scene."""
    walk(stage, scene, many=2)


@pytest.mark.slow
@pytest.mark.parametrize("scene", SCENES)
def test_everybody_may_do_what_the_specification_says_and_nothing_else(scene: str, stage: Stage) -> None:
    walk(stage, scene, many=len(RIGHTS))


def walk(stage: Stage, scene: str, *, many: int) -> None:
    """Give every command in a scene, and compare the answers."""
    matrix = Matrix(stage, scene, Path(str(db.engine.url.database)))
    wrong: dict[tuple[str, str], tuple[str, str]] = {}
    for place, command in enumerate(Command, SCENES.index(scene)):
        wanted = some_of({who: expected(scene, command, who) for who in RIGHTS}, place, many)
        for who in sorted(wanted, key=lambda who: wanted[who] == DONE):
            found = matrix.outcome(command, who)
            if found != wanted[who]:
                wrong[command, who] = (found, wanted[who])
            if found == DONE:
                assert matrix.stage.visit(matrix.visit).version > 1
                matrix.set_back()
            elif wanted[who] != DONE and _is_last_refusal(wanted, who):
                assert fingerprint() == matrix.before, (
                    f"{command} wrote something for one of those it refused"
                )
    assert not wrong, wrong


def test_the_tables_of_this_test_name_everybody_and_everything() -> None:
    assert WAYS.keys() == set(Command)
    named = set().union(*RIGHTS.values())
    assert named == set(Command)
    assert (
        sum(expected(scene, command, who) == DONE for scene in SCENES for command in C for who in RIGHTS)
        > 450
    )


def _is_last_refusal(wanted: dict[str, str], who: str) -> bool:
    return [one for one in wanted if wanted[one] != DONE][-1] == who


def some_of(wanted: dict[str, str], place: int, many: int) -> dict[str, str]:
    """Return so many of those who get the same answer, others at each place."""
    alike: dict[str, list[str]] = {}
    for who, answer in wanted.items():
        alike.setdefault(answer, []).append(who)
    asked = {
        names[(place * many + step) % len(names)]
        for names in alike.values()
        for step in range(min(many, len(names)))
    }
    return {who: answer for who, answer in wanted.items() if who in asked}
