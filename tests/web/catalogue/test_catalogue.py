"""The catalogue by hand: who may, two who change one item, sets and their items, and what is withdrawn."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.core.actor import Actor
from app.core.errors import InvalidError
from app.core.transaction import release
from app.orders import queries
from app.orders import services as orders
from app.orders.services import ItemWords, Wanted
from tests.hospital import Hospital
from tests.pages import send
from tests.web.scenes import statements

ITEM: dict[str, Any] = {
    "category": "lab",
    "name_ko": "일반혈액검사",
    "name_en": "Blood count",
    "price_won": "8000",
    "service_code": "lab",
    "preparation_ko": "8시간 금식해 주세요.",
    "preparation_en": "Please fast for 8 hours.",
    "after_care_ko": "",
    "after_care_en": "",
}
WORDS = ItemWords(**{**ITEM, "price_won": 8_000})


@pytest.fixture
def kate(browser_of: Callable[[str], FlaskClient]) -> FlaskClient:
    return browser_of("kate")


def item(code: str, by: Actor) -> queries.Item:
    release()
    return next(one for one in queries.catalogue(with_withdrawn=True, by=by) if one.code == code)


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("anne", 403),
        ("chris", 200),
        ("flora", 403),
        ("grace", 403),
        ("henry", 403),
        ("iris", 403),
        ("jonas", 403),
        ("kate", 200),
        ("eve", 401),
    ],
)
def test_who_may_change_the_catalogue(
    browser_of: Callable[[str], FlaskClient], hospital: Hospital, name: str, status: int
) -> None:
    orders.add_item("cbc", WORDS, by=hospital.cast.kate)
    made = orders.add_set(
        "checkup", name_ko="검진", name_en="Check-up", items=[Wanted("cbc")], by=hospital.cast.kate
    )
    found = item("cbc", hospital.cast.kate)
    browser = browser_of(name)
    for page in ("", f"/items/{found.public_id}", "/items/new", "/sets", f"/sets/{made.id}", "/sets/new"):
        assert browser.get(f"/catalogue{page}").status_code == status, page


def test_an_item_is_added_once_found_and_changed(kate: FlaskClient, hospital: Hospital) -> None:
    by = hospital.cast.kate
    for _press in range(2):
        answer = send(kate, "/catalogue/items/new", "/catalogue/items", key="one", code="cbc", **ITEM)
        assert answer.status_code == 303
    found = item("cbc", by)
    assert (found.price_won, found.service_code, found.version) == (8_000, "lab", 1)
    assert "일반혈액검사" in kate.get("/catalogue?search=혈액&category=lab").get_data(as_text=True)
    assert "일반혈액검사" not in kate.get("/catalogue?category=imaging").get_data(as_text=True)

    page = f"/catalogue/items/{found.public_id}"
    assert send(kate, page, page, version=1, **{**ITEM, "price_won": "9000"}).status_code == 303
    assert item("cbc", by).price_won == 9_000
    taken = send(kate, "/catalogue/items/new", "/catalogue/items", code="cbc", **ITEM)
    assert taken.status_code == 422
    assert 'id="code-error"' in taken.get_data(as_text=True)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"price_won": "-1"}, "price_won"),
        ({"price_won": "free"}, "price_won"),
        ({"name_ko": ""}, "name_ko"),
        ({"category": "food"}, "category"),
        ({"category": "supply"}, "category"),
        ({"service_code": "nowhere"}, "service_code"),
    ],
    ids=["less-than-free", "no-number", "no-name", "unknown-category", "onto-shelves", "unknown-service"],
)
def test_bad_words_change_nothing(
    kate: FlaskClient, hospital: Hospital, changed: dict[str, str], field: str
) -> None:
    orders.add_item("cbc", WORDS, by=hospital.cast.kate)
    page = f"/catalogue/items/{item('cbc', hospital.cast.kate).public_id}"
    answer = send(kate, page, page, version=1, **{**ITEM, **changed})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.get_data(as_text=True)
    assert item("cbc", hospital.cast.kate).version == 1


def test_who_was_overtaken_chooses_between_both(kate: FlaskClient, hospital: Hospital) -> None:
    by = hospital.cast.kate
    orders.add_item("cbc", WORDS, by=by)
    found = item("cbc", by)
    cheaper = ItemWords(**{**ITEM, "price_won": 7_500, "after_care_ko": "5분간 눌러 주세요."})
    orders.edit_item(found.public_id, cheaper, version=1, by=hospital.cast.chris)
    page = f"/catalogue/items/{found.public_id}"
    answer = send(kate, page, page, version=1, **{**ITEM, "price_won": "9000"})
    told = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert 'name="choose-price_won"' in told
    assert "Chris" in told
    chosen: dict[str, Any] = {
        "version": 2,
        "seen": 1,
        "asked": ["price_won", "after_care_ko"],
        "price_won": "9000",
        "after_care_ko": "",
        "choose-price_won": "mine",
        "choose-after_care_ko": "now",
    }
    assert send(kate, page, page, **chosen).status_code == 303
    now = item("cbc", by)
    assert (now.price_won, now.after_care_ko, now.name_ko) == (9_000, "5분간 눌러 주세요.", "일반혈액검사")


def test_what_is_withdrawn_cannot_be_ordered_until_it_is_offered_again(
    kate: FlaskClient, hospital: Hospital
) -> None:
    by = hospital.cast.kate
    orders.add_item("cbc", WORDS, by=by)
    page = f"/catalogue/items/{item('cbc', by).public_id}"
    assert send(kate, page, f"{page}/withdraw", version=1).status_code == 303
    assert send(kate, page, f"{page}/offer", version=1).status_code == 409
    assert "일반혈액검사" not in kate.get("/catalogue").get_data(as_text=True)
    assert "일반혈액검사" in kate.get("/catalogue?withdrawn=1").get_data(as_text=True)
    with pytest.raises(InvalidError):
        orders.add_set("checkup", name_ko="검진", name_en="Check-up", items=[Wanted("cbc")], by=by)
    release()
    assert send(kate, page, f"{page}/offer", version=2).status_code == 303
    assert item("cbc", by).is_active


def test_an_order_set_holds_items_with_quantities(kate: FlaskClient, hospital: Hospital) -> None:
    by = hospital.cast.kate
    for code in ("cbc", "lft"):
        orders.add_item(code, WORDS, by=by)
    names = {"name_ko": "간 검진", "name_en": "Liver check"}
    rows = {"rows-0-item": "cbc", "rows-0-quantity": "1", "rows-1-item": "lft", "rows-1-quantity": "2"}
    new = "/catalogue/sets/new"
    for wrong in ({"rows-1-item": "nothing"}, {"rows-1-quantity": "many"}, {"rows-1-quantity": "0"}):
        answer = send(kate, new, "/catalogue/sets", code="liver", **names, **{**rows, **wrong})  # type: ignore[arg-type]
        assert answer.status_code == 422, wrong
        assert 'id="items-error"' in answer.get_data(as_text=True)
    for _press in range(2):
        answer = send(kate, new, "/catalogue/sets", key="one", code="liver", **names, **rows)  # type: ignore[arg-type]
        assert answer.status_code == 303
    release()
    (made,) = queries.order_sets(by=by)
    assert made.items == (Wanted("cbc", 1), Wanted("lft", 2))
    assert "일반혈액검사 × 2" in kate.get("/catalogue/sets").get_data(as_text=True)

    page = f"/catalogue/sets/{made.public_id}"
    orders.edit_set(made.public_id, **names, items=[Wanted("cbc", 5)], version=1, by=hospital.cast.chris)
    answer = send(kate, page, page, version=1, **names, **rows)  # type: ignore[arg-type]
    assert answer.status_code == 409
    assert 'name="choose-items"' in answer.get_data(as_text=True)
    chosen = {"version": "2", "seen": "1", "asked": "items", "choose-items": "mine"}
    answer = send(kate, page, page, items="cbc × 1\nlft × 2", **chosen)  # type: ignore[arg-type]
    assert answer.status_code == 303
    release()
    (kept,) = queries.order_sets(by=by)
    assert (kept.items, kept.name_ko) == ((Wanted("cbc", 1), Wanted("lft", 2)), "간 검진")


def test_the_lists_cost_the_same_however_long_they_are(kate: FlaskClient, hospital: Hospital) -> None:
    for number in range(5):
        orders.add_item(f"lab-{number}", WORDS, by=hospital.cast.kate)
    for address in ("/catalogue", "/catalogue/sets"):
        with statements() as seen:
            assert kate.get(address).status_code == 200
        assert len(seen) <= 4, seen
