"""At the cashier: a bill is settled once, and taken back within the minute."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.boards import queries as boards
from app.core.db import db
from app.journey import services as journey
from app.journey.models import FlowEvent, Visit
from tests.hospital import Hospital
from tests.pages import send

Browsers = Callable[[str], FlaskClient]


def to_pay(hospital: Hospital, name: str | None = None) -> UUID:
    """Let a patient be treated, so that only the payment is left."""
    visit = hospital.waiting("consult", name=name)
    anne = hospital.cast.anne
    called = journey.call_next(hospital.consult, hospital.rooms[0], by=anne)
    assert called.entry_id is not None
    version = _entry_version(visit, hospital)
    journey.start(called.entry_id, version=version, confirm=frozenset({"identity"}), by=anne)
    version = _entry_version(visit, hospital)
    journey.complete(called.entry_id, version=version, confirm=frozenset({"short_service"}), by=anne)
    return visit


def _entry_version(visit: UUID, hospital: Hospital) -> int:
    entry = boards.my_visit(visit, by=hospital.cast.henry).entry
    db.session.rollback()
    assert entry is not None
    return entry.version


def paid(visit: UUID) -> int:
    """Return how often a visit was paid."""
    db.session.rollback()
    events = select(FlowEvent).join(Visit, Visit.id == FlowEvent.visit_id)
    return len(db.session.execute(events.where(Visit.public_id == visit, FlowEvent.command == "pay")).all())


def version_of(visit: UUID, hospital: Hospital) -> int:
    db.session.rollback()
    return boards.bill(visit, by=hospital.cast.iris).visit.version


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("anne", 403),
        ("ben", 403),
        ("chris", 403),
        ("flora", 403),
        ("grace", 403),
        ("henry", 403),
        ("iris", 200),
        ("jonas", 403),
        ("eve", 401),
    ],
)
def test_only_the_cashier_sees_bills(
    browser_of: Browsers, hospital: Hospital, name: str, status: int
) -> None:
    visit = to_pay(hospital)
    browser = browser_of(name)
    assert browser.get("/cashier").status_code == status
    assert browser.get(f"/cashier/visits/{visit}").status_code == status


def test_who_still_waits_for_the_doctor_is_no_bill(browser_of: Browsers, hospital: Hospital) -> None:
    assert browser_of("iris").get(f"/cashier/visits/{hospital.waiting('consult')}").status_code == 404


def test_two_presses_of_one_button_pay_once(browser_of: Browsers, hospital: Hospital) -> None:
    visit = to_pay(hospital, name="나수납")
    cashier, page = browser_of("iris"), f"/cashier/visits/{visit}"
    assert "나수납" in cashier.get("/cashier").get_data(as_text=True)
    form: dict[str, Any] = {"version": version_of(visit, hospital), "method": "card", "amount": "12000"}
    for _press in range(2):
        assert send(cashier, page, f"{page}/pay", key="one", **form).status_code == 303
    assert paid(visit) == 1
    after = cashier.get(page).get_data(as_text=True)
    assert "data-undo" in after
    assert "banner-success" in after


def test_another_amount_under_the_same_key_is_refused(browser_of: Browsers, hospital: Hospital) -> None:
    visit = to_pay(hospital)
    cashier, page = browser_of("iris"), f"/cashier/visits/{visit}"
    form: dict[str, Any] = {"version": version_of(visit, hospital), "method": "card"}
    send(cashier, page, f"{page}/pay", key="one", amount="1", **form)
    assert send(cashier, page, f"{page}/pay", key="one", amount="2", **form).status_code == 422
    assert paid(visit) == 1


@pytest.mark.parametrize(
    ("changed", "field"),
    [({"amount": "-1"}, "amount"), ({"amount": "much"}, "amount"), ({"method": "gold"}, "method")],
)
def test_bad_input_pays_nothing(
    browser_of: Browsers, hospital: Hospital, changed: dict[str, str], field: str
) -> None:
    visit = to_pay(hospital)
    page = f"/cashier/visits/{visit}"
    form: dict[str, Any] = {
        "version": version_of(visit, hospital),
        "method": "card",
        "amount": "0",
        **changed,
    }
    answer = send(browser_of("iris"), page, f"{page}/pay", key="one", **form)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.get_data(as_text=True)
    assert paid(visit) == 0


def test_paying_needs_a_key_and_the_version_that_was_seen(browser_of: Browsers, hospital: Hospital) -> None:
    visit = to_pay(hospital)
    cashier, page = browser_of("iris"), f"/cashier/visits/{visit}"
    form: dict[str, Any] = {"version": version_of(visit, hospital), "method": "cash", "amount": "700"}
    assert send(cashier, page, f"{page}/pay", **form).status_code == 400
    stale = send(cashier, page, f"{page}/pay", key="two", **{**form, "version": 1})
    assert stale.status_code == 409
    assert 'value="700"' in stale.get_data(as_text=True)
    assert paid(visit) == 0


def test_a_payment_is_taken_back(browser_of: Browsers, hospital: Hospital) -> None:
    visit = to_pay(hospital)
    cashier, page = browser_of("iris"), f"/cashier/visits/{visit}"
    send(
        cashier,
        page,
        f"{page}/pay",
        key="one",
        version=version_of(visit, hospital),
        method="none",
        amount="0",
    )
    answer = send(cashier, page, f"{page}/undo", htmx=True, version=version_of(visit, hospital))
    assert answer.headers["HX-Redirect"] == page
    db.session.rollback()
    assert boards.bill(visit, by=hospital.cast.iris).visit.state == "PAYMENT"


def test_a_search_at_the_cashier_finds_a_number(browser_of: Browsers, hospital: Hospital) -> None:
    to_pay(hospital, name="다번호")
    found = send(browser_of("iris"), "/cashier", "/cashier/search", search="다번호").get_data(as_text=True)
    assert "다번호" in found
    nobody = send(browser_of("iris"), "/cashier", "/cashier/search", search="없음").get_data(as_text=True)
    assert "circle-check" in nobody
