"""A nurse's hour, without a mouse, in Korean: many patients, and everything that happens among them."""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from sqlalchemy import select

from app.core.clock import pause
from app.core.db import db
from app.journey.models import FlowEvent, Visit
from app.journey.states import Command, State
from app.queues import services as queues
from tests.browser.conftest import House, Visitors, opened, until
from tests.hospital import ALL_DAY

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]
NAMES = ("김영희", "이서연", "박도윤", "최정희", "정하준", "강지우", "조민서", "윤서준", "장예은", "임도현")
ROW = "document.querySelector('[data-row][data-number=\"{number}\"]')"
ONCE = (
    Command.MISS,
    Command.RE_ENTER,
    Command.TRANSFER,
    Command.HOLD,
    Command.RESUME,
    Command.SKIP_ONCE,
    Command.PRIORITY,
    Command.RECALL,
    Command.UNCALL,
    Command.UNDO,
)
REACTION_SECONDS = 0.1  # htmx takes 20 ms to make a new form its own
SHEET_CLOSED = "!document.getElementById('sheet').open"
STATUS = ROW + "?.querySelector('[data-status]')?.dataset.status"


class Nurse:
    """Anne at the ward's page; she has a keyboard and nothing else."""

    def __init__(self, page: "Page") -> None:
        self.page = page

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def see(self, number: int, status: str | None) -> None:
        """Wait until a patient stands so; None: no longer in this list."""
        now = STATUS.format(number=number)
        until(self.page, f"{now} === {status!r}" if status else f"!{ROW.format(number=number)}")

    def choose_my_rooms(self, count: int) -> None:
        """Be asked for my rooms by Ctrl+Enter, and mark them by Space."""
        self.press("Control+Enter")
        until(self.page, "document.activeElement.matches('[data-mine]')")
        for _ in range(count):
            self.press("Space", "Tab")
        until(self.page, f"document.querySelectorAll('.room.is-mine').length === {count}")
        self.press("Escape")

    def numbers(self, part: str) -> list[int]:
        """Return the numbers of one part of the list, as they stand."""
        found = self.page.eval_on_selector_all(
            f"#part-{part} [data-row]", "rows => rows.map(r => r.dataset.number)"
        )
        return [int(one) for one in found]

    def tab_to(self, wanted: str) -> None:
        """Press Tab until the wanted element has the focus."""
        for _ in range(400):
            if self.page.evaluate(f"() => document.activeElement.matches({wanted!r})"):
                return
            self.press("Tab")
        raise AssertionError(f"Tab never reaches {wanted}")

    def go(self, number: int) -> None:
        """Go to a patient's row by the arrows."""
        here = "document.activeElement.dataset.number"
        if not self.page.evaluate("() => document.activeElement.matches('[data-row]')"):
            self.press("Escape", "ArrowDown")  # out of what is open in a row, and from anywhere to the list
        self.press("Home")
        for _ in range(len(self.page.query_selector_all("[data-row]"))):
            if self.page.evaluate(f"() => {here}") == str(number):
                return
            self.press("ArrowDown")
        raise AssertionError(f"no row for {number}")

    def ask(self, number: int, key: str, *answers: str) -> None:
        """Press a key on a patient's row and answer what the sheet asks."""
        self.go(number)
        self.press(key)
        until(
            self.page,
            "document.getElementById('sheet').open && document.activeElement.closest('#sheet-body form')",
        )
        self.press(*answers)
        until(self.page, SHEET_CLOSED)

    def ask_room(self, room: str, command: str) -> None:
        """Open a room's sheet, choose what to do, and give the first reason."""
        self.tab_to(f"[id='sheet-of-{room}']")
        self.press("Enter")
        until(
            self.page,
            "document.getElementById('sheet').open && document.activeElement.closest('#sheet-body')",
        )
        self.tab_to(f"[data-command={command}-room]")
        self.press("Enter")
        until(self.page, f"document.querySelector('#do-{command}').open")
        self.press("1")
        until(self.page, SHEET_CLOSED)

    def call_next(self) -> int:
        """Call the next patient into a free room of mine, from wherever the focus is."""
        before = set(self.numbers("called"))
        called = f"document.querySelectorAll('#part-called [data-row]').length > {len(before)}"
        for _ in range(
            3
        ):  # who sees nothing happen presses again: half a second after the last it was a double click
            self.press("Control+Enter")
            with suppress(AssertionError):
                until(self.page, called, seconds=3)
                break
        (number,) = set(self.numbers("called")) - before
        return number

    def start(self, number: int) -> None:
        """Ask who it is, and begin."""
        self.go(number)
        self.press("s")
        until(self.page, "document.activeElement.matches('[data-primary]')")
        self.press("Enter")
        self.see(number, "IN_SERVICE")

    def complete(self, number: int) -> None:
        self.go(number)
        self.press("d")
        self.see(number, None)

    def serve(self, number: int) -> None:
        self.start(number)
        self.complete(number)


@pytest.fixture(scope="module", params=[20, pytest.param(60, marks=pytest.mark.slow)])
def patients(request: pytest.FixtureRequest) -> int:
    """Return how many come in this hour."""
    return int(request.param)


