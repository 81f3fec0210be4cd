"""One nurse clicks: the other's list, the wall and the patient's phone follow, and nobody loses the place."""

import os
import signal
from typing import TYPE_CHECKING

import pytest

from app.boards import queries as boards
from app.boards.queries import WardRow
from app.core.clock import pause
from app.journey import services as journey
from tests.browser.conftest import House, Visitors, until

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
REACTION_SECONDS = 0.1  # htmx takes 20 ms to make a new form its own; nobody reads and presses faster
NEXT = "button[id^=next-]"
NUMBER_OF = "document.querySelector('.part-called .row-number')?.textContent"


@pytest.fixture
def ward(house: House) -> str:
    """Give the path of the ward's queue, where people wait and every room is free."""
    house.waiting("남궁민수", "김영희", "이서연", "박도윤", "최정희")
    with house.inside() as hospital:
        anne = hospital.cast.anne
        for row in boards.ward_board(hospital.consult, by=None).called:
            journey.start(row.entry_id, version=row.version, confirm=frozenset({"identity"}), by=anne)
        for row in boards.ward_board(hospital.consult, by=None).inside:
            journey.complete(row.entry_id, version=row.version, confirm=frozenset({"short_service"}), by=anne)
    return f"/ward/{house.hospital.consult}"


def next_three(house: House) -> tuple[WardRow, ...]:
    """Return whom the next three clicks call."""
    with house.inside() as hospital:
        return boards.ward_board(hospital.consult, by=None).waiting[:3]


def stay(*pages: "Page") -> None:
    """Mark pages, so that a reload would show."""
    for page in pages:
        page.evaluate("() => { window.isSame = true; }")


def is_same(page: "Page") -> bool:
    return bool(page.evaluate("() => window.isSame === true"))


def focused(page: "Page") -> str:
    return str(page.evaluate("() => document.activeElement.id"))


def tab_to(page: "Page", wanted: str) -> None:
    """Press Tab until the wanted element has the focus."""
    for _ in range(200):
        if page.evaluate(f"() => document.activeElement.matches('{wanted}')"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never reaches {wanted}")


def test_a_call_reaches_everybody_by_itself(house: House, visitors: Visitors, ward: str) -> None:
    rows = next_three(house)
    anne, grace = visitors.staff("anne", ward), visitors.staff("grace", ward, language="en")
    board, phone = visitors.board(), visitors.phone(rows[1].visit_id)
    stay(anne, grace, board, phone)
    for place, row in enumerate(rows):
        status = f"document.querySelector('#entry-{row.entry_id} [data-status]').dataset.status"
        anne.click(f"{NEXT} >> nth={place}")
        until(grace, f"{status} === 'CALLED'")
        until(board, f"document.querySelector('#now-{row.number} .call-number')")
        if row is rows[1]:
            until(phone, "document.querySelector('#visit').dataset.state === 'CALLED'")
        until(anne, f"{status} === 'CALLED'")
    assert all(is_same(page) for page in (anne, grace, board, phone))
    assert "남궁" not in board.content()


def test_a_day_at_the_ward_without_a_mouse(visitors: Visitors, ward: str) -> None:
    page = visitors.staff("anne", ward)
    tab_to(page, NEXT)
    room = focused(page)
    page.keyboard.press("Enter")
    until(page, NUMBER_OF)
    assert focused(page) == room
    number = page.evaluate(f"() => {NUMBER_OF}")
    row = page.evaluate("() => document.querySelector('.part-called tr').id")
    page.keyboard.press("Control+/")
    page.keyboard.type(number)
    tab_to(page, f"#{row}")
    page.keyboard.press("Enter")  # opens the question, on its answer
    assert focused(page).startswith("yes-")
    page.keyboard.press("Enter")
    until(page, f"document.querySelector('.part-inside #{row}')")
    until(page, f"document.activeElement.id === '{row}'")
    page.keyboard.press("Enter")  # to the row's next action
    assert focused(page).startswith("complete-")
    page.keyboard.press("Enter")
    until(page, f"!document.querySelector('#{row}')")
    until(page, "document.querySelector('#toast [data-undo]')")
    pause(REACTION_SECONDS)
    page.keyboard.press("Control+Z")
    until(page, f"document.querySelector('.part-inside #{row}')")


def test_what_somebody_does_survives_the_others_clicks(visitors: Visitors, ward: str) -> None:
    page, other = visitors.staff("anne", ward), visitors.staff("grace", ward)
    page.focus("[data-filter]")
    page.keyboard.type("ㅊ")
    other.click(NEXT)
    until(page, NUMBER_OF)
    page.keyboard.type("ㅈ")
    assert page.input_value("[data-filter]") == "ㅊㅈ"
    assert page.evaluate("() => document.activeElement.matches('[data-filter]')")
    page.fill("[data-filter]", "")
    page.click(".part-called summary")
    menu = page.evaluate("() => document.querySelector('.part-called details').id")
    other.click(".part-called button[id^=recall-]")
    until(page, "document.querySelector('.part-called').textContent.includes('2/3')")
    assert page.evaluate(f"() => document.getElementById('{menu}').open")


def test_the_row_that_takes_the_place_takes_the_focus(visitors: Visitors, ward: str) -> None:
    page, other = visitors.staff("anne", ward), visitors.staff("grace", ward)
    other.click(NEXT)
    until(page, NUMBER_OF)
    row = page.evaluate("() => document.querySelector('.part-called tr').id")
    other.click(".part-called summary")
    other.click(".part-called button[id^=yes-]")
    until(page, f"document.querySelector('.part-inside #{row}')")
    page.focus(f"#{row}")
    other.click(f"#{row} button[id^=complete-]")
    until(page, f"!document.querySelector('#{row}')")
    until(page, "document.activeElement.matches('[data-row]')")


def test_twenty_five_rows_stand_on_one_screen(house: House, visitors: Visitors, ward: str) -> None:
    house.waiting(*(f"김환자{number}" for number in range(22)))
    page = visitors.staff("anne", ward)
    seen = "[...document.querySelectorAll('[data-row]')].filter(row => row.getBoundingClientRect().bottom <= 1080)"
    assert page.evaluate(f"() => {seen}.length") >= 25
    assert page.evaluate("() => document.documentElement.scrollWidth") == 1920


def test_each_call_is_spoken_once(visitors: Visitors, ward: str) -> None:
    page, board = visitors.staff("anne", ward), visitors.board()
    board.evaluate(
        "() => { window.said = []; document.addEventListener('board:announce', ({ detail }) => said.push(detail)); }"
    )
    page.click(NEXT)
    until(page, NUMBER_OF)
    page.click(".part-called button[id^=recall-]")
    until(page, "document.querySelector('.part-called').textContent.includes('2/3')")
    until(board, "said.length === 2")
    said = board.evaluate("() => said")
    assert said[0]["number"] == said[1]["number"]
    assert said[0]["id"] != said[1]["id"]
    board.reload()
    pause(1)
    assert not board.evaluate("() => document.querySelector('.is-new')")


@pytest.mark.processes
def test_a_board_that_hears_nothing_says_so(house: House, visitors: Visitors, ward: str) -> None:
    board = visitors.board()
    worker = house.worker
    os.kill(worker, signal.SIGSTOP)
    try:
        silent = until(board, "document.documentElement.dataset.live === 'stale'", 15)
    finally:
        os.kill(worker, signal.SIGCONT)
    assert silent <= 12
    until(board, "document.documentElement.dataset.live === 'live'", 10)
