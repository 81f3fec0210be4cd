"""Over the counter: the most urgent first, nobody's name in the list, two identifiers, each box handed out once."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app.orders import services as orders
from app.orders.services import Wanted
from tests.pages import send
from tests.web.pharmacy.conftest import Counter
from tests.web.scenes import statements

POLL = re.compile(r'hx-get="(/pharmacy/list\?since=[^"]+)"')


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("anne", 200),
        ("chris", 403),
        ("flora", 403),
        ("grace", 403),
        ("henry", 403),
        ("iris", 403),
        ("jonas", 403),
        ("kate", 200),
        ("eve", 401),
    ],
)
def test_who_may_hand_out(
    browser_of: Callable[[str], FlaskClient], counter: Counter, name: str, status: int
) -> None:
    placed = counter.order(Wanted("amoxicillin", 2))
    browser = browser_of(name)
    assert browser.get("/pharmacy").status_code == status
    assert browser.get(f"/pharmacy/orders/{placed.order_id}").status_code == status


def test_another_wards_nurse_finds_nothing(
    browser_of: Callable[[str], FlaskClient], counter: Counter
) -> None:
    placed = counter.order(Wanted("amoxicillin", 2), name="나남의")
    ben = browser_of("ben")
    assert "나*의" not in ben.get("/pharmacy").get_data(as_text=True)
    assert ben.get(f"/pharmacy/orders/{placed.order_id}").status_code == 404


def test_the_most_urgent_is_first_and_the_list_names_nobody(counter: Counter) -> None:
    counter.order(Wanted("amoxicillin", 1), name="가천천")
    counter.order(Wanted("gauze", 1), name="나급급", priority="stat")
    page = counter.text("/pharmacy")
    assert page.index("나*급") < page.index("가*천")
    assert "나급급" not in page
    assert "가천천" not in page


def test_the_list_moves_by_itself_and_shows_nobody_while_nothing_moves(counter: Counter) -> None:
    address = POLL.search(counter.text("/pharmacy"))
    assert address
    assert counter.browser.get(address.group(1)).status_code == 204
    placed = counter.order(Wanted("amoxicillin", 2), name="다새로")
    page = counter.text(f"{address.group(1)}&chosen={placed.order_id}".replace("&amp;", "&"))
    assert "다*로" in page
    assert 'aria-current="true"' in page


def test_a_shelf_that_fell_low_is_told_on_the_list(counter: Counter) -> None:
    shelf = counter.shelf("amoxicillin")
    orders.set_reorder_point(shelf.stock_id, point=5, version=shelf.version, by=counter.kate)
    address = POLL.search(counter.text("/pharmacy"))
    assert address
    counter.order(Wanted("amoxicillin", 6))
    page = counter.text(address.group(1).replace("&amp;", "&"))
    assert "/pharmacy/to-order" in page
    assert "아목시실린 500mg" in counter.text("/pharmacy/to-order")


def test_two_presses_hand_out_once(counter: Counter) -> None:
    placed = counter.order(Wanted("amoxicillin", 2), name="라두번")
    page = f"/pharmacy/orders/{placed.order_id}"
    assert "라두번" in counter.text(page)
    version = counter.see(placed.order_id).version
    line = counter.see(placed.order_id).lines[0].line_id
    for _press in range(2):
        answer = send(
            counter.browser,
            page,
            f"{page}/hand-out",
            key="one",
            version=version,
            line=str(line),
            checked="y",
        )
        assert answer.status_code == 303
        assert answer.headers["Location"] == "/pharmacy"
    assert (counter.shelf("amoxicillin").on_hand, counter.shelf("amoxicillin").reserved) == (8, 0)


def test_nothing_goes_out_before_somebody_asked_who_it_is(counter: Counter) -> None:
    placed = counter.order(Wanted("amoxicillin", 2))
    page = f"/pharmacy/orders/{placed.order_id}"
    answer = send(counter.browser, page, f"{page}/hand-out", version=1)
    assert answer.status_code == 422
    assert 'id="checked-error"' in answer.get_data(as_text=True)
    assert counter.shelf("amoxicillin").reserved == 2


def test_one_line_after_the_other_or_all_at_once(counter: Counter) -> None:
    placed = counter.order(Wanted("amoxicillin", 2), Wanted("gauze", 3))
    page = f"/pharmacy/orders/{placed.order_id}"
    first = counter.see(placed.order_id).lines[0]
    answer = send(counter.browser, page, f"{page}/hand-out", version=1, line=str(first.line_id), checked="y")
    assert answer.headers["Location"] == page
    stale = send(counter.browser, page, f"{page}/hand-out", version=1, checked="y")
    assert stale.status_code == 409
    assert "banner-warn" in stale.get_data(as_text=True)
    version = counter.see(placed.order_id).version
    answer = send(counter.browser, page, f"{page}/hand-out", version=version, checked="y")
    assert answer.headers["Location"] == "/pharmacy"
    assert counter.see(placed.order_id).status == "completed"
    again = send(counter.browser, page, f"{page}/hand-out", version=version + 1, checked="y")
    assert again.status_code == 409
    assert "error-summary" in again.get_data(as_text=True)


def test_the_list_costs_the_same_however_long_it_is(counter: Counter) -> None:
    counter.order(Wanted("amoxicillin", 1))
    with statements() as few:
        counter.text("/pharmacy")
    for _order in range(3):
        counter.order(Wanted("amoxicillin", 1), Wanted("gauze", 1))
    with statements() as many:
        counter.text("/pharmacy")
    assert len(many) == len(few)
    assert len(many) <= 8, many
