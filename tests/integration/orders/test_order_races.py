"""Many hands at the same shelves and with the same keys: the rules of records.md 4.5, by their numbers."""

import threading
from functools import partial
from uuid import UUID, uuid4

import pymysql
import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from app.core import clock, transaction
from app.core.db import db
from app.core.errors import (
    BusyError,
    InProgressError,
    InsufficientStockError,
    KeyReusedError,
    TransitionRefusedError,
)
from app.core.idempotency import IdempotencyKey, Presented, presenting, was_replayed
from app.core.transaction import release, transactional
from app.orders import services as orders
from app.orders.models import Stock
from app.orders.services import Placed, Wanted
from tests.integration.orders.pharmacy import Pharmacy
from tests.together import together


def key(name: str = "k", *, content: str = "a", scope: str = "grace") -> Presented:
    return Presented(scope=scope, key=name, fingerprint=content)


def present(pharmacy: Pharmacy, presented: Presented, visit: UUID) -> tuple[Placed, bool]:
    with presenting(presented):
        placed = orders.place(
            patient_id=visit,
            visit_id=visit,
            unit=pharmacy.hospital.ward,
            items=[Wanted("amoxicillin")],
            by=pharmacy.doctor,
        )
        return placed, was_replayed()


def test_1_fifty_hands_with_one_key_place_one_order(app: Flask, pharmacy: Pharmacy) -> None:
    pharmacy.fill("amoxicillin", 10)
    visit = uuid4()
    answers = together(app, [lambda: present(pharmacy, key(), visit)] * 50)
    assert {type(one) for one in answers} == {tuple}, answers
    assert len({placed for placed, _ in answers}) == 1
    assert [replayed for _, replayed in answers].count(False) == 1
    assert pharmacy.shelf("amoxicillin") == (10, 1)
    assert pharmacy.rows() == (1, 1, 1)


def test_2_the_same_key_for_another_order_is_refused(pharmacy: Pharmacy) -> None:
    pharmacy.fill("amoxicillin", 10)
    visit = uuid4()
    first, _ = present(pharmacy, key(), visit)
    with pytest.raises(KeyReusedError) as refused:
        present(pharmacy, key(content="b"), uuid4())
    assert (refused.value.status, refused.value.code) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert pharmacy.see(first.order_id).version == 1
    assert pharmacy.shelf("amoxicillin") == (10, 1)


@pytest.mark.parametrize("hits", [1, 3])
def test_4_a_crash_before_the_commit_leaves_nothing(
    pharmacy: Pharmacy, monkeypatch: pytest.MonkeyPatch, hits: int
) -> None:
    """One crash, or three of them: each is whole, and the next try places the order once."""
    pharmacy.fill("amoxicillin", 10)
    visit = uuid4()
    seal = transaction._seal

    def crash(*given: object) -> list[object]:
        seal(*given)  # type: ignore[arg-type]
        raise ZeroDivisionError

    monkeypatch.setattr(transaction, "_seal", crash)
    for _ in range(hits):
        with pytest.raises(ZeroDivisionError):
            present(pharmacy, key(), visit)
        assert pharmacy.rows() == (0, 0, 0)
        assert pharmacy.shelf("amoxicillin") == (10, 0)
        assert not db.session.execute(select(IdempotencyKey.id)).all()
    monkeypatch.setattr(transaction, "_seal", seal)
    placed, replayed = present(pharmacy, key(), visit)
    assert (placed.order_no, replayed) == (1, False)
    assert pharmacy.shelf("amoxicillin") == (10, 1)


def test_5_an_answer_that_was_lost_is_given_again(pharmacy: Pharmacy) -> None:
    pharmacy.fill("amoxicillin", 10)
    visit = uuid4()
    lost, _ = present(pharmacy, key(), visit)
    assert present(pharmacy, key(), visit) == (lost, True)
    assert pharmacy.rows() == (1, 1, 1)


def test_6_a_refusal_is_not_kept_and_the_order_goes_through_once_the_shelf_is_filled(
    pharmacy: Pharmacy,
) -> None:
    visit = uuid4()
    with pytest.raises(InsufficientStockError) as refused:
        present(pharmacy, key(), visit)
    assert refused.value.status == 400
    assert pharmacy.rows() == (0, 0, 0)
    pharmacy.fill("amoxicillin", 1)
    assert present(pharmacy, key(), visit)[1] is False
    assert present(pharmacy, key(), visit)[1] is True
    assert pharmacy.shelf("amoxicillin") == (1, 1)


