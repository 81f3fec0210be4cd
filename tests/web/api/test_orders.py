"""Orders over the API: under a key, by version, from the shelf to the bill; what lacks is named."""

from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from app.boards.queries import ordered
from app.core.transaction import release
from app.journey.states import State
from app.orders import queries
from tests.hospital import Hospital
from tests.integration.journey.scenes import Stage
from tests.web.api.partner import records
from tests.web.api.pharmacy import ApiPharmacy
from tests.web.api.test_refusals import refused
from tests.web.scenes import statements

WHY = "중복 처방"
ROWS = ("service_order", "order_line", "bill_entry", "stock", "stock_movement", "visit", "idempotency_key")


def test_an_order_from_the_doctor_to_the_bill(each_shop: ApiPharmacy, hospital: Hospital) -> None:
    shop, visit = each_shop, Stage(hospital).bring("paying")
    shop.fill("amoxicillin", 10)
    placed = shop.order(
        visit, {"item": "amoxicillin", "quantity": 2}, "cbc", "dressing", priority="urgent", note="식후"
    )
    assert (placed.status_code, placed.headers["ETag"]) == (201, 'W/"1"'), placed.text
    seen = placed.json
    assert (seen["order_no"], seen["status"], seen["priority"], seen["note"]) == (
        1,
        "active",
        "urgent",
        "식후",
    )
    assert [(line["item"], line["quantity"], line["amount_won"]) for line in seen["lines"]] == [
        ("amoxicillin", 2, 600),
        ("cbc", 1, 8_000),
        ("dressing", 1, 5_000),
    ]
    assert [line["step_id"] is not None for line in seen["lines"]] == [False, True, False]
    assert shop.staff("anne").get(f"/visits/{visit}").json["visit"]["state"] == State.WAITING
    pills, _, dressing = seen["lines"]
    more = shop.staff("grace").patch(
        f"/orders/{seen['id']}", {"lines": [{"line_id": pills["id"], "quantity": 3}]}, If_Match='W/"1"'
    )
    assert (more.status_code, more.headers["ETag"], more.json["lines"][0]["quantity"]) == (200, 'W/"2"', 3)
    handed = shop.done(more, "complete-line", who="kate", line_id=pills["id"])
    assert (handed.status_code, handed.json["lines"][0]["status"]) == (200, "completed"), handed.text
    assert shop.shelf("amoxicillin") == (7, 0)
    aside = shop.done(handed, "hold", reason="환자 요청")
    assert aside.json["status"] == "on-hold"
    again = shop.done(aside, "resume", who="kate")
    bound = shop.done(again, "complete", who="kate")
    assert refused(bound, 409, "TRANSITION_REFUSED")["why"] == "by_step"
    gone = shop.done(again, "revoke", reason=WHY)
    # The pills were handed out: an order of which anything was done is no revoked one.
    assert [line["status"] for line in gone.json["lines"]] == ["completed", "revoked", "revoked"]
    assert dressing["id"] == gone.json["lines"][2]["id"]
    bill = shop.staff("kate").get(f"/visits/{visit}/bill").json
    assert (bill["charged_won"], bill["refunded_won"], bill["due_won"]) == (13_900, 13_000, 900)
    assert {line["item"] for line in bill["lines"]} == {"amoxicillin", "cbc", "dressing"}


def test_a_draft_costs_nothing_until_it_takes_effect(shop: ApiPharmacy, hospital: Hospital) -> None:
    visit = hospital.waiting("consult")
    shop.fill("amoxicillin", 1)
    draft = shop.order(visit, "amoxicillin", is_draft=True)
    assert (draft.status_code, draft.json["status"], shop.shelf("amoxicillin")) == (201, "draft", (1, 0))
    active = shop.done(draft, "activate")
    assert (active.status_code, active.json["status"], shop.shelf("amoxicillin")) == (200, "active", (1, 1))


def test_what_lacks_is_named_with_what_there_is_and_nothing_is_written(
    each_shop: ApiPharmacy, hospital: Hospital
) -> None:
    shop, visit = each_shop, hospital.waiting("consult")
    shop.fill("amoxicillin", 1)
    before = records(ROWS)
    answer = shop.order(visit, "cbc", {"item": "amoxicillin", "quantity": 2}, "gauze")
    items: Any = refused(answer, 400, "INSUFFICIENT_STOCK")["items"]
    assert {(one["code"], one["wanted"], one["available"]) for one in items} == {
        ("amoxicillin", 2, 1),
        ("gauze", 1, 0),
    }
    assert records(ROWS) == before


