"""The main job on real pages: tap, identify, register, wait, be called, be examined, pay, go home."""

from typing import TYPE_CHECKING

import pytest

from app.boards import queries as boards
from tests.browser.conftest import House, Visitors, until

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


def stay(page: "Page") -> None:
    """Mark a page, so that a reload would show."""
    page.evaluate("() => { window.isSame = true; }")


def follows(page: "Page", wanted: str) -> None:
    """Wait, within the second that is promised (and a slow machine's second), until the phone shows a state."""
    until(page, f"document.querySelector('#visit')?.dataset.state === '{wanted}'", seconds=5)
    assert page.evaluate("() => window.isSame === true"), "the page was loaded anew"


def test_a_patient_taps_a_tag_and_goes_home(house: House, visitors: Visitors) -> None:
    with house.inside() as hospital:
        visit = hospital.expect("consult", name="김순자")
        last4, born = hospital.phones[visit]
    ward = visitors.staff("anne", f"/ward/{house.hospital.consult}")
    board = visitors.board()

    phone = visitors.page(size=(390, 844))
    phone.goto(f"{house.url}/t/{house.hospital.entrance}")
    phone.fill("[name=phone_last4]", last4)
    phone.fill("[name=birth_date]", born.strftime("%Y%m%d"))
    with phone.expect_navigation():
        phone.click("form[action*=identify] button[type=submit]")
    with phone.expect_navigation():
        phone.click("form[action='/me/check-in'] button[type=submit]")
    visitors.live(phone, "/me")
    until(phone, "document.querySelector('#visit')?.dataset.state === 'WAITING'")
    with house.inside():
        number = boards.my_visit(visit, by=None).day_number
    assert str(number) in phone.locator("#visit").inner_text()
    stay(phone)

    until(ward, f"document.querySelector('#queue').textContent.includes('{number}')", seconds=5)
    ward.click("button[id^=next-]:not([aria-disabled]) >> nth=0")
    follows(phone, "CALLED")
    until(board, f"document.querySelector('.calls').textContent.includes('{number}')", seconds=5)
    assert "김순자" not in board.content(), "the wall knows no names"

    ward.click("details[id^=start-] > summary")
    ward.click("button[id^=yes-]")
    follows(phone, "ONGOING")

    ward.click("button[id^=complete-]")
    follows(phone, "PAYMENT")

    cashier = visitors.page()
    cashier.goto(f"{house.url}/login")
    cashier.fill("[name=username]", "iris")
    cashier.fill("[name=password]", "a quiet ward at night")
    with cashier.expect_navigation():
        cashier.press("[name=password]", "Enter")
    cashier.goto(f"{house.url}/cashier/visits/{visit}")
    cashier.check("[name=method][value=card]", force=True)
    with cashier.expect_navigation():
        cashier.click("form[action$='/pay'] button[type=submit]")
    follows(phone, "FINISHED")
    assert "귀가" in phone.locator("#visit").inner_text()
