"""The bill at the cashier: what was ordered with its price, paid as it stands, and given back in part."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from app.core import clock
from app.core.actor import SYSTEM
from app.core.transaction import release
from app.journey import services as journey
from app.orders import queries
from app.orders import services as orders
from app.orders.services import ItemWords, Placed, Wanted
from tests.hospital import Hospital
from tests.pages import send
from tests.web.cashier.test_cashier import Browsers, paid, to_pay, version_of
from tests.web.scenes import statements


@pytest.fixture
def cashier(browser_of: Browsers, hospital: Hospital) -> FlaskClient:
    """Give Iris' browser, where a dressing, a splint and advice can be ordered."""
    for code, ko, en, price in (
        ("dressing", "드레싱", "Dressing", 5_000),
        ("splint", "부목 처치", "Splint", 12_300),
        ("advice", "상담", "Advice", 0),
    ):
        orders.add_item(
            code, ItemWords(category="procedure", name_ko=ko, name_en=en, price_won=price), by=SYSTEM
        )
    release()
    return browser_of("iris")


def order(hospital: Hospital, visit: UUID, *items: str | Wanted) -> Placed:
    wanted = [one if isinstance(one, Wanted) else Wanted(one) for one in items]
    placed = journey.place_order(visit, items=wanted, by=hospital.cast.grace)
    release()
    return placed


def revoke(hospital: Hospital, placed: Placed) -> None:
    journey.revoke_order(placed.order_id, version=1, reason="중복 처방", by=hospital.cast.grace)
    release()


def due(hospital: Hospital, visit: UUID) -> int:
    release()
    return queries.bill(visit, by=hospital.cast.iris).due_won


def text(cashier: FlaskClient, address: str) -> str:
    answer = cashier.get(address)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_what_was_ordered_is_paid_as_it_stands(cashier: FlaskClient, hospital: Hospital) -> None:
    visit = to_pay(hospital, name="가계산")
    order(hospital, visit, Wanted("dressing", 2), "splint")
    page = f"/cashier/visits/{visit}"
    told = text(cashier, page)
    assert all(one in told for one in ("드레싱", "10,000", "부목 처치", "12,300", "22,300"))
    assert 'value="22300"' in told
    form: dict[str, Any] = {"version": version_of(visit, hospital), "method": "card"}
    refused = send(cashier, page, f"{page}/pay", key="one", amount="100", **form)
    assert refused.status_code == 422
    assert 'id="amount-error"' in refused.get_data(as_text=True)
    assert due(hospital, visit) == 22_300
    assert send(cashier, page, f"{page}/pay", key="two", amount="22300", **form).status_code == 303
    assert due(hospital, visit) == 0
    receipt = text(cashier, f"{page}/receipt")
    assert all(one in receipt for one in ("드레싱", "22,300", "가*산"))
    assert "가계산" not in receipt


def test_what_costs_nothing_is_finished_without_payment(cashier: FlaskClient, hospital: Hospital) -> None:
    visit = to_pay(hospital)
    order(hospital, visit, "advice")
    page = f"/cashier/visits/{visit}"
    told = text(cashier, page)
    assert 'name="method" value="none"' in told
    assert 'type="radio"' not in told
    form = {"version": version_of(visit, hospital), "method": "none", "amount": "0"}
    assert send(cashier, page, f"{page}/pay", key="one", **form).status_code == 303  # type: ignore[arg-type]
    assert paid(visit) == 1


def test_what_is_put_off_is_found_and_paid_once_later(cashier: FlaskClient, hospital: Hospital) -> None:
    visit = to_pay(hospital, name="나나중")
    order(hospital, visit, "dressing")
    page = f"/cashier/visits/{visit}"
    form: dict[str, Any] = {"version": version_of(visit, hospital), "amount": "5000"}
    send(cashier, page, f"{page}/pay", key="one", method="deferred", **form)
    assert due(hospital, visit) == 5_000
    assert "나나중" in text(cashier, "/cashier/open")
    assert "나나중" in send(cashier, "/cashier", "/cashier/search", search="나나중").get_data(as_text=True)
    form["version"] = version_of(visit, hospital)
    for _press in range(2):
        answer = send(cashier, page, f"{page}/settle", key="two", method="cash", **form)
        assert answer.status_code == 303
    again = send(cashier, page, f"{page}/settle", key="three", method="cash", **form)
    assert again.status_code in {409, 422}
    assert due(hospital, visit) == 0
    assert "나나중" not in text(cashier, "/cashier/open")


def test_what_was_taken_back_is_paid_back_with_one_press_another_day(
    cashier: FlaskClient, hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = to_pay(hospital, name="다환불")
    order(hospital, visit, "dressing")
    back = order(hospital, visit, "splint")
    page = f"/cashier/visits/{visit}"
    form: dict[str, Any] = {"version": version_of(visit, hospital), "method": "card", "amount": "0"}
    send(cashier, page, f"{page}/pay", key="one", **form)
    revoke(hospital, back)
    tomorrow = clock.today() + timedelta(days=1)
    monkeypatch.setattr(clock, "today", lambda: tomorrow)
    assert due(hospital, visit) == -12_300
    told = text(cashier, "/cashier/open")
    assert "다환불" in told
    assert "undo-2" in told
    told = text(cashier, page)
    assert "banner-warn" in told
    assert 'name="method" value="card"' in told
    form["version"] = version_of(visit, hospital)
    for _press in range(2):
        answer = send(cashier, page, f"{page}/settle", key="two", **{**form, "amount": "12300"})
        assert answer.status_code == 303
    assert due(hospital, visit) == 0
    assert "-12,300" not in text(cashier, "/cashier/open")


@pytest.mark.parametrize(("name", "status"), [("henry", 403), ("kate", 403), ("grace", 403), ("eve", 401)])
def test_money_is_the_cashiers(
    browser_of: Browsers, cashier: FlaskClient, hospital: Hospital, name: str, status: int
) -> None:
    visit = to_pay(hospital)
    browser = browser_of(name)
    for page in ("open", f"visits/{visit}/receipt"):
        assert browser.get(f"/cashier/{page}").status_code == status


def test_a_bill_costs_the_same_however_many_lines_it_has(cashier: FlaskClient, hospital: Hospital) -> None:
    visit = to_pay(hospital)
    costs = []
    for _order in range(3):
        order(hospital, visit, "dressing", "splint")
        with statements() as seen:
            text(cashier, f"/cashier/visits/{visit}")
        costs.append(len(seen))
    assert len(set(costs)) == 1, costs
    assert costs[0] <= 17, costs
