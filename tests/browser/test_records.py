"""Two nurses edit one record: the second sees both versions, chooses, and no word is lost; with and without script."""

from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from app.boards import queries as boards
from app.core.db import db
from app.emr import queries as emr_queries
from app.emr import services as emr
from app.emr.rules import NoteKind
from tests.browser.conftest import House, Visitors, until

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
CONFLICT = "document.querySelector('.conflict[role=alert]')"


def begun(house: House, name: str) -> tuple[UUID, str]:
    """Let a patient wait whose nursing note was begun; return visit and record's path."""
    (visit,) = house.waiting(name)
    with house.inside() as hospital:
        emr.write_note(visit, NoteKind.NURSING, version=0, text="체온 36.5\n통증 없음", by=hospital.cast.anne)
        return visit, f"/patients/{boards.my_visit(visit, by=None).patient_id}"


def colleague_writes(house: House, visit: UUID, text: str) -> None:
    """Let Flora save before Anne does."""
    with house.inside() as hospital:
        seen = emr_queries.encounter_record(visit, by=hospital.cast.flora).nursing.version
        db.session.remove()
        emr.write_note(visit, NoteKind.NURSING, version=seen, text=text, by=hospital.cast.flora)


def noted(house: House, visit: UUID) -> tuple[int, str]:
    with house.inside() as hospital:
        note = emr_queries.encounter_record(visit, by=hospital.cast.anne).nursing
        return note.version, note.text


def open_record(visitors: Visitors, house: House, path: str) -> "Page":
    page = visitors.staff("anne", "/ward/" + str(house.hospital.consult))
    page.goto(house.url + path)
    return page


def test_with_htmx_the_second_nurse_merges_in_place(house: House, visitors: Visitors) -> None:
    visit, path = begun(house, "김둘이")
    page = open_record(visitors, house, path)
    page.fill(".record-note textarea", "체온 36.5\n통증 3점")
    colleague_writes(house, visit, "체온 37.8\n통증 없음")
    page.click(".record-note button[type=submit]")
    until(page, CONFLICT)
    until(page, "document.activeElement.matches('#conflict-title')")
    assert page.input_value(".record-note textarea") == "체온 36.5\n통증 3점"  # what was typed still stands
    said = page.inner_text(".conflict")
    assert "Flora" in said
    assert "체온 37.8\n통증 3점" in said
    with page.expect_navigation():
        page.click(".conflict button[type=submit]")
    assert noted(house, visit) == (3, "체온 37.8\n통증 3점")
    visitors.complaints.clear()  # a browser reports each answer of 4xx as an error of its own


def test_without_script_both_in_one_line_are_a_choice(house: House, visitors: Visitors) -> None:
    visit, path = begun(house, "이둘이")
    page = open_record(visitors, house, path)
    plain = visitors.browser.new_context(
        java_script_enabled=False, locale="ko-KR", storage_state=page.context.storage_state()
    )
    visitors.stack.callback(plain.close)
    bare = plain.new_page()
    bare.goto(house.url + path)
    bare.fill(".record-note textarea", "체온 36.5\n통증 5점")
    colleague_writes(house, visit, "체온 36.5\n통증 2점")
    bare.click(".record-note button[type=submit]")
    assert bare.locator(".conflict input[type=radio]").count() == 3
    assert bare.locator(".conflict input[type=radio]:checked").count() == 0  # nothing is chosen for anybody
    bare.click(".conflict button[type=submit]")  # the browser asks for the choice
    assert bare.locator(".conflict").count() == 1
    bare.check(".conflict input[value=both]")
    bare.fill(".conflict textarea[name=both-text]", "체온 36.5\n통증 2점, 이후 5점")
    # While she decides, the colleague saves again: the same page once more, with her words.
    colleague_writes(house, visit, "체온 36.5\n통증 1점")
    bare.click(".conflict button[type=submit]")
    assert "통증 2점, 이후 5점" in bare.inner_text(".conflict")
    assert "통증 1점" in bare.inner_text(".conflict")
    bare.check(".conflict input[value=mine]")
    bare.click(".conflict button[type=submit]")
    assert bare.locator(".conflict").count() == 0
    assert noted(house, visit) == (4, "체온 36.5\n통증 2점, 이후 5점")


def test_a_refused_form_says_so_at_its_field_and_the_others_keep_their_words(
    house: House, visitors: Visitors
) -> None:
    _, path = begun(house, "박거절")
    page = open_record(visitors, house, path)
    page.fill(".record-note textarea", "아직 저장하지 않은 기록")
    page.evaluate("() => { document.querySelector('#form-allergy').closest('details').open = true; }")
    page.fill("#allergy-substance", "새우")
    page.click("#form-allergy button[type=submit]")
    until(page, "document.querySelector('#allergy-criticality-error')")
    until(page, "document.activeElement.matches('#form-allergy .error-summary')")
    summary = page.inner_text("#form-allergy .error-summary a")
    assert summary == page.inner_text("#allergy-criticality-error")
    assert page.title().startswith(("오류:", "Error:"))
    assert page.input_value("#allergy-substance") == "새우"
    assert page.input_value(".record-note textarea") == "아직 저장하지 않은 기록"
    page.select_option("#allergy-criticality", "high")
    page.fill(".record-note textarea", "")
    with page.expect_navigation():
        page.click("#form-allergy button[type=submit]")
    assert "새우" in page.inner_text("main")
    visitors.complaints.clear()  # a browser reports each answer of 4xx as an error of its own
