"""Orders that come twice, or many at once: the rules of the specification by their numbers, over the API."""

import threading
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from app.accounts import services as accounts
from app.core import clock, transaction
from app.core.db import db
from app.core.idempotency import IdempotencyKey
from app.core.transaction import release
from tests.hospital import Hospital
from tests.together import together
from tests.web.api.partner import Partner
from tests.web.api.pharmacy import ApiPharmacy
from tests.web.api.test_refusals import refused

PILLS = {"items": [{"item": "amoxicillin"}]}


def kept() -> int:
    release()
    return db.session.execute(select(func.count()).select_from(IdempotencyKey)).scalar_one()


def send(who: Partner, visit: UUID, key: str) -> Any:
    """Order one box, as a client does that is told to come again (503, 409 in progress)."""
    while True:
        answer = who.post("/orders", {"visit_id": str(visit), **PILLS}, key=key)
        if answer.status_code == 201 or "Retry-After" not in answer.headers:
            return answer
        clock.pause(0.2)


def test_1_fifty_hands_with_one_key_place_one_order(app: Flask, each_shop: ApiPharmacy) -> None:
    shop, visit = each_shop, each_shop.hospital.waiting("consult")
    shop.fill("amoxicillin", 10)
    grace = shop.staff("grace")
    answers = together(app, [partial(send, grace, visit, "once")] * 50)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert [answer.headers.get("Idempotency-Replayed") for answer in answers].count("true") == 49
    assert shop.shelf("amoxicillin") == (10, 1)
    assert shop.rows() == (1, 1, 1)


def test_7_nothing_that_failed_is_kept(shop: ApiPharmacy, monkeypatch: pytest.MonkeyPatch) -> None:
    """422, 400, 403, 401 and our own fault: the same key then carries out another content."""
    visit = shop.hospital.waiting("consult")
    before = kept()

    def crash(*_given: object) -> None:
        raise ZeroDivisionError

    shop.partners.known["eve"] = shop.partners.stranger()
    assert shop.order(visit, "no-such-thing", key="k").status_code == 422
    assert shop.order(visit, "amoxicillin", key="k").status_code == 400
    assert shop.order(visit, "dressing", key="k", who="anne").status_code == 403
    assert shop.order(visit, "dressing", key="k", who="eve").status_code == 401
    monkeypatch.setattr(transaction, "_seal", crash)
    assert shop.order(visit, "dressing", key="k").status_code == 500
    monkeypatch.undo()
    assert kept() == before
    assert shop.rows() == (0, 0, 0)
    assert shop.order(visit, "cbc", key="k").status_code == 201


def test_8_a_key_is_its_owners_and_its_routes(shop: ApiPharmacy) -> None:
    visit = shop.hospital.waiting("consult")
    placed = shop.order(visit, "dressing", key="k")
    one, held = f"/orders/{placed.json['id']}", {"version": 1, "reason": "환자 요청"}
    aside = shop.staff("grace").post(f"{one}/hold", held, key="k")
    assert (aside.status_code, aside.json["status"]) == (200, "on-hold")
    assert "Idempotency-Replayed" not in aside.headers
    refused(shop.staff("anne").post(f"{one}/hold", held, key="k"), 409, "STALE_VERSION")
    again = shop.staff("grace").post(f"{one}/hold", held, key="k")
    assert (again.json, again.headers["Idempotency-Replayed"]) == (aside.json, "true")


def test_9_who_has_lost_the_right_is_told_nothing_of_what_was_stored(
    shop: ApiPharmacy, hospital: Hospital
) -> None:
    """403 for a role that may not; 404 for a nurse who went to another ward, as for everybody there."""
    cast, visit = hospital.cast, hospital.waiting("consult")
    placed = shop.order(visit, "dressing", key="k")
    path, body = f"/orders/{placed.json['id']}/hold", {"version": 1, "reason": "환자 요청"}
    assert shop.staff("anne").post(path, body, key="k").status_code == 200
    for name, role, unit in (("grace", "nurse", "ward"), ("anne", "nurse", "other")):
        staff_id = cast.staff()[name].id
        assert staff_id is not None
        accounts.change_role(staff_id, role, units=[unit], by=cast.chris)
    shop.partners.known.clear()  # the old sessions have ended
    demoted, moved = shop.order(visit, "dressing", key="k"), shop.staff("anne").post(path, body, key="k")
    refused(demoted, 403, "NOT_ALLOWED")
    refused(moved, 404, "NOT_FOUND")
    for answer in (demoted, moved):
        assert placed.json["id"] not in answer.text.replace(path, "")
    assert shop.rows() == (1, 1, 1)


def test_13_forty_orders_of_ten_boxes(app: Flask, each_shop: ApiPharmacy) -> None:
    shop, hospital = each_shop, each_shop.hospital
    shop.fill("amoxicillin", 10)
    visits = [hospital.expect("consult") for _ in range(40)]
    grace, kate = shop.staff("grace"), shop.staff("kate")
    answers = together(app, [partial(send, grace, visit, str(visit)) for visit in visits])
    won = [answer for answer in answers if answer.status_code == 201]
    lost = [answer for answer in answers if answer.status_code == 400]
    assert (len(won), len(lost)) == (10, 30), {answer.status_code for answer in answers}
    for answer in lost:
        items: Any = refused(answer, 400, "INSUFFICIENT_STOCK")["items"]
        assert [(one["code"], one["wanted"], one["available"]) for one in items] == [("amoxicillin", 1, 0)]
    assert shop.shelf("amoxicillin") == (10, 10)
    for answer in won:
        assert kate.post(f"/orders/{answer.json['id']}/complete", {"version": 1}).status_code == 200
    assert shop.shelf("amoxicillin") == (0, 0)
    assert shop.rows() == (10, 10, 10)


@pytest.mark.mariadb
@pytest.mark.timeout(30)
def test_15_a_shelf_that_is_held_too_long_is_busy_and_says_so(mariadb_app: Flask, hospital: Hospital) -> None:
    shop = ApiPharmacy(mariadb_app, hospital)
    shop.fill("amoxicillin", 10)
    visit, grace = hospital.waiting("consult"), shop.staff("grace")
    held, done = threading.Event(), threading.Event()

    def sit_on_it() -> None:
        with db.engine.connect() as connection, connection.begin():
            connection.execute(text("SELECT id FROM stock FOR UPDATE"))
            held.set()
            done.wait(20)

    def hurry() -> tuple[float, Any]:
        held.wait(10)
        began = clock.monotonic()
        answer = grace.post("/orders", {"visit_id": str(visit), **PILLS}, key="k")
        done.set()
        return clock.monotonic() - began, answer

    _, (seconds, answer) = together(mariadb_app, [sit_on_it, hurry])
    refused(answer, 503, "BUSY")
    assert answer.headers["Retry-After"] == "1"
    assert "다른 직원이 처리 중" in answer.json["detail"]
    assert 2.5 <= seconds <= 4.5
    assert send(grace, visit, "k").status_code == 201
    assert shop.shelf("amoxicillin") == (10, 1)