def test_10_the_visits_own_number_blocks_the_double_when_the_key_is_gone(
    app: Flask, pharmacy: Pharmacy
) -> None:
    pharmacy.fill("amoxicillin", 50)
    visit = uuid4()
    answers = together(app, [partial(pharmacy.place, "amoxicillin", visit=visit, order_no=7)] * 20)
    won = [one for one in answers if isinstance(one, Placed)]
    lost = [one for one in answers if isinstance(one, TransitionRefusedError)]
    assert (len(won), len(lost)) == (1, 19), answers
    assert {(one.status, one.details["why"]) for one in lost} == {(409, "order_exists")}
    assert pharmacy.shelf("amoxicillin") == (50, 1)
    assert pharmacy.place("amoxicillin", visit=visit).order_no == 8


def test_13_forty_orders_of_ten_boxes(app: Flask, pharmacy: Pharmacy) -> None:
    pharmacy.fill("amoxicillin", 10)
    answers = together(app, [partial(pharmacy.place, "amoxicillin")] * 40)
    won = [one for one in answers if isinstance(one, Placed)]
    lost = [one for one in answers if isinstance(one, InsufficientStockError)]
    assert (len(won), len(lost)) == (10, 30), answers
    assert {(one.code, one.status) for one in lost} == {("INSUFFICIENT_STOCK", 400)}
    assert lost[0].details["items"] == [
        {
            "code": "amoxicillin",
            "name_ko": "아목시실린",
            "name_en": "Amoxicillin",
            "wanted": 1,
            "available": 0,
        }
    ]
    assert pharmacy.shelf("amoxicillin") == (10, 10)
    for one in won:
        orders.complete(one.order_id, version=1, by=pharmacy.pharmacist)
    assert pharmacy.shelf("amoxicillin") == (0, 0)
    assert pharmacy.rows() == (10, 10, 10)


def test_forty_orders_of_one_visit_are_numbered_without_gap(app: Flask, pharmacy: Pharmacy) -> None:
    visit = uuid4()
    answers = together(app, [partial(pharmacy.place, "dressing", visit=visit)] * 40)
    assert {type(one) for one in answers} == {Placed}, answers
    assert sorted(one.order_no for one in answers) == list(range(1, 41))
    assert pharmacy.bill(visit).due_won == 40 * 5_000