@pytest.fixture(scope="module")
def house(patients: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Open a house for each hour: its numbers begin at one."""
    with opened(tmp_path_factory.mktemp(f"hour-{patients}")) as house:
        yield house


@pytest.fixture
def second(house: House) -> str:
    """Open a second line for consultations, with a room."""
    with house.inside() as hospital:
        chris = hospital.cast.chris
        queue = queues.open_queue(
            "consult-2",
            service="consult",
            site="main",
            unit=hospital.ward,
            name_ko="내과 2",
            name_en="Internal medicine 2",
            place="2f-demo-2",
            rules=ALL_DAY,
            by=chris,
        )
        queues.add_room(queue, name_ko="내과 2-1", name_en="Room 2-1", place="2f-demo-2", by=chris)
        return str(queue)


def test_an_hour_of_many_patients_by_keyboard(
    house: House, visitors: Visitors, request: pytest.FixtureRequest, patients: int
) -> None:
    visits = house.waiting(*(NAMES[place % len(NAMES)] for place in range(patients)))
    second = request.getfixturevalue("second")  # opened once all stand in the first line
    page = visitors.staff("anne", f"/ward/{house.hospital.consult}")
    nurse = Nurse(page)
    assert nurse.numbers("waiting") == list(range(1, patients + 1))
    nurse.choose_my_rooms(3)
    absent = one_comes_one_is_called_again_one_is_absent(nurse)
    called_by_mistake(nurse, absent)
    one_steps_out_one_is_in_pain_one_lets_go_first(nurse, absent)
    one_goes_to_the_other_doctor(nurse, second)
    a_room_closes_with_somebody_before_its_door(nurse, str(house.hospital.rooms[2]))
    nurse.go(6)
    nurse.press("e")  # back from the restroom
    nurse.see(6, "WAITING")
    while nurse.numbers("waiting"):
        nurse.serve(nurse.call_next())
    assert not page.query_selector_all("[data-row]")
    is_told(house, visits)


def one_comes_one_is_called_again_one_is_absent(nurse: Nurse) -> int:
    """Call three; one answers, one is called again and comes, one is called in vain and comes back later."""
    first, again, absent = (nurse.call_next() for _ in range(3))
    assert (first, again, absent) == (1, 2, 3)
    nurse.serve(first)
    nurse.go(again)
    nurse.press("r")
    until(nurse.page, f"{ROW.format(number=again)}.textContent.includes('2/3')")
    nurse.serve(again)
    nurse.go(absent)
    nurse.press("m")
    nurse.see(absent, "NO_SHOW")
    nurse.go(absent)
    nurse.press("e")
    nurse.see(absent, "WAITING")
    assert nurse.numbers("waiting")[:3] == [4, 5, absent]
    return absent


def called_by_mistake(nurse: Nurse, absent: int) -> None:
    """Undo a call at once: the place is the same."""
    mistaken = nurse.call_next()
    assert mistaken == 4
    until(nurse.page, "document.querySelector('[data-toast] [data-undo]')")
    pause(REACTION_SECONDS)
    nurse.press("Control+z")
    nurse.see(mistaken, "WAITING")
    assert nurse.numbers("waiting")[:3] == [4, 5, absent]


def one_steps_out_one_is_in_pain_one_lets_go_first(nurse: Nurse, absent: int) -> None:
    """Give the reasons by their digits."""
    nurse.ask(6, "h", "1")
    nurse.see(6, "HELD")
    nurse.ask(17, "p", "1")
    nurse.ask(5, "b", "1")
    line = nurse.numbers("waiting")
    assert line.index(5) > line.index(absent)
    assert line[0] == 17  # preferred


def one_goes_to_the_other_doctor(nurse: Nurse, second: str) -> None:
    """Choose the other line by Tab and Enter."""
    nurse.go(19)
    nurse.press("t")
    until(nurse.page, "document.activeElement.closest('#sheet-body form')")
    nurse.tab_to(f"[name=queue_id][value='{second}']")
    nurse.press("Enter")
    until(nurse.page, SHEET_CLOSED)
    nurse.see(19, None)


def a_room_closes_with_somebody_before_its_door(nurse: Nurse, room: str) -> None:
    """Empty the room, close it, and serve the others in the two that are left."""
    called = [nurse.call_next() for _ in range(3)]
    link = nurse.page.get_attribute(f"[id='room-{room}'] .room-now a", "href") or ""
    outside = int(nurse.page.get_attribute(f"[id='{link[1:]}']", "data-number") or 0)
    assert outside in called
    nurse.ask_room(room, "empty")
    nurse.see(outside, "WAITING")
    nurse.ask_room(room, "close")
    until(nurse.page, f"document.querySelector(\"[id='room-{room}']\").matches('.is-paused')")
    for number in called:
        if number != outside:
            nurse.serve(number)


def is_told(house: House, visits: list[UUID]) -> None:
    """Look at what the history says of this hour."""
    with house.inside():
        states = Counter(db.session.execute(select(Visit.state).where(Visit.public_id.in_(visits))).scalars())
        given = select(FlowEvent.visit_id, FlowEvent.command_id, FlowEvent.command).distinct()
        done = Counter(row.command for row in db.session.execute(given))
    assert states == {
        State.PAYMENT: len(visits) - 1,
        State.WAITING: 1,
    }  # who was sent to the other doctor waits there
    assert done[Command.COMPLETE] == len(visits) - 1
    for once in ONCE:
        assert done[once] == 1, once
