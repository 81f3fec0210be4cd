"""docs/journey.md says what app/journey/states.py says."""

import re

from app.cli.journey_doc import drawing, page
from app.journey.states import TABLE, Command, State
from app.settings import ROOT


def test_journey_page_is_the_generated_one() -> None:
    assert (ROOT / "docs" / "journey.md").read_text(encoding="utf-8") == page(), "run `make docs`"


def test_drawing_shows_all_states_but_the_one_that_lasts_no_time() -> None:
    assert {state for state in State if re.search(rf"\b{state}\b", drawing())} == set(State) - {
        State.COMPLETED
    }


def test_drawing_shows_every_open_command() -> None:
    drawn = {word for line in drawing().splitlines() for word in re.split(r"[ ,:]+", line)}
    assert {command for command, way in TABLE.items() if way.is_open} - drawn == {Command.UNDO}


def test_table_names_every_command() -> None:
    assert all(re.search(rf"^\| [`*]{command}[`*] ", page(), re.MULTILINE) for command in Command)
