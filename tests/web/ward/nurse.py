"""A nurse's open page in a test: what she sends, what the board says, what a sheet shows."""

import re
from typing import Any, NamedTuple
from uuid import UUID

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.boards import queries as boards
from app.boards.queries import WardBoard
from app.core.db import db
from app.journey import services as journey
from tests.hospital import Hospital
from tests.pages import send


class Ward(NamedTuple):
    """A nurse's open page."""

    nurse: FlaskClient
    hospital: Hospital

    @property
    def page(self) -> str:
        return f"/ward/{self.hospital.consult}"

    def board(self) -> WardBoard:
        board = boards.ward_board(self.hospital.consult, by=None)
        db.session.remove()
        return board

    def send(self, action: str, *, htmx: bool = True, **fields: Any) -> TestResponse:
        return send(self.nurse, self.page, f"{self.page}/{action}", htmx=htmx, **fields)

    def undo(self, answer: TestResponse) -> TestResponse:
        (action,) = re.findall(r'action="[^"]*(visits/[^"]+/undo)"', answer.text)
        (version,) = re.findall(r'name="version" value="(\d+)"', answer.text.partition('id="toast"')[2])
        return self.send(action, version=version)

    def call_next(self) -> UUID:
        called = journey.call_next(self.hospital.consult, self.hospital.rooms[0], by=self.hospital.cast.anne)
        assert called.entry_id
        return called.entry_id

    def sheet(self, entry: UUID, *, do: str = "", who: FlaskClient | None = None) -> str:
        """Open an entry's sheet as a page of its own."""
        answer = (who or self.nurse).get(f"{self.page}/entries/{entry}?do={do}")
        assert answer.status_code == 200
        return answer.text

    def start(self, entry: UUID) -> None:
        """Let a called patient in."""
        version = next(row.version for row in self.board().called if row.entry_id == entry)
        journey.start(entry, version=version, confirm=frozenset({"identity"}), by=self.hospital.cast.anne)


def statuses(board: WardBoard) -> list[str]:
    """Return where everybody stands."""
    return [str(row.status) for row in board.rows]


def offered(page: str) -> set[str]:
    """Return the commands that a sheet offers."""
    return set(
        re.findall(
            r'data-command="([\w-]+)"', page.partition("sheet-commands")[2].partition("sheet-history")[0]
        )
    )


def problem_of(page: str) -> str:
    """Return what a sheet says about a refused command."""
    found = re.search(r"data-problem.*?<strong>(.*?)</strong>", page, re.DOTALL)
    assert found, "the sheet tells no problem"
    return found.group(1)