@pytest.mark.parametrize("key", [None, "x" * 256, "열쇠".encode().decode("latin-1")])
def test_no_order_without_a_key_that_is_one(key: str | None, shop: ApiPharmacy, hospital: Hospital) -> None:
    before = records(ROWS)
    body = {"visit_id": str(hospital.waiting("consult")), "items": [{"item": "cbc"}]}
    before = records(ROWS)
    refused(shop.staff("grace").post("/orders", body, key=key), 400, "MALFORMED")
    assert records(ROWS) == before


def test_a_stale_version_is_409_with_both_a_stale_etag_412_and_neither_428(
    shop: ApiPharmacy, hospital: Hospital
) -> None:
    placed = shop.order(hospital.waiting("consult"), "cbc")
    path, doctor = f"/orders/{placed.json['id']}", shop.staff("grace")
    assert doctor.patch(path, {"version": 1, "priority": "stat"}).json["priority"] == "stat"
    before = records(ROWS)
    details = refused(doctor.patch(path, {"version": 1, "note": "늦음"}), 409, "STALE_VERSION")
    assert (details["version"], details["seen"], details["status"]) == (2, 1, "active")
    refused(doctor.patch(path, {"note": "늦음"}, If_Match='W/"1"'), 412, "PRECONDITION_FAILED")
    refused(doctor.patch(path, {"note": "늦음"}), 428, "PRECONDITION_REQUIRED")
    for verb in ("activate", "hold", "resume", "revoke"):
        more = {"reason": WHY} if verb in {"hold", "revoke"} else {}
        refused(doctor.post(f"{path}/{verb}", more), 428, "PRECONDITION_REQUIRED")
        refused(doctor.post(f"{path}/{verb}", {"version": 1, **more}), 409, "STALE_VERSION")
    assert records(ROWS) == before


@pytest.mark.parametrize(
    "wrong",
    [
        {"items": []},
        {"items": [{"item": "cbc", "quantity": 0}]},
        {"items": [{"item": "cbc", "quantity": 10_001}]},
        {"items": [{"item": "no-such-thing"}]},
        {"sets": ["no-such-set"]},
        {"priority": "soon"},
        {"note": "x" * 501},
        {"order_no": 0},
    ],
    ids=lambda wrong: " ".join(f"{name} {str(value)[:30]}" for name, value in wrong.items()),
)
def test_what_makes_no_sense_is_named(wrong: dict[str, Any], shop: ApiPharmacy, hospital: Hospital) -> None:
    visit = hospital.waiting("consult")
    before = records(ROWS)
    body = {"visit_id": str(visit), "items": [{"item": "cbc"}], **wrong}
    refused(shop.staff("grace").post("/orders", body, key="k"), 422, "INVALID")
    assert records(ROWS) == before


def test_lists_are_paged_the_newest_first_and_of_one_visit_or_one_patient(
    shop: ApiPharmacy, hospital: Hospital
) -> None:
    visit, doctor = hospital.waiting("consult"), shop.staff("grace")
    numbers = [shop.order(visit, "dressing", key=f"k{n}").json["order_no"] for n in range(3)]
    assert numbers == [1, 2, 3]
    first = doctor.get(f"/orders?visit_id={visit}&per_page=2").json
    assert [one["order_no"] for one in first["orders"]] == [3, 2]
    assert (first["page"], first["pages"], first["total"]) == (1, 2, 3)
    patient = first["orders"][0]["patient_id"]
    last = doctor.get(f"/orders?patient_id={patient}&per_page=2&page=2").json
    assert [one["order_no"] for one in last["orders"]] == [1]
    for query in ("", f"?visit_id={visit}&patient_id={patient}", "?visit_id=7", f"?visit_id={visit}&page=0"):
        refused(doctor.get(f"/orders{query}"), 422, "INVALID")
    for query in (f"visit_id={uuid4()}", f"patient_id={uuid4()}"):
        refused(doctor.get(f"/orders?{query}"), 404, "NOT_FOUND")


