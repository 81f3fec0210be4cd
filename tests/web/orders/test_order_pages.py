"""A visit's orders: who sees and places them, sent once, refused in words, with all that was typed."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.boards import queries as boards
from app.core.audit import AuditRow
from app.core.db import LOCK_WAIT_SECONDS, db
from app.core.transaction import release
from app.emr import services as emr
from app.orders import queries
from app.orders import services as orders
from app.orders.services import Wanted
from tests.pages import csrf_of, send
from tests.web.orders.scenes import CATALOGUE, KEY, Ward, order_count, path, place, press
from tests.web.scenes import statements

Browsers = Callable[[str], FlaskClient]

WHO = [
    ("anne", 200, 403),
    ("ben", 404, 403),  # nurse of another ward
    ("chris", 403, 403),
    ("flora", 200, 403),
    ("grace", 200, 303),
    ("henry", 403, 403),
    ("iris", 404, 403),  # nobody is about to pay
    ("jonas", 403, 403),
    ("eve", 401, 401),
]


@pytest.mark.parametrize(("name", "reads", "places"), WHO, ids=[name for name, *_ in WHO])
def test_who_reads_and_who_places_orders(
    browser_of: Browsers, ward: Ward, name: str, reads: int, places: int
) -> None:
    visit = ward.hospital.waiting("consult", name="박처방")
    placed = ward.placed(visit, "dressing", note="왼쪽 무릎")
    browser = browser_of(name)
    answer = browser.get(path(visit))
    assert answer.status_code == reads
    assert browser.get(f"/orders/{placed.order_id}").status_code == reads
    assert ("왼쪽 무릎" in answer.get_data(as_text=True)) == (reads == 200)
    assert ('id="order-form"' in answer.get_data(as_text=True)) == (places == 303)
    token = csrf_of(browser.get("/" if name != "eve" else "/login"))
    form = {"csrf_token": token, "idempotency_key": "one", "item-dressing": "1"}
    assert browser.post(path(visit), data=form).status_code == places
    assert browser.post(path(visit), data={**form, "csrf_token": "forged"}).status_code == 400
    assert order_count() == (2 if places == 303 else 1)


def test_three_items_are_ordered_once_and_who_was_to_pay_waits_again(
    browser_of: Browsers, ward: Ward
) -> None:
    visit, grace = ward.paying(), browser_of("grace")
    assert "banner-warn" in grace.get(path(visit)).get_data(as_text=True)
    form: dict[str, Any] = {"item_cbc": "1", "item_dressing": "2", "set": "fever", "priority": "stat"}
    assert place(grace, visit, **form).status_code == 303
    page = grace.get(path(visit)).get_data(as_text=True)
    again = place(grace, visit, **form)
    assert (again.status_code, again.headers.get("Idempotency-Replayed")) == (303, "true")
    assert order_count() == 1
    assert "채혈실" in page.split("data-toast", 1)[1], "where the patient waits again"
    assert "8시간 금식" in page.split('id="order-form"', 1)[0], "what to do before is told with the line"
    shown = boards.visit_orders(visit, by=ward.hospital.cast.grace)
    assert [(one.line.code, one.line.quantity, one.waits) for one in shown.orders[0].lines] == [
        ("cbc", 2, "step"),
        ("dressing", 2, "hand"),
        ("amoxicillin", 9, "shelf"),
    ]
    assert (shown.state, shown.line_ko) == ("WAITING", "채혈실")
    assert shown.orders[0].by_name == "Grace"


def test_what_lacks_is_named_and_nothing_typed_is_lost(browser_of: Browsers, ward: Ward) -> None:
    visit, grace = ward.paying(), browser_of("grace")
    form: dict[str, Any] = {
        "item_cbc": "1",
        "item_amoxicillin": "31",
        "note": "식후 30분",
        "priority": "urgent",
    }
    refused = place(grace, visit, key="kept", **form)
    page = refused.get_data(as_text=True)
    assert refused.status_code == 400
    told = page.split('role="alert"', 1)[1].split("</section>", 1)[0]
    assert "아목시실린" in told
    assert "31" in told
    assert "30" in told
    assert 'name="item-amoxicillin" value="31"' in page
    assert "식후 30분" in page
    assert 'value="urgent" checked' in page
    assert KEY.findall(page) == ["kept"]
    assert order_count() == 0
    orders.receive("amoxicillin", location="pharmacy-1", quantity=1, by=ward.pharmacist)
    release()
    assert place(grace, visit, key="kept", **form).status_code == 303


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"item_cbc": "many"},
        {"item_cbc": "10001"},
        {"set": "unheard-of"},
        {"item_cbc": "1", "priority": "whenever"},
        {"item_unheard-of": "1"},
    ],
    ids=["nothing", "no number", "too many", "no set", "no priority", "no item"],
)
def test_what_makes_no_sense_comes_back_with_its_key(
    browser_of: Browsers, ward: Ward, form: dict[str, str]
) -> None:
    visit = ward.hospital.waiting("consult")
    answer = place(browser_of("grace"), visit, key="kept", note="그대로", **form)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert page.count('role="alert" tabindex="-1"') == 1
    assert "그대로" in page
    assert KEY.findall(page) == ["kept"]
    assert order_count() == 0


def test_a_form_without_key_is_not_read_and_a_spent_one_gets_a_new_key(
    browser_of: Browsers, ward: Ward
) -> None:
    visit, grace = ward.hospital.waiting("consult"), browser_of("grace")
    assert place(grace, visit, key="", item_cbc="1").status_code == 400
    assert place(grace, visit, key="one", item_cbc="1").status_code == 303
    again = place(grace, visit, key="one", item_cbc="2")  # the browser's «back», another quantity
    assert again.status_code == 422
    page = again.get_data(as_text=True)
    assert 'name="item-cbc" value="2"' in page
    (fresh,) = KEY.findall(page)
    assert fresh != "one"
    assert place(grace, visit, key=fresh, item_cbc="2").status_code == 303
    assert order_count() == 2


@pytest.mark.parametrize("htmx", [True, False], ids=["htmx", "plain"])
def test_a_search_keeps_what_was_chosen_and_shows_nobody(
    browser_of: Browsers, ward: Ward, *, htmx: bool
) -> None:
    visit, grace = ward.hospital.waiting("consult", name="박처방"), browser_of("grace")
    token, before = csrf_of(grace.get(path(visit))), shown_patients()
    typed = {
        "csrf_token": token,
        "idempotency_key": "one",
        "item-dressing": "2",
        "chosen": "dressing",
        "note": "그대로",
    }
    for search in ({"search": "혈액"}, {"search": "cb"}, {"category": "lab"}):
        answer = grace.post(
            f"{path(visit)}/find", data={**typed, **search}, headers={"HX-Request": "true"} if htmx else {}
        )
        page = answer.get_data(as_text=True)
        assert answer.status_code == 200
        assert page.index('name="item-cbc"') < page.index('name="item-dressing" value="2"')
        assert "item-amoxicillin" not in page
        assert ("박처방" in page, "그대로" in page) == (not htmx, not htmx)
        if not htmx:
            assert KEY.findall(page) == ["one"]
    assert shown_patients() == before + (0 if htmx else 3)
    served = {**typed, "search": "혈액", "searched": "혈액", "item-cbc": "1"}
    page = grace.post(f"{path(visit)}/find", data=served).get_data(as_text=True)
    assert 'name="searched" value=""' in page, (
        "what was found is chosen, and the search is ready for the next"
    )
    assert 'name="item-amoxicillin"' in page
    assert order_count() == 0


def shown_patients() -> int:
    """Count the pages of orders that showed somebody."""
    release()
    rows = db.session.execute(select(AuditRow.id).where(AuditRow.action.startswith("web:orders"))).all()
    release()
    return len(rows)


def test_a_draft_costs_nothing_until_it_is_activated(browser_of: Browsers, ward: Ward) -> None:
    visit, grace = ward.paying(), browser_of("grace")
    assert place(grace, visit, item_cbc="1", item_amoxicillin="30", draft="1").status_code == 303
    (card,) = boards.visit_orders(visit, by=ward.hospital.cast.grace).orders
    assert (card.order.status, [one.waits for one in card.lines]) == ("draft", [None, None])
    draft = card.order.order_id
    release()
    ward.placed(visit, Wanted("amoxicillin", 1))
    lacks = press(grace, draft, "activate", version=1)
    assert lacks.status_code == 400
    assert "아목시실린" in lacks.get_data(as_text=True)
    orders.receive("amoxicillin", location="pharmacy-1", quantity=1, by=ward.pharmacist)
    release()
    assert press(grace, draft, "activate", version=1).status_code == 303
    assert "채혈실" in grace.get(path(visit)).get_data(as_text=True).split("data-toast", 1)[1]
    assert press(grace, draft, "activate", version=1).status_code == 409
    assert press(browser_of("anne"), draft, "activate", version=2).status_code == 403


def test_a_page_costs_the_same_however_many_orders_there_are(browser_of: Browsers, ward: Ward) -> None:
    visit, grace = ward.hospital.waiting("consult"), browser_of("grace")
    counted: list[tuple[int, int]] = []
    for _ in range(2):
        ward.placed(visit, "cbc", "dressing", Wanted("amoxicillin", 2))
        release()
        with statements() as own:
            boards.visit_orders(visit, by=ward.hospital.cast.grace)
        release()
        with statements() as whole:
            assert grace.get(path(visit)).status_code == 200
        counted.append((len(own), len(whole)))
    assert counted[0] == counted[1], counted
    assert counted[0][0] <= 5
    assert counted[0][1] <= 15, whole


def test_a_busy_shelf_gives_the_form_back_and_says_when_to_come_again(
    browser_of: Browsers, ward: Ward
) -> None:
    visit, grace = ward.paying(), browser_of("grace")
    form: dict[str, Any] = {"item_amoxicillin": "3", "note": "식후 30분", "priority": "urgent"}
    token = csrf_of(grace.get(path(visit)))
    # Somebody writes for longer than an order waits, and is gone when the form is shown again.
    with db.engine.connect().execution_options(begin="IMMEDIATE") as connection:
        begun = connection.begin()
        leaving = threading.Timer(LOCK_WAIT_SECONDS + 1, begun.rollback)
        leaving.start()
        typed = {name.replace("item_", "item-"): value for name, value in form.items()}
        busy = grace.post(path(visit), data={"csrf_token": token, "idempotency_key": "kept", **typed})
        leaving.join()
    page = busy.get_data(as_text=True)
    assert (busy.status_code, busy.headers["Retry-After"]) == (503, "1")
    assert "식후 30분" in page
    assert 'name="item-amoxicillin" value="3"' in page
    assert KEY.findall(page) == ["kept"]
    assert order_count() == 0
    assert place(grace, visit, key="kept", **form).status_code == 303


def test_what_is_no_longer_offered_is_named(browser_of: Browsers, ward: Ward) -> None:
    visit, grace = ward.hospital.waiting("consult"), browser_of("grace")
    words = CATALOGUE["dressing"]
    item = queries.items_named(["dressing"], by=ward.pharmacist)["dressing"]
    orders.edit_item(
        item.public_id, replace(words, is_active=False), version=item.version, by=ward.pharmacist
    )
    release()
    told = place(grace, visit, item_dressing="1").get_data(as_text=True).split('role="alert"', 1)[1]
    assert "드레싱" in told.split("</section>", 1)[0]


@pytest.mark.parametrize(
    ("name", "sees"),
    [("anne", True), ("grace", True), ("iris", False)],
    ids=["nurse", "doctor", "cashier"],
)
def test_allergies_and_flags_stand_above_the_orders_for_who_may_read_them(
    browser_of: Browsers, ward: Ward, name: str, *, sees: bool
) -> None:
    visit = ward.paying()
    patient = ward.see(ward.placed(visit, "dressing").order_id).patient_id
    emr.add_allergy(
        patient, substance="Amoxicillin", reaction="두드러기", criticality="high", by=ward.hospital.cast.grace
    )
    emr.raise_flag(patient, kind="fall-risk", by=ward.hospital.cast.grace)
    release()
    page = browser_of(name).get(path(visit)).get_data(as_text=True)
    assert ("두드러기" in page) == sees
    assert ("낙상" in page) == sees


def test_a_medicine_that_an_allergy_names_is_warned_of_and_not_refused(
    browser_of: Browsers, ward: Ward
) -> None:
    visit, grace = ward.hospital.waiting("consult"), browser_of("grace")
    patient = ward.see(ward.placed(visit, "dressing").order_id).patient_id
    doctor = ward.hospital.cast.grace
    emr.add_allergy(patient, substance="아목시실린 계열 약물", reaction="", criticality="high", by=doctor)
    release()
    assert "banner-danger" not in grace.get(path(visit)).get_data(as_text=True)
    asked = send(grace, path(visit), f"{path(visit)}/find", htmx=True, **{"item-amoxicillin": "3"})
    assert asked.get_data(as_text=True).count("banner-danger") == 1
    assert place(grace, visit, item_amoxicillin="3").status_code == 303
    page = grace.get(path(visit)).get_data(as_text=True)
    assert page.count("banner-danger") == 1
