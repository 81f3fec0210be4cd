"""A nurse walks away from the ward's page: nobody reads a name behind her back, and she goes on where she was."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import pytest

from app.boards import queries as boards
from tests.browser.conftest import House, Visitors, until
from tests.browser.test_socket_doors import Nurse, run
from tests.cast import PASSWORD

if TYPE_CHECKING:
    from playwright.sync_api import Page

NAME = "나비밀"
LOCKED = "document.getElementById('lock').open"
COUNTED = "document.querySelector('#queue[data-covered]')"
SETTLED = (
    "() => document.dispatchEvent(new CustomEvent('htmx:afterSettle', { detail: { target: document.body } }))"
)
SEEN = "document.querySelector('#queue [data-row]')"


@pytest.fixture
def queue(house: House) -> str:
    house.waiting(NAME, "김환자", "이환자")  # few: a socket sends no more than 64 KB at once
    return str(house.hospital.consult)


def lock(page: "Page") -> None:
    """Lock the screen, and wait until the server knows: the page covers itself before that."""
    with page.expect_response("**/login/lock"):
        page.keyboard.press("Control+Alt+l")


def unlock(page: "Page", word: str = PASSWORD) -> None:
    page.keyboard.type(word)  # the field has the focus: no mouse is needed
    page.keyboard.press("Enter")


def shown(page: "Page") -> str:
    """Return what a person, a screen reader, the printer and the page's own search could find."""
    return str(page.evaluate("() => document.body.innerText")) + page.title()


@pytest.mark.browser
@pytest.mark.timeout(240)
def test_what_was_typed_survives_ten_minutes_away(visitors: Visitors, queue: str) -> None:
    page = visitors.staff("anne", f"/ward/{queue}?show=waiting")
    page.clock.install()
    page.reload()
    until(page, "window.isHeard", 30)
    page.fill("[data-filter]", "나비")
    page.evaluate("() => scrollTo(0, 40)")
    page.clock.fast_forward(9 * 60_000)
    assert not page.evaluate(f"() => {LOCKED}")
    page.mouse.move(300, 300)  # somebody is still there
    page.clock.fast_forward(9 * 60_000)
    assert not page.evaluate(f"() => {LOCKED}")
    page.clock.fast_forward(61_000)
    until(page, LOCKED)
    assert NAME not in shown(page)
    until(page, COUNTED)
    assert NAME not in page.content(), "nor anywhere in the page: the server has sent counts instead"
    with visitors.house.inside() as hospital:
        waiting = len(boards.ward_board(hospital.consult, by=None).waiting)
    assert re.search(rf"\b{waiting}\b", page.inner_text("[data-lock-counts]"))
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    assert page.evaluate(f"() => {LOCKED}")
    unlock(page)
    until(page, f"!{LOCKED}")
    until(page, SEEN)
    assert page.input_value("[data-filter]") == "나비"
    assert "show=waiting" in page.url
    until(page, "document.activeElement.matches('[data-filter]')")
    assert NAME in shown(page)
    page.keyboard.type("밀")
    assert page.input_value("[data-filter]") == "나비밀"


@pytest.mark.browser
def test_the_windows_of_one_person_lock_and_open_together(visitors: Visitors, queue: str) -> None:
    ward = visitors.staff("anne", f"/ward/{queue}")
    other = ward.context.new_page()
    other.goto(f"{visitors.house.url}/ward")
    lock(ward)
    until(ward, LOCKED)
    until(other, LOCKED)
    third = ward.context.new_page()
    third.goto(f"{visitors.house.url}/ward/{queue}")
    assert NAME not in third.content()
    assert third.locator("[data-locked-page]").is_visible()
    unlock(ward, "not my password")
    ward.wait_for_selector("[data-lock-message]:not(:empty)")
    unlock(ward)
    until(ward, f"!{LOCKED}")
    until(other, f"!{LOCKED}")
    third.wait_for_selector("#queue [data-row]")
    assert NAME in third.content()
    lock(ward)
    until(third, LOCKED)
    third.reload()  # the lock in the page's place opens the others as well
    third.focus("[data-locked-page] [name=word]")
    unlock(third)
    third.wait_for_selector("#queue [data-row]")
    until(ward, f"!{LOCKED}")
    visitors.complaints[:] = [one for one in visitors.complaints if "401" not in one]  # the wrong word


