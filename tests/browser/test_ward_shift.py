"""A nurse's hour by keyboard: every command from the row, sheets that stay, a search that follows the editor."""

from typing import TYPE_CHECKING

import pytest

from app.boards import queries as boards
from app.boards.queries import WardBoard
from app.core.clock import pause
from app.journey import services as journey
from tests.browser.conftest import House, Visitors, until

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
REACTION_SECONDS = 0.1  # htmx takes 20 ms to make a new form its own; nobody reads and presses faster
NAMES = ("남궁민수", "김영희", "이서연", "박도윤", "최정희")
OPEN_SHEET = "document.querySelector('#sheet[open] .sheet')"
SHOWN = (
    "[...document.querySelectorAll('[data-row]')].filter(row => row.checkVisibility())"
    ".map(row => row.querySelector('b').textContent)"
)
# What an editor shows on the way to a syllable, and where each key lies on a Korean keyboard.
KOREAN = {
    "KeyN": "ㅜ",
    "KeyS": "ㄴ",
    "KeyD": "ㅇ",
    "KeyH": "ㅗ",
    "KeyE": "ㄷ",
    "KeyJ": "ㅓ",
    "KeyU": "ㅕ",
    "KeyI": "ㅑ",
}


@pytest.fixture
def ward(house: House) -> str:
    """Give the path of the ward's queue, where five people wait and nobody else is."""
    with house.inside() as hospital:
        flora = hospital.cast.flora
        for row in boards.ward_board(hospital.consult, by=None).rows:
            journey.cancel(row.visit_id, version=row.visit_version, reason="다른 날", by=flora)
    house.waiting(*NAMES)
    return f"/ward/{house.hospital.consult}"


def board_of(house: House) -> WardBoard:
    with house.inside() as hospital:
        return boards.ward_board(hospital.consult, by=None)


def press_korean(page: "Page", code: str) -> None:
    """Press a key whose input is Korean."""
    session = page.context.new_cdp_session(page)
    key = {"code": code, "key": KOREAN[code], "windowsVirtualKeyCode": ord(code[-1])}
    session.send("Input.dispatchKeyEvent", {"type": "keyDown", **key})
    session.send("Input.dispatchKeyEvent", {"type": "keyUp", **key})


def standing(page: "Page", entry: object, part: str, seconds: float = 10) -> None:
    """Wait until an entry stands in a part of the list."""
    until(page, f"document.querySelector('.part-{part} #entry-{entry}')", seconds)


def on_row(page: "Page", entry: object) -> None:
    page.focus(f"#entry-{entry}")


def refused(visitors: Visitors, status: int) -> None:
    """Take note of a refusal, of which a browser complains although the page has answered it."""
    until_now = [one for one in visitors.complaints if f"status of {status}" in one]
    assert until_now
    visitors.complaints.remove(until_now[0])


def names(page: "Page") -> list[str]:
    return list(page.evaluate(f"() => {SHOWN}"))


def test_the_whole_flow_on_a_korean_keyboard(house: House, visitors: Visitors, ward: str) -> None:
    page = visitors.staff("anne", ward)
    first = board_of(house).waiting[0].entry_id
    page.keyboard.press("ArrowDown")
    until(page, f"document.activeElement.id === 'entry-{first}'")
    press_korean(page, "KeyN")  # nobody has said yet which room is mine
    until(page, "document.activeElement.matches('#my-rooms input')")
    page.keyboard.press("Space")
    until(page, "document.querySelector('.room.is-mine')")
    page.keyboard.press("Escape")
    on_row(page, first)
    press_korean(page, "KeyN")
    standing(page, first, "called")
    until(page, f"document.activeElement.id === 'entry-{first}'")
    press_korean(page, "KeyS")
    assert page.evaluate("() => document.activeElement.id") == f"yes-{first}"
    page.keyboard.press("Enter")
    standing(page, first, "inside")
    until(page, f"document.activeElement.id === 'entry-{first}'")
    press_korean(page, "KeyI")
    until(page, f"{OPEN_SHEET} && document.activeElement.matches('[data-preset]')")
    page.keyboard.press("1")
    standing(page, first, "aside")
    until(page, f"!{OPEN_SHEET}")
    on_row(page, first)
    press_korean(page, "KeyE")
    standing(page, first, "waiting")
    on_row(page, first)
    press_korean(page, "KeyH")
    until(page, f"{OPEN_SHEET} && document.activeElement.matches('[data-preset]')")
    page.keyboard.press("2")
    standing(page, first, "aside")
    until(page, f"!{OPEN_SHEET}")
    assert board_of(house).aside[0].held_reason
    on_row(page, first)
    until(page, "document.querySelector('#toast [data-undo]')")
    press_korean(page, "KeyU")
    standing(page, first, "waiting")