# anne (nurse), ben (nurse of another ward), chris (admin), grace (doctor), henry (desk), iris (cashier),
# kate (pharmacy), eve (nobody). Iris is only told of who has come to pay.
NAMES = ("anne", "ben", "chris", "grace", "henry", "iris", "kate", "eve")
TABLE = {
    "GET /orders/{order}": "200 404 403 200 403 404 200 401",
    "GET /orders?visit_id={visit}": "200 404 403 200 403 404 200 401",
    "GET /orders?patient_id={patient}": "200 404 403 200 403 200 200 401",
    "GET /visits/{visit}/bill": "200 404 403 200 403 404 200 401",
    "GET /catalogue": "200 200 200 200 403 200 200 401",
    "GET /catalogue/items/{item}": "200 200 200 200 403 200 200 401",
    "GET /catalogue/sets": "200 200 200 200 403 200 200 401",
    "GET /stock": "200 200 403 403 403 403 200 401",
    "GET /stock/{shelf}/movements": "200 200 403 403 403 403 200 401",
    "POST /orders": "403 403 403 201 403 403 403 401",
    "POST /orders/{order}/hold": "200 404 403 200 403 403 200 401",
    "POST /orders/{order}/complete-line": "200 404 403 403 403 403 200 401",
    "POST /orders/{order}/revoke": "403 403 403 200 403 403 403 401",
    "PATCH /orders/{order}": "403 403 403 200 403 403 403 401",
    "POST /catalogue/items": "403 403 201 403 403 403 201 401",
    "PATCH /catalogue/items/{item}": "403 403 200 403 403 403 200 401",
    "POST /stock/receive": "403 403 403 403 403 403 200 401",
    "POST /stock/{shelf}/count": "403 403 403 403 403 403 200 401",
}


@pytest.mark.parametrize("call", TABLE)
def test_the_cast_gets_what_the_table_says(call: str, shop: ApiPharmacy, hospital: Hospital) -> None:
    shelf = shop.fill("amoxicillin", 10)
    visit = hospital.waiting("consult")
    order = shop.order(visit, "amoxicillin", "dressing").json
    item = shop.staff("kate").get("/catalogue?search=dressing").json["items"][0]
    method, _, path = call.partition(" ")
    path = path.format(
        order=order["id"], visit=visit, patient=order["patient_id"], item=item["id"], shelf=shelf
    )
    body: dict[str, Any] = {
        "version": 1,
        "reason": WHY,
        "visit_id": str(visit),
        "items": [{"item": "dressing"}],
        "line_id": order["lines"][0]["id"],
        **({"note": "메모"} if path.startswith("/orders/") else {}),
    }
    if path.startswith("/catalogue"):
        body = {"version": 1, "name_ko": "부목", "name_en": "Splint"}
        body |= {"code": "splint", "category": "procedure", "price_won": 900} if method == "POST" else {}
    elif path.startswith("/stock"):
        body = {"item": "gauze", "location": "ward-2", "quantity": 3, "counted": 10, "reason": "실사"}
        body["version"] = shop.staff("kate").get(f"/stock/{shelf}").json["version"]
    statuses = dict(zip(NAMES, TABLE[call].split(), strict=True))
    done = False
    for name in sorted(NAMES, key=lambda name: statuses[name].startswith("2")):  # refusals first
        if done and method != "GET":
            break  # the first one did it
        before = records(ROWS)
        answer = shop.staff(name).send(
            method,
            path,
            headers={"Idempotency-Key": f"key of {name}"},
            **({} if method == "GET" else {"json": body}),
        )
        assert answer.status_code == int(statuses[name]), (name, answer.text)
        done = statuses[name].startswith("2")
        if not done:
            assert records(ROWS) == before, f"{name} was refused and something was written"
            assert answer.mimetype == "application/problem+json"


def test_every_look_at_orders_is_written_down(shop: ApiPharmacy, hospital: Hospital) -> None:
    visit = hospital.waiting("consult")
    order = shop.order(visit, "dressing").json["id"]
    for look, path in (
        ("show_order", f"/orders/{order}"),
        ("list_orders", f"/orders?visit_id={visit}"),
        ("show_bill", f"/visits/{visit}/bill"),
    ):
        before = records(["audit"])["audit"].count(f"api.{look}")
        assert shop.staff("kate").get(path).status_code == 200
        assert records(["audit"])["audit"].count(f"api.{look}") == before + 1, look


def test_what_a_page_costs_does_not_grow_with_its_rows(shop: ApiPharmacy, hospital: Hospital) -> None:
    visit, by = hospital.waiting("consult"), hospital.cast.anne
    shelf = shop.fill("gauze", 50)
    for number in range(5):
        shop.order(visit, "dressing", "gauze", key=f"k{number}")
    patient = ordered.visit_page(visit, page=1, per_page=50, by=by).rows[0].patient_id
    for look, least in (
        (partial(ordered.visit_page, visit, page=1, per_page=50), 5),
        (partial(ordered.patient_page, patient, page=1, per_page=50), 5),
        (partial(queries.stock_page), 2),
        (partial(queries.movements_page, shelf), 3),
        (partial(queries.catalogue_page), 2),
    ):
        release()
        with statements() as asked:
            found = look(by=by)
        assert found.total >= 1
        assert len(asked) == least, asked
