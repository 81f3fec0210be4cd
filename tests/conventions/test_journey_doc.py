"""docs/journey.md says what app/journey/states.py says."""

import re

from app.cli.journey_doc import drawing, page
from app.journey.states import Command, State
from app.settings import ROOT


def test_journey_page_is_the_generated_one() -> None:
    assert (ROOT / "docs" / "journey.md").read_text(encoding="utf-8") == page(), "run `make docs`"


def test_drawing_shows_all_states_but_the_one_that_lasts_no_time() -> None:
    assert {state for state in State if re.search(rf"\b{state}\b", drawing())} == set(State) - {
        State.COMPLETED
    }


def test_drawing_shows_every_command() -> None:
    drawn = {word for line in drawing().splitlines() for word in re.split(r"[ ,:]+", line)}
    assert set(Command) - drawn == {Command.UNDO}


def test_table_names_every_command_with_its_right_and_its_reason() -> None:
    rows = {row[1].strip("`"): row for row in _rows() if row[1].startswith("`")}
    assert rows.keys() == set(Command)
    assert rows["cancel"][6:9] == ["`journey:visit:cancel`", "✔", "always"]
    assert rows["recall"][6:9] == ["`ward:queue:drive`", "", ""]
    assert rows["pay"][6:9] == ["`journey:visit:pay`", "", ""]
    assert rows["waive"][6:9] == ["`journey:step:add`", "", "sometimes"]


def _rows() -> list[list[str]]:
    return [
        [cell.strip() for cell in line.split("|")] for line in page().splitlines() if line.startswith("|")
    ]