def test_missed_and_back_and_completed_by_single_keys(house: House, visitors: Visitors, ward: str) -> None:
    page = visitors.staff("anne", ward)
    first = board_of(house).waiting[0].entry_id
    on_row(page, first)
    page.keyboard.press("c")  # no room is chosen: the sheet asks
    until(page, OPEN_SHEET)
    refused(visitors, 422)
    page.keyboard.press("Escape")
    page.click("#my-rooms summary")
    page.check("#my-rooms input[type=checkbox] >> nth=0")
    until(page, "document.querySelector('.room.is-mine')")
    page.keyboard.press("Escape")
    on_row(page, first)
    page.keyboard.press("c")
    standing(page, first, "called")
    on_row(page, first)
    page.keyboard.press("m")
    standing(page, first, "aside")
    on_row(page, first)
    page.keyboard.press("e")
    standing(page, first, "waiting")
    page.keyboard.press("Control+Enter")
    until(page, "document.querySelector('.part-called [data-row]')")
    called = page.evaluate("() => document.querySelector('.part-called [data-row]').id.slice(6)")
    on_row(page, called)
    page.keyboard.press("s")
    pause(REACTION_SECONDS)
    page.keyboard.press("Enter")
    standing(page, called, "inside")
    on_row(page, called)
    page.keyboard.press("d")
    until(page, f"!document.querySelector('#entry-{called}')")
    until(page, "document.querySelector('#toast [data-undo]')")
    pause(REACTION_SECONDS)
    page.keyboard.press("Control+Z")
    standing(page, called, "inside")


def test_no_letter_does_anything_outside_a_row(house: House, visitors: Visitors, ward: str) -> None:
    page = visitors.staff("anne", ward)
    before = board_of(house).seq
    page.evaluate("() => document.activeElement.blur()")
    page.keyboard.type("ncmdhx")
    page.focus("[data-filter]")
    page.keyboard.type("ncm")
    assert page.input_value("[data-filter]") == "ncm"
    assert board_of(house).seq == before
    assert not page.evaluate("() => document.querySelector('dialog[open]')")


def test_ten_updates_move_neither_focus_nor_scroll_nor_selection(
    house: House, visitors: Visitors, ward: str
) -> None:
    house.waiting(*(f"김환자{number}" for number in range(40)))
    page = visitors.staff("anne", ward)
    row = page.evaluate("() => document.querySelectorAll('.part-waiting [data-row]')[30].id")
    page.focus(f"#{row}")
    page.evaluate(
        f"""() => {{
            window.swaps = 0;
            document.addEventListener('annae:fragment', () => swaps++);
            const name = document.querySelector('#{row} b').firstChild;
            getSelection().setBaseAndExtent(name, 0, name, 2);
        }}"""
    )
    place = f"document.querySelector('#{row}').getBoundingClientRect().top"
    top, chosen = page.evaluate(f"() => {place}"), page.evaluate("() => getSelection().toString()")
    before = board_of(house).seq
    for number in range(10):
        house.waiting(f"이새벽{number}")
    until(page, f"Number(document.querySelector('#queue').dataset.seq) >= {before + 10}")
    assert page.evaluate("() => swaps") >= 1
    assert page.evaluate("() => document.activeElement.id") == row
    assert page.evaluate("() => getSelection().toString()") == chosen
    assert abs(page.evaluate(f"() => {place}") - top) < 1


def test_a_sheet_and_what_is_typed_in_it_outlive_the_others_clicks(
    house: House, visitors: Visitors, ward: str
) -> None:
    page, other = visitors.staff("anne", ward), visitors.staff("grace", ward)
    last = board_of(house).waiting[-1].entry_id
    on_row(page, last)
    page.keyboard.press("p")
    until(page, OPEN_SHEET)
    page.focus("#do-priority input[name=other]")
    page.keyboard.type("보호자")
    other.click("button[id^=next-]")
    until(page, "document.querySelector('.part-called [data-row]')")
    page.keyboard.type(" 요청")
    assert page.evaluate("() => document.activeElement.value") == "보호자 요청"
    page.keyboard.press("Enter")
    until(page, f"!{OPEN_SHEET}")
    until(page, f"document.querySelector('#entry-{last}').textContent.length")
    assert next(row for row in board_of(house).waiting if row.entry_id == last).priority == 1


def test_a_colleague_was_faster_and_the_sheet_says_who(house: House, visitors: Visitors, ward: str) -> None:
    page = visitors.staff("anne", ward)
    row = board_of(house).waiting[-1]
    on_row(page, row.entry_id)
    page.keyboard.press("h")
    until(page, OPEN_SHEET)
    page.fill("#do-hold input[name=other]", "잠시 외출")
    with house.inside() as hospital:
        journey.prioritise(
            row.entry_id, priority=2, version=row.version, reason="통증 심함", by=hospital.cast.grace
        )
    page.press("#do-hold input[name=other]", "Enter")
    until(page, "document.querySelector('#sheet [data-problem]')")
    refused(visitors, 409)
    pause(REACTION_SECONDS)
    assert page.input_value("#do-hold input[name=other]") == "잠시 외출"
    assert "Grace" in page.inner_text("#sheet .lines")
    page.press("#do-hold input[name=other]", "Enter")  # it is meant all the same
    standing(page, row.entry_id, "aside")


