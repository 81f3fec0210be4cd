"""A doctor adds an examination without a mouse; a nurse's double click calls again once."""

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from app.core.clock import pause
from app.core.db import db
from app.journey.models import Visit, VisitStep
from tests.browser.conftest import House, Visitors, until
from tests.processes.house import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
REACTION_SECONDS = 0.1  # htmx takes 20 ms to make a new form its own
SHEET = "document.getElementById('sheet')"
CHOSEN = "document.querySelector('#do-add-step input[name=service]:checked')?.value"


def tab_to(page: "Page", wanted: str) -> None:
    """Press Tab until the wanted element has the focus."""
    for _ in range(50):
        if page.evaluate(f"() => document.activeElement.matches({wanted!r})"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never reaches {wanted}")


def go_to(page: "Page", name: str) -> None:
    """Walk down the rows to somebody: others of this file may wait there too."""
    for _ in range(20):
        page.keyboard.press("ArrowDown")
        until(page, "document.activeElement.matches('[data-row]')")
        if page.evaluate("name => document.activeElement.innerText.includes(name)", name):
            return
    raise AssertionError(f"no row of {name}")


def planned(house: House, visit: object) -> list[tuple[str, bool]]:
    """Return the services of a visit that count, and whether they must be done."""
    with house.inside():
        rows = db.session.execute(
            select(VisitStep.service_code, VisitStep.is_mandatory)
            .join(Visit, Visit.id == VisitStep.visit_id)
            .where(Visit.public_id == visit, VisitStep.status != "cancelled")
            .order_by(VisitStep.ordinal)
        ).all()
        return [(row.service_code, row.is_mandatory) for row in rows]


def test_a_doctor_adds_an_examination_by_keyboard_and_takes_it_back(house: House, visitors: Visitors) -> None:
    (visit,) = house.waiting("김영희")
    page = visitors.staff("grace", f"/ward/{house.hospital.consult}")
    go_to(page, "김영희")
    page.keyboard.press("a")
    until(page, f"{SHEET}.open && document.activeElement.matches('#do-add-step input[name=service]')")
    assert page.evaluate(f"() => {CHOSEN}") is None, "nothing is chosen beforehand"
    page.keyboard.press("Enter")  # no examination is chosen: the browser asks, nothing is sent
    page.keyboard.press("Space")
    for _ in range(4):
        if page.evaluate(f"() => {CHOSEN}") == "lab":
            break
        page.keyboard.press("ArrowDown")
    assert page.evaluate(f"() => {CHOSEN}") == "lab"
    assert "8시간 금식" in page.inner_text("#do-add-step")
    assert planned(house, visit) == [("consult", True)]
    tab_to(page, "#do-add-step [name=mandatory]")
    page.keyboard.press("Space")
    tab_to(page, "#do-add-step button")
    page.keyboard.press("Enter")
    until(page, f"!{SHEET}.open")
    until(page, "document.querySelector('[data-toast] [data-undo]')")
    both = [("consult", True), ("lab", False)]
    wait_until(lambda: planned(house, visit) == both, 10, "the examination is planned")
    pause(REACTION_SECONDS)
    page.keyboard.press("Control+z")
    until(page, "!document.querySelector('[data-toast] [data-undo]')")
    wait_until(lambda: planned(house, visit) == [("consult", True)], 10, "the examination is taken back")


def test_a_nurse_is_told_that_she_may_not(house: House, visitors: Visitors) -> None:
    house.waiting("이서연")
    page = visitors.staff("anne", f"/ward/{house.hospital.consult}")
    go_to(page, "이서연")
    page.keyboard.press("a")
    until(page, f"{SHEET}.open && document.querySelector('[data-unfit]')")
    assert not page.query_selector("#do-add-step")


def test_the_second_half_of_a_double_click_is_no_other_call(house: House, visitors: Visitors) -> None:
    """The first half has moved the row on, and its button carries the newest version: still one gesture."""
    sent: list[str] = []
    house.waiting("박도윤")
    page = visitors.staff("anne", f"/ward/{house.hospital.consult}")
    page.click("button[id^=next-]")
    recall = ".part-called button[id^=recall-]"
    until(page, f"document.querySelector('{recall}')")
    version = page.get_attribute(recall, "value")
    page.evaluate(
        "() => { window.at = performance.now(); performance.now = () => window.at; }"
    )  # at any speed
    page.click(recall)
    until(page, f"document.querySelector('{recall}').value !== '{version}'")
    page.on("request", lambda request: sent.append(request.url))
    pause(REACTION_SECONDS)
    page.click(recall)
    page.click("[data-sheet][id^=more-]")  # whatever was sent before has been answered when this is
    until(page, f"{SHEET}.open")
    assert not [one for one in sent if one.endswith("/recall")]
    page.keyboard.press("Escape")
    page.evaluate("() => { window.at += 501; }")
    page.click(recall)
    until(page, "document.querySelector('.part-called').textContent.includes('3/3')")
    assert len([one for one in sent if one.endswith("/recall")]) == 1
