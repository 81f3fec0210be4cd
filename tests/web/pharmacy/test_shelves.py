"""The shelves by hand: each act with its reason, refusals at the field, and two who count at once."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.orders import services as orders
from app.orders.services import Wanted
from tests.pages import send, sign_in
from tests.web.pharmacy.conftest import PLACE, Counter
from tests.web.scenes import statements

PAGES = ("/pharmacy/shelves", "/pharmacy/shelves/new", "/pharmacy/to-order")
POLL = re.compile(r'hx-get="(/pharmacy/shelves/list\?since=[^"]+)"')


@pytest.mark.parametrize(("name", "status"), [("anne", 403), ("chris", 403), ("grace", 403), ("eve", 401)])
def test_shelves_are_the_pharmacys(
    browser_of: Callable[[str], FlaskClient], counter: Counter, name: str, status: int
) -> None:
    browser = browser_of(name)
    shelf = f"/pharmacy/shelves/{counter.shelves['gauze']}"
    assert {browser.get(page).status_code for page in (*PAGES, shelf, f"{shelf}/count")} == {status}


def test_the_pharmacist_begins_at_the_counter(counter: Counter) -> None:
    assert sign_in(counter.browser, "kate").headers["Location"] == "/pharmacy"
    assert 'href="/catalogue"' in counter.text("/pharmacy")


@pytest.mark.parametrize(
    ("act", "number", "on_hand"),
    [("receive", "5", 15), ("issue", "4", 6), ("adjust", "-3", 7), ("adjust", "2", 12), ("count", "9", 9)],
)
def test_each_act_moves_the_shelf_once(counter: Counter, act: str, number: str, on_hand: int) -> None:
    page = f"/pharmacy/shelves/{counter.shelves['gauze']}"
    form: dict[str, Any] = {
        "quantity": number,
        "reason": "3병동 비품",
        "version": counter.shelf("gauze").version,
    }
    for _press in range(2):
        assert send(counter.browser, f"{page}/{act}", f"{page}/{act}", key="one", **form).status_code == 303
    assert counter.shelf("gauze").on_hand == on_hand
    told = counter.text(page)
    assert told.count("3병동 비품") == 1
    assert "Kate" in told


@pytest.mark.parametrize(
    ("act", "number", "reason", "field"),
    [
        ("issue", "9", "3병동", "quantity"),
        ("issue", "1", "", "reason"),
        ("adjust", "0", "파손", "quantity"),
        ("receive", "0", "", "quantity"),
        ("receive", "much", "", "quantity"),
        ("count", "1", "재고 조사", "quantity"),
    ],
    ids=["kept-for-orders", "no-ward-named", "no-difference", "nothing", "no-number", "fewer-than-kept"],
)
def test_what_cannot_be_is_told_at_the_field(
    counter: Counter, act: str, number: str, reason: str, field: str
) -> None:
    counter.order(Wanted("gauze", 4))
    page = f"/pharmacy/shelves/{counter.shelves['gauze']}/{act}"
    version = counter.shelf("gauze").version
    answer = send(counter.browser, page, page, quantity=number, reason=reason, version=version)
    assert answer.status_code in {409, 422}
    assert f'id="{field}-error"' in answer.get_data(as_text=True)
    assert (counter.shelf("gauze").on_hand, counter.shelf("gauze").reserved) == (10, 4)


def test_who_counted_while_boxes_went_out_chooses(counter: Counter) -> None:
    page = f"/pharmacy/shelves/{counter.shelves['gauze']}/count"
    seen = counter.shelf("gauze").version
    orders.issue_stock(counter.shelves["gauze"], quantity=2, reason="응급실", by=counter.kate)
    answer = send(counter.browser, page, page, quantity=10, reason="재고 조사", version=seen)
    told = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert 'name="choose-quantity"' in told
    assert "Kate" in told
    assert counter.shelf("gauze").on_hand == 8

    now = counter.shelf("gauze").version
    form: dict[str, Any] = {
        "quantity": 10,
        "reason": "재고 조사",
        "version": now,
        "seen": seen,
        "asked": "quantity",
    }
    assert send(counter.browser, page, page, **form).status_code == 409, "a choice left open saves nothing"
    answer = send(counter.browser, page, page, **{**form, "choose-quantity": "mine"})
    assert answer.status_code == 303
    assert counter.shelf("gauze").on_hand == 10


def test_low_shelves_come_first_in_words(counter: Counter) -> None:
    page = f"/pharmacy/shelves/{counter.shelves['gauze']}/reorder-point"
    version = counter.shelf("gauze").version
    poll = POLL.search(counter.text("/pharmacy/shelves"))
    assert poll
    assert counter.browser.get(poll.group(1)).status_code == 204
    assert send(counter.browser, page, page, quantity=20, version=version).status_code == 303
    assert send(counter.browser, page, page, quantity=30, version=version).status_code == 409
    told = counter.text(poll.group(1))
    assert told.index("거즈") < told.index("아목시실린")
    assert "triangle-alert" in told
    assert "거즈" in counter.text("/pharmacy/to-order")
    assert "아목시실린" not in counter.text("/pharmacy/to-order")
    assert "아목시실린" not in counter.text("/pharmacy/shelves?search=거즈")


def test_an_item_begins_to_lie_at_a_new_place(counter: Counter) -> None:
    form: dict[str, Any] = {"item": "gauze", "location": "ward-3", "quantity": 7}
    refused = send(
        counter.browser, "/pharmacy/shelves/new", "/pharmacy/shelves", **{**form, "location": "삼병동"}
    )
    assert refused.status_code == 422
    assert 'id="location-error"' in refused.get_data(as_text=True)
    answer = send(counter.browser, "/pharmacy/shelves/new", "/pharmacy/shelves", **form)
    assert answer.status_code == 303
    assert "ward-3" in counter.text(answer.headers["Location"])
    assert PLACE in counter.text("/pharmacy/shelves")


def test_what_the_pages_of_shelves_cost(counter: Counter) -> None:
    for address, most in (("/pharmacy/shelves", 5), (f"/pharmacy/shelves/{counter.shelves['gauze']}", 7)):
        with statements() as seen:
            counter.text(address)
        assert len(seen) <= most, seen
