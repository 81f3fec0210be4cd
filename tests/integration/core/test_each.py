"""Many rows get values of their own in one statement, and nobody else's row gets any."""

from typing import Any

from flask import Flask
from sqlalchemy import select

from app.core import clock
from app.core.db import db
from app.core.each import update_each
from app.core.outbox import OutboxPromise, PromiseStatus
from app.core.transaction import transactional

KOREAN = "김환자: '%s' %(id_0)s \\ :id_1"


@transactional
def three_promises() -> list[int]:
    made = [
        OutboxPromise(
            consumer="test", kind="patient", aggregate_id=f"{seq}", seq=seq, status=PromiseStatus.PENDING,
            next_attempt_at=clock.utcnow(), created_at=clock.utcnow(), lease_token="mine" if seq else None,
        )
        for seq in range(3)
    ]  # fmt: skip
    db.session.add_all(made)
    db.session.flush()
    return [row.id for row in made]


def test_each_row_gets_its_own_and_all_get_the_same(app: Flask) -> None:
    with app.app_context():
        first, second, third = three_promises()
        own: dict[int, dict[str, Any]] = {
            first: {"payload": KOREAN, "rendered_seq": 7},
            second: {"payload": None, "rendered_seq": 8},
        }
        at = clock.utcnow()
        written = transactional(
            lambda: update_each(OutboxPromise, own, alike={"done_at": at, "last_error": None})
        )()
        assert written == 2
        found = {
            row.id: (row.payload, row.rendered_seq, row.done_at)
            for row in db.session.execute(select(OutboxPromise)).scalars()
        }
        assert found == {first: (KOREAN, 7, at), second: (None, 8, at), third: (None, None, None)}


def test_a_row_that_does_not_fit_is_left_and_not_counted(app: Flask) -> None:
    with app.app_context():
        rows = three_promises()
        own = {row_id: {"payload": "{}"} for row_id in (*rows, max(rows) + 1)}
        assert transactional(lambda: update_each(OutboxPromise, own, where={"lease_token": "mine"}))() == 2
        found = db.session.execute(select(OutboxPromise.payload).order_by(OutboxPromise.id)).scalars()
        assert list(found) == [None, "{}", "{}"]


def test_a_row_that_has_become_another_is_left(app: Flask) -> None:
    with app.app_context():
        first, _, third = three_promises()
        own = {first: {"aggregate_id": "0", "payload": "{}"}, third: {"aggregate_id": "1", "payload": "{}"}}
        assert transactional(lambda: update_each(OutboxPromise, own, fits=["aggregate_id"]))() == 1
        found = db.session.execute(select(OutboxPromise.payload).order_by(OutboxPromise.id)).scalars()
        assert list(found) == ["{}", None, None]


def test_nothing_is_nothing(app: Flask) -> None:
    with app.app_context():
        assert transactional(lambda: update_each(OutboxPromise, {}))() == 0
