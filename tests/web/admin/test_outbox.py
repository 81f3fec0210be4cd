"""The outbox page: how the promises stand, what was given up, and who may decide about it."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.core import relay
from app.core.db import db
from app.core.outbox import OutboxPromise
from app.core.relay import Consumer, Refused, Rendered
from app.core.transaction import promise, release, transactional
from app.queues.models import Queue
from tests.hospital import Hospital
from tests.pages import send

Browsers = Callable[[str], FlaskClient]
ADMIN, PAGE = "chris", "/admin/outbox"
SECRET = "010-9999-1234"


@pytest.fixture
def dead(web: Flask, hospital: Hospital) -> Iterator[str]:
    """Give the name of a dead letter."""
    mine = Consumer(
        name="sms",
        kinds=frozenset({"queue"}),
        mode="message",
        render=relay.one_by_one(
            lambda _kind, _id: Rendered(payload=f'{{"to": "{SECRET}", "text": "x"}}', seq=1)
        ),
        deliver=lambda parcels: [Refused("HTTP 422")] * len(parcels),
    )
    relay.register(mine)

    @transactional
    def move() -> None:
        queue = db.session.execute(select(Queue).where(Queue.public_id == hospital.consult)).scalar_one()
        promise(queue, "queue.update")

    move()
    relay.deliver_due(mine)
    yield relay.dead_letters()[0].name
    relay.clear()


def row() -> OutboxPromise:
    release()
    return db.session.execute(select(OutboxPromise)).scalar_one()


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("anne", 403),
        ("ben", 403),
        ("chris", 200),
        ("flora", 403),
        ("henry", 403),
        ("jonas", 403),
        ("eve", 401),
    ],
)
def test_only_the_administrator_sees_it(browser_of: Browsers, name: str, status: int) -> None:
    assert browser_of(name).get(PAGE).status_code == status


@pytest.mark.parametrize(("name", "status"), [("anne", 403), ("jonas", 403), ("eve", 401)])
def test_nobody_else_decides(browser_of: Browsers, dead: str, name: str, status: int) -> None:
    browser = browser_of(name)
    for action in ("replay", "replay-all", "discard"):
        answer = send(browser, "/login", f"{PAGE}/{action}", promise=dead, consumer="sms", reason="x")
        assert answer.status_code == status
    assert row().status == "dead_letter"


def test_an_empty_outbox_says_so(browser_of: Browsers) -> None:
    page = browser_of(ADMIN).get(PAGE).get_data(as_text=True)
    assert "<table" not in page


def test_what_was_given_up_is_shown_with_its_reason_and_without_its_content(
    browser_of: Browsers, dead: str
) -> None:
    page = browser_of(ADMIN).get(PAGE).get_data(as_text=True)
    assert "HTTP 422" in page
    assert "text, to" in page
    assert SECRET not in page


def test_a_letter_is_sent_again(browser_of: Browsers, dead: str) -> None:
    browser = browser_of(ADMIN)
    key = str(uuid4())
    for _ in range(2):  # the browser repeats it by itself when the server dies
        assert send(browser, PAGE, f"{PAGE}/replay", key=key, promise=dead).status_code == 303
    assert row().status == "pending"
    assert send(browser, PAGE, f"{PAGE}/replay", promise=dead).status_code == 404


def test_all_letters_of_a_target_are_sent_again(browser_of: Browsers, dead: str) -> None:
    assert send(browser_of(ADMIN), PAGE, f"{PAGE}/replay-all", consumer="sms").status_code == 303
    assert row().status == "pending"


def test_a_letter_is_given_up_with_a_reason_only(browser_of: Browsers, dead: str) -> None:
    browser = browser_of(ADMIN)
    assert send(browser, PAGE, f"{PAGE}/discard", promise=dead, reason=" ").status_code == 422
    assert row().status == "dead_letter"
    assert send(browser, PAGE, f"{PAGE}/discard", promise=dead, reason="told in person").status_code == 303
    assert (row().status, row().outcome) == ("completed", "discarded")


def test_the_machine_tells_and_decides_too(web: Flask, dead: str) -> None:
    runner = web.test_cli_runner()
    said = runner.invoke(args=["outbox", "status"])
    assert dead in said.output
    told = runner.invoke(args=["outbox", "status", "--json"])
    assert '"dead_letter": 1' in told.output
    assert runner.invoke(args=["outbox", "replay"]).exit_code == 2
    assert runner.invoke(args=["outbox", "replay", "sms:x:y:1"]).exit_code == 1
    assert runner.invoke(args=["outbox", "replay", dead]).exit_code == 0
    assert runner.invoke(args=["outbox", "deliver", "sms", "--ignore-backoff"]).exit_code == 0
    assert runner.invoke(args=["outbox", "deliver", "nobody"]).exit_code == 1
    assert runner.invoke(args=["outbox", "replay", "--all", "sms"]).exit_code == 0
    assert runner.invoke(args=["outbox", "deliver", "sms"]).exit_code == 0
    assert runner.invoke(args=["outbox", "discard", dead]).exit_code == 2
    assert runner.invoke(args=["outbox", "discard", dead, "--reason", "told in person"]).exit_code == 0
    assert row().outcome == "discarded"


def test_a_new_key_for_push_is_printed(web: Flask) -> None:
    said = web.test_cli_runner().invoke(args=["notices", "vapid"])
    assert said.exit_code == 0
    assert said.output.startswith("VAPID_PRIVATE_KEY=")