def test_the_search_follows_the_editor_letter_by_letter(visitors: Visitors, ward: str) -> None:
    page = visitors.staff("anne", ward)
    page.keyboard.press("Control+/")
    session = page.context.new_cdp_session(page)
    for typed, found in (
        ("ㄱ", "김영희"),
        ("기", "김영희"),
        ("김", "김영희"),
        ("김ㅇ", "김영희"),
        ("김여", "김영희"),
    ):
        size = len(typed)
        session.send("Input.imeSetComposition", {"text": typed, "selectionStart": size, "selectionEnd": size})
        until(page, f"document.querySelector('[data-filter]').value === '{typed}'")
        assert found in names(page), typed
        assert "박도윤" not in names(page), typed
    page.fill("[data-filter]", "ㅇㅅㅇ")
    assert names(page) == ["이서연"]
    page.fill("[data-filter]", "잇")  # on the way to 이서
    assert names(page) == ["이서연"]
    page.fill("[data-filter]", "아무도")
    assert names(page) == []
    assert page.is_visible("[data-filter-empty]")


FITTING = {
    ("37 김영희 1953", "37"): True,
    ("137 김영희 1953", "37"): False,  # a number is typed from its beginning
    ("4 김영희 1937", "37"): False,
    ("37 김영희 1953", "김영"): True,
    ("37 김영희 1953", "ㄱㅇㅎ"): True,
    ("37 김영희 1953", "영ㅎ"): True,
    ("37 값진수 1953", "ㄱㅈ"): True,
    ("37 김갑수 1953", "값"): True,  # on the way to 갑수
    ("37 박도윤 1953", "밗"): False,
    ("37 곽시윤 1953", "ㄳ"): True,  # the editor joins ㄱ and ㅅ
    ("37 박도윤 1953", "ㄳ"): False,
    ("37 김영희 1953", "37 ㄱ"): True,
    ("37 김영희 1953", "38 ㄱ"): False,
    ("37 john smith 1953", "smi"): True,
}


def test_what_fits_a_search(visitors: Visitors, ward: str) -> None:
    page = visitors.staff("anne", ward)
    found = {
        (text, typed): page.evaluate("([text, typed]) => annae.fits(text, typed)", [text, typed])
        for text, typed in FITTING
    }
    assert found == FITTING


def test_what_is_shown_stays_after_a_reload_and_no_name_is_in_the_address(
    house: House, visitors: Visitors, ward: str
) -> None:
    page = visitors.staff("anne", ward)
    number = board_of(house).waiting[1].number
    page.fill("[data-filter]", str(number))
    page.click("[data-show=waiting] >> nth=0")
    assert f"number={number}" in str(page.evaluate("() => location.href"))
    assert "show=waiting" in str(page.evaluate("() => location.href"))
    page.reload()
    until(page, "window.isHeard")
    assert page.input_value("[data-filter]") == str(number)
    assert len(names(page)) == 1
    page.fill("[data-filter]", "박도")
    assert "number=" not in str(page.evaluate("() => location.href"))
    page.reload()
    until(page, "window.isHeard")
    assert page.input_value("[data-filter]") == "박도"
    assert names(page) == ["박도윤"]
    assert "%EB" not in str(page.evaluate("() => location.href"))
    page.fill("[data-filter]", "")
    page.click("[data-mine-only]")
    assert names(page) == [], "nobody is in my rooms"


def test_who_comes_back_is_told_what_happened(house: House, visitors: Visitors, ward: str) -> None:
    page = visitors.staff("anne", ward)
    page.mouse.move(200, 300)
    until(page, "localStorage.length")
    first = board_of(house).waiting[0]
    with house.inside() as hospital:
        called = journey.call_next(hospital.consult, hospital.rooms[1], by=hospital.cast.grace)
        assert called.entry_id == first.entry_id
    page.goto("about:blank")
    with house.inside() as hospital:
        row = boards.ward_board(hospital.consult, by=None).called[0]
        journey.miss(row.entry_id, version=row.version, by=hospital.cast.grace)
    visitors.live(page, ward)
    until(page, "document.querySelector('#away a')")
    page.click("#away a")
    until(page, OPEN_SHEET)
    assert first.name in page.inner_text("#sheet")
    assert "Grace" in page.inner_text("#sheet")
    page.keyboard.press("Escape")
    assert not page.evaluate("() => document.querySelector('#away a')")
    until(page, "document.querySelector('#sheet-body').childElementCount === 0")


def test_the_page_shows_its_keys(visitors: Visitors, ward: str) -> None:
    page = visitors.staff("anne", ward)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+?")
    until(page, "document.querySelector('#keys[open]')")
    page.keyboard.press("Escape")
    until(page, "!document.querySelector('#keys[open]')")
    until(page, "document.activeElement.matches('[data-row]')")
