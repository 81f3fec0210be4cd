"""Two radiologists on one study: the second sees both texts, then what was signed meanwhile, and loses no word."""

from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from app.accounts import services as accounts
from app.accounts.roles import Role
from app.core.actor import SYSTEM
from app.imaging import services as imaging
from tests.browser.conftest import House, Visitors, until
from tests.cast import PASSWORD
from tests.integration.imaging.reading import OTTO, came_in, patient, trail

if TYPE_CHECKING:
    from playwright.sync_api import Dialog, Page

pytestmark = pytest.mark.browser
MINE = "우측 전두엽 경막하 혈종 의심"


@pytest.fixture(scope="module", autouse=True)
def _nora(house: House) -> None:
    with house.inside():
        accounts.create_staff("nora", "Nora", Role.RADIOLOGY, PASSWORD, by=SYSTEM)


def opened(house: House, visitors: Visitors) -> tuple[UUID, "Page"]:
    with house.inside():
        study_id = came_in(patient())
    return study_id, visitors.staff("nora", f"/radiology/{study_id}")


def test_who_is_overtaken_sees_both_and_then_the_signature(house: House, visitors: Visitors) -> None:
    study_id, page = opened(house, visitors)
    page.fill("[data-unsaved]", MINE)
    with house.inside():
        imaging.save_report(study_id, version=0, text="출혈 없음", by=OTTO)
    page.click(".report-text > .cluster > button")
    until(page, "document.activeElement.matches('#conflict-title')")
    assert "Otto" in page.inner_text(".conflict")
    page.check("input[value=mine]")
    with page.expect_navigation():
        page.click(".conflict button[type=submit]")
    assert page.input_value("[data-unsaved]") == MINE
    page.fill("[data-unsaved]", f"{MINE}\n정중선 편위 3 mm")
    with house.inside():
        imaging.sign_report(study_id, version=2, text="출혈 없음", by=OTTO)
    page.click(".confirm > summary")
    page.click("button[formaction$='/sign']")
    until(page, "document.activeElement.matches('.error-summary')")
    assert page.inner_text("#report .said") == "출혈 없음"
    assert page.input_value("[data-unsaved]") == f"{MINE}\n정중선 편위 3 mm"
    page.fill("[name=reason]", "재검토")
    with page.expect_navigation():
        page.click("#report-form form button[type=submit]")
    with house.inside():
        assert [one[1:4] for one in trail(study_id)] == [
            ("final", "출혈 없음", None),
            ("amended", f"{MINE}\n정중선 편위 3 mm", "재검토"),
        ]
    visitors.complaints.clear()  # a browser reports each answer of 4xx as an error of its own


def test_a_page_with_unsaved_words_asks_before_it_is_left(house: House, visitors: Visitors) -> None:
    _study_id, page = opened(house, visitors)
    asked: list[str] = []

    def leave(dialog: "Dialog") -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", leave)
    page.locator("[data-unsaved]").press_sequentially("소견")
    with page.expect_navigation():
        page.click(".report-text > .cluster > button")
    assert asked == []
    page.locator("[data-unsaved]").press_sequentially("추가")
    with page.expect_navigation():
        page.click(".page-head a")
    assert asked == ["beforeunload"]


def test_the_worklist_moves_by_itself(house: House, visitors: Visitors) -> None:
    study_id, page = opened(house, visitors)
    page.goto(f"{house.url}/radiology")
    row = f"document.querySelector('#study-{study_id}')"
    until(page, f"{row}.querySelector('[data-report=none]')")
    with house.inside():
        imaging.save_report(study_id, version=0, text="초안", by=OTTO)
    until(page, f"{row}.querySelector('[data-report=preliminary]')")
    with house.inside():
        imaging.sign_report(study_id, version=1, text="출혈 없음", by=OTTO)
    until(page, f"!{row}")