def test_14_items_in_opposite_order_never_wait_in_a_circle(
    mariadb_app: Flask, hospital: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    pharmacy = Pharmacy(hospital)  # type: ignore[arg-type]
    items = ("amoxicillin", "gauze", "syringe")
    for item in items:
        pharmacy.fill(item, 100)
    reruns: list[object] = []
    rerun = transaction._rerun_or_raise

    def counted(error: OperationalError, *, is_last: bool) -> None:
        reruns.append(error)
        rerun(error, is_last=is_last)

    monkeypatch.setattr(transaction, "_rerun_or_raise", counted)
    up, down = partial(pharmacy.place, *items), partial(pharmacy.place, *reversed(items))
    answers = together(mariadb_app, [up, down] * 10)
    assert {type(one) for one in answers} == {Placed}, answers
    assert not reruns, "sorted, nobody waits for anybody in a circle"
    assert [pharmacy.shelf(item) for item in items] == [(100, 20)] * 3


@pytest.mark.timeout(30)
def test_15_a_shelf_that_is_held_too_long_is_busy_and_the_session_is_fit_afterwards(
    app: Flask, pharmacy: Pharmacy
) -> None:
    pharmacy.fill("amoxicillin", 10)
    held, done = threading.Event(), threading.Event()

    def sit_on_it() -> None:
        is_sqlite = db.engine.dialect.name == "sqlite"
        with db.engine.connect().execution_options(begin="IMMEDIATE") as connection:
            begun = connection.begin()
            if not is_sqlite:
                connection.execute(text("SELECT id FROM stock FOR UPDATE"))
            held.set()
            done.wait(20)
            begun.rollback()

    def hurry() -> tuple[float, Placed]:
        held.wait(10)
        began = clock.monotonic()
        try:
            with pytest.raises(BusyError) as refused:
                pharmacy.place("amoxicillin")
            seconds = clock.monotonic() - began
        finally:
            done.set()
        assert (refused.value.status, refused.value.details["retry_after"]) == (503, 1)
        while True:  # the one who sat on it is leaving
            try:
                return seconds, pharmacy.place("amoxicillin")
            except BusyError:  # pragma: no cover - a moment too early
                continue

    _, answer = together(app, [sit_on_it, hurry])
    assert isinstance(answer, tuple), answer
    assert 2.5 <= answer[0] <= 4
    assert pharmacy.shelf("amoxicillin") == (10, 1)
    assert pharmacy.rows() == (1, 1, 1)


@pytest.mark.timeout(30)
def test_3_the_same_key_while_the_first_order_waits_for_a_shelf(mariadb_app: Flask, hospital: object) -> None:
    pharmacy = Pharmacy(hospital)  # type: ignore[arg-type]
    pharmacy.fill("amoxicillin", 10)
    visit, placed, done = uuid4(), threading.Event(), threading.Event()

    @transactional
    def slowly() -> tuple[Placed, bool]:
        answer = present(pharmacy, key(), visit)
        placed.set()
        done.wait(20)
        return answer

    def impatient() -> tuple[Placed, bool]:
        placed.wait(10)
        try:
            return present(pharmacy, key(), visit)
        finally:
            done.set()

    slow, fast = together(mariadb_app, [slowly, impatient])
    assert isinstance(slow, tuple), slow
    assert isinstance(fast, InProgressError), fast
    assert (fast.status, fast.details["retry_after"]) == (409, 1)
    assert pharmacy.shelf("amoxicillin") == (10, 1)
    assert present(pharmacy, key(), visit) == (slow[0], True)


@pytest.mark.parametrize("code", [1213, 1020])
def test_16_a_deadlock_reruns_the_whole_order(
    pharmacy: Pharmacy, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    pharmacy.fill("amoxicillin", 10)
    seal, runs = transaction._seal, list[int]()

    def refused_twice(*given: object) -> object:
        runs.append(1)
        told = seal(*given)  # type: ignore[arg-type]
        if len(runs) < 3:
            raise OperationalError("COMMIT", {}, pymysql.err.OperationalError(code, "said the database"))
        return told

    monkeypatch.setattr(transaction, "_seal", refused_twice)
    placed = pharmacy.place("amoxicillin")
    monkeypatch.undo()
    assert len(runs) == 3
    assert placed.order_no == 1
    assert pharmacy.shelf("amoxicillin") == (10, 1)
    assert pharmacy.rows() == (1, 1, 1)


def test_a_real_circle_of_two_shelves_is_rerun_and_both_get_theirs(
    mariadb_app: Flask, hospital: object
) -> None:
    """16, with the database's own 1213: two units that reserve the same boxes in opposite order."""
    pharmacy = Pharmacy(hospital)  # type: ignore[arg-type]
    for item in ("amoxicillin", "gauze"):
        pharmacy.fill(item, 10)
    first_tries, runs = threading.Barrier(2), list[str]()

    @transactional
    def both(name: str, one: str, other: str) -> str:
        runs.append(name)
        pharmacy.place(one)
        if runs.count(name) == 1:
            first_tries.wait(10)
        pharmacy.place(other)
        return name

    a, b = "amoxicillin", "gauze"
    answers = together(mariadb_app, [lambda: both("up", a, b), lambda: both("down", b, a)])
    assert answers == ["up", "down"]
    assert len(runs) == 3
    assert (pharmacy.shelf(a), pharmacy.shelf(b)) == ((10, 2), (10, 2))
    assert pharmacy.rows() == (4, 4, 4)


def test_two_who_count_the_same_shelf(app: Flask, pharmacy: Pharmacy) -> None:
    shelf = pharmacy.fill("gauze", 10)
    version = db.session.execute(select(Stock.version).where(Stock.public_id == shelf)).scalar_one()
    release()
    count = partial(orders.count, shelf, version=version, reason="재고 실사", by=pharmacy.pharmacist)
    answers = together(app, [partial(count, counted=n) for n in (7, 8, 9)])
    codes = sorted(getattr(one, "code", "ok") for one in answers)
    assert codes == ["STALE_VERSION", "STALE_VERSION", "ok"]
    assert pharmacy.shelf("gauze")[0] in {7, 8, 9}
