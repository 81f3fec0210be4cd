"""A doctor orders without a mouse, on a wide and on a narrow screen; the nurse's page follows by itself."""

from typing import TYPE_CHECKING

import pytest

from app.boards import queries as boards
from tests.browser.conftest import House, Visitors, until
from tests.processes.house import wait_until
from tests.web.orders.scenes import Ward, path

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
MOST_TABS = 12


def tab_to(page: "Page", wanted: str) -> None:
    """Press Tab until the wanted element has the focus; it must not be far."""
    for _ in range(MOST_TABS):
        if page.evaluate("wanted => document.activeElement.matches(wanted)", wanted):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never reaches {wanted}")


def choose(page: "Page", search: str, code: str, quantity: str) -> None:
    """Search, go to what was found, say how many; Enter makes the search ready for the next."""
    until(page, "document.activeElement.matches('#search') && document.activeElement.value === ''")
    page.keyboard.insert_text(search)  # as an input method commits a word
    page.keyboard.press("Enter")
    until(
        page,
        f"document.querySelectorAll('#found tr').length === 2 && document.querySelector('#found #item-{code}')",
    )
    tab_to(page, f"#item-{code}")
    page.keyboard.type(quantity)
    page.keyboard.press("Enter")
    until(page, f"document.querySelector('#chosen #item-{code}')?.value === '{quantity}'")


@pytest.fixture(scope="module")
def catalogue(house: House) -> None:
    """Let the house offer something."""
    with house.inside() as hospital:
        Ward(hospital)


@pytest.mark.usefixtures("catalogue")
@pytest.mark.parametrize("width", [1280, pytest.param(768, marks=pytest.mark.slow)])
def test_a_doctor_orders_by_keyboard_and_the_nurse_sees_it(
    house: House, visitors: Visitors, width: int
) -> None:
    (visit,) = house.waiting("김영희")
    nurse = visitors.staff("anne", path(visit))
    page = visitors.staff("grace", path(visit))
    page.set_viewport_size({"width": width, "height": 900})
    page.reload()
    choose(page, "혈액", "cbc", "1")
    choose(page, "amox", "amoxicillin", "6")
    assert page.is_visible("#chosen tr:first-child .order-advice"), (
        "what to do before is told of what is chosen"
    )
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), (
        "nothing hangs over the edge"
    )
    with house.inside() as hospital:
        assert not boards.visit_orders(visit, by=hospital.cast.grace).orders, (
            "Enter has searched, not ordered"
        )
    tab_to(page, "#place")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    until(page, "document.querySelector('[data-toast]')")
    until(nurse, "document.querySelectorAll('#orders [data-line]').length === 2")
    with house.inside() as hospital:
        (card,) = boards.visit_orders(visit, by=hospital.cast.grace).orders
        assert [(one.line.code, one.line.quantity) for one in card.lines] == [("cbc", 1), ("amoxicillin", 6)]
    nurse.click("#orders form[action*='/lines/'] button")
    done = "document.querySelector('#orders [data-line=amoxicillin]').dataset.lineStatus === 'completed'"
    until(nurse, done)
    until(page, done)

    def is_done() -> bool:
        with house.inside() as hospital:
            (card,) = boards.visit_orders(visit, by=hospital.cast.anne).orders
            return [str(one.line.status) for one in card.lines] == ["active", "completed"]

    wait_until(is_done, 10, "the capsules are handed out")