@pytest.mark.browser
def test_an_answer_that_comes_after_the_lock_names_nobody(visitors: Visitors, queue: str) -> None:
    page = visitors.staff("anne", f"/ward/{queue}")
    late = page.evaluate(f"async () => (await fetch('/live/fragment?topic=queue:{queue}')).text()")
    assert NAME in late
    lock(page)
    until(page, COUNTED)
    page.evaluate("text => htmx.swap(document.body, text, { swapStyle: 'none' })", late)
    page.wait_for_timeout(300)
    assert page.evaluate(f"() => Boolean({COUNTED})")
    assert NAME not in page.content()
    unlock(page)
    until(page, SEEN)


@pytest.mark.browser
def test_a_sheet_whose_answer_was_on_its_way_stands_beneath(visitors: Visitors, queue: str) -> None:
    page = visitors.staff("anne", f"/ward/{queue}")
    page.keyboard.press("Control+Alt+l")
    until(page, LOCKED)
    page.evaluate("() => { document.getElementById('sheet').showModal(); }")
    page.evaluate(SETTLED)
    until(page, "document.getElementById('lock').matches(':focus-within')")
    unlock(page)
    until(page, f"!{LOCKED}")


@pytest.mark.browser
def test_half_a_form_of_the_desk_is_still_there(visitors: Visitors, queue: str) -> None:
    page = visitors.page()
    page.goto(f"{visitors.house.url}/login?next=/desk/patients/new")
    page.fill("[name=username]", "henry")
    page.fill("[name=password]", PASSWORD)
    with page.expect_navigation():
        page.press("[name=password]", "Enter")
    page.fill("[name=name]", "남궁반")
    page.click("details.menu > summary")
    page.click("form[data-lock] button")
    until(page, LOCKED)
    assert "남궁반" not in shown(page)
    unlock(page)
    until(page, f"!{LOCKED}")
    assert page.input_value("[name=name]") == "남궁반"


@pytest.mark.browser
def test_the_way_back_shows_the_lock(visitors: Visitors, queue: str) -> None:
    page = visitors.staff("anne", f"/ward/{queue}")
    page.goto(f"{visitors.house.url}/ward")
    lock(page)
    until(page, LOCKED)
    page.go_back()
    page.wait_for_selector("[data-unlock] [name=word]:visible")
    assert NAME not in page.content()
    page.focus("[name=word]")
    unlock(page)
    page.wait_for_selector("#queue [data-row]")


@pytest.mark.processes
def test_an_open_socket_names_nobody_once_the_screen_is_locked(house: House, queue: str) -> None:
    nurse = Nurse(house, "anne")
    headers = {"X-CSRFToken": nurse.token, "Accept": "application/json"}

    def ask(path: str, **values: str) -> int:
        return nurse.client.post(path, data=values, headers=headers).status_code

    async def scene() -> tuple[str, list[str], str, int | None]:
        async with nurse.socket(f"queue:{queue}") as socket:
            first = await frame(socket.recv, lambda text: 'id="queue"' in text)
            assert await asyncio.to_thread(ask, "/login/lock") == 204
            covered = [await frame(socket.recv, lambda text: "data-covered" in text)]
            await asyncio.to_thread(house.waiting, "나나중")  # the line moves on behind the lock
            covered.append(await frame(socket.recv, lambda text: 'id="queue"' in text))
            async with nurse.socket(f"queue:{queue}") as late:
                covered.append(await frame(late.recv, lambda text: 'id="queue"' in text))
            assert await asyncio.to_thread(ask, "/login/unlock", word=PASSWORD) == 204
            opened = await frame(socket.recv, lambda text: "data-row" in text)
            return first, covered, opened, socket.close_code

    first, covered, opened, code = run(scene())
    nurse.client.close()
    assert NAME in first
    for text in covered:
        assert "data-covered" in text
        assert not re.search(f"{NAME}|나나중|이환자|data-row|data-number|[^0-9a-f-]1953[^0-9a-f-]", text)
    assert NAME in opened
    assert "나나중" in opened
    assert code is None, "the socket stays: the page need not begin again"


async def frame(receive: Callable[[], Awaitable[str | bytes]], is_it: Callable[[str], bool]) -> str:
    """Return the first frame of a kind; within the two seconds that the hub promises, and some for a slow machine."""
    async with asyncio.timeout(10):
        while True:
            text = str(await receive())
            if is_it(text):
                return text
