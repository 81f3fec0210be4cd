"""The outbox pages: how the promises stand, what was given up and why, who may decide, and who may open one."""

import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.core import relay
from app.core.audit import AuditRow
from app.core.db import db
from app.core.outbox import OutboxPromise
from app.core.relay import Consumer, Refused, Rendered, TargetDownError, charting
from app.core.transaction import promise, release, transactional
from app.queues.models import Queue
from tests.hospital import Hospital
from tests.pages import csrf_of, send

Browsers = Callable[[str], FlaskClient]
ADMIN, PAGE, LETTERS = "chris", "/admin/outbox", "/admin/outbox/letters"
SECRET = "010-9999-1234"
PATIENT = UUID("0f0e0d0c-0b0a-4908-8706-050403020100")


@transactional
def move(hospital: Hospital) -> None:
    promise(
        db.session.execute(select(Queue).where(Queue.public_id == hospital.consult)).scalar_one(),
        "queue.update",
    )


def consumer(**changes: object) -> Consumer:
    payload = f'{{"to": "{SECRET}", "text": "x", "patient": "{PATIENT}", "status": "sent"}}'
    made = Consumer(
        **{
            "name": "sms",
            "kinds": frozenset({"queue"}),
            "mode": "message",
            "render": relay.one_by_one(lambda _kind, _id: Rendered(payload=payload, seq=1)),
            "deliver": lambda parcels: [Refused("HTTP 422: code")] * len(parcels),
            **changes,
        }  # type: ignore[arg-type]
    )
    relay.register(made)
    return made


@pytest.fixture
def dead(web: Flask, hospital: Hospital) -> Iterator[relay.Letter]:
    """Give a dead letter."""
    charting.forget()
    mine = consumer()
    move(hospital)
    relay.deliver_due(mine)
    yield relay.dead_letters().rows[0]
    relay.clear()
    charting.forget()


def row() -> OutboxPromise:
    release()
    return db.session.execute(select(OutboxPromise)).scalar_one()


def opened() -> list[tuple[UUID | None, str | None]]:
    release()
    return [
        (one.patient, one.reason)
        for one in db.session.execute(
            select(AuditRow).where(AuditRow.action == "phi:support:open").order_by(AuditRow.id)
        ).scalars()
    ]


@pytest.mark.parametrize("page", [PAGE, f"{PAGE}/now", LETTERS, f"{LETTERS}/now"])
@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("anne", 403),
        ("ben", 403),
        ("chris", 200),
        ("flora", 403),
        ("grace", 403),
        ("henry", 403),
        ("iris", 403),
        ("jonas", 403),
        ("eve", 401),
    ],
)
def test_only_the_administrator_sees_it(browser_of: Browsers, page: str, name: str, status: int) -> None:
    assert browser_of(name).get(page).status_code == status


@pytest.mark.parametrize(
    ("name", "status"), [("anne", 403), ("flora", 403), ("grace", 403), ("jonas", 403), ("eve", 401)]
)
def test_nobody_else_looks_or_decides(
    browser_of: Browsers, dead: relay.Letter, name: str, status: int
) -> None:
    browser = browser_of(name)
    assert browser.get(f"{LETTERS}/{dead.name}").status_code == status
    for action in ("replay", "replay-all", "discard", "letters/open"):
        answer = send(
            browser,
            "/login",
            f"{PAGE}/{action}",
            promise=dead.name,
            version=dead.version,
            seen_until=dead.version,
            consumer="sms",
            reason="x",
        )
        assert answer.status_code == status
    assert row().status == "dead_letter"
    assert opened() == []


def test_an_empty_outbox_says_so(browser_of: Browsers) -> None:
    relay.clear()
    browser = browser_of(ADMIN)
    for page in (PAGE, LETTERS):
        assert "<table" not in browser.get(page).get_data(as_text=True)


def test_what_was_given_up_is_shown_with_its_reason_and_without_its_content(
    browser_of: Browsers, dead: relay.Letter
) -> None:
    browser = browser_of(ADMIN)
    for page in (LETTERS, f"{LETTERS}/now", f"{LETTERS}/{dead.name}"):
        text = browser.get(page).get_data(as_text=True)
        assert "HTTP 422: code" in text
        assert SECRET not in text
    assert ">to<" in browser.get(f"{LETTERS}/{dead.name}").get_data(as_text=True)


def test_the_page_tells_when_an_outage_is_tried_again(browser_of: Browsers, hospital: Hospital) -> None:
    def away(_parcels: object) -> list[Refused]:
        raise TargetDownError("HTTP 401: the key is not known there", opens=True)

    mine = consumer(deliver=away)
    move(hospital)
    relay.deliver_due(mine)
    try:
        text = browser_of(ADMIN).get(PAGE).get_data(as_text=True)
    finally:
        relay.clear()
    assert "HTTP 401: the key is not known there" in text
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", text)


def test_the_chart_has_a_table_that_says_the_same(browser_of: Browsers, dead: relay.Letter) -> None:
    text = browser_of(ADMIN).get(PAGE).get_data(as_text=True)
    chart = text[text.index("<figure") : text.index("</figure>")]
    assert 'role="img"' in chart
    assert chart.count("chart-first") >= 2  # its key, and one bar
    figures = [int(one) for one in re.findall(r'<td class="is-number">(\d+)</td>', chart)]
    assert sum(figures) == 1  # one promised, none kept


def test_a_letter_is_sent_again(browser_of: Browsers, dead: relay.Letter) -> None:
    browser = browser_of(ADMIN)
    key = str(uuid4())
    said: dict[str, Any] = {"promise": dead.name, "version": dead.version}
    for _ in range(2):  # the browser repeats it by itself when the server dies
        assert send(browser, PAGE, f"{PAGE}/replay", key=key, **said).status_code == 303
    assert row().status == "pending"
    assert send(browser, PAGE, f"{PAGE}/replay", **said).status_code == 404


def test_who_looked_before_it_died_again_is_told(
    browser_of: Browsers, dead: relay.Letter, hospital: Hospital
) -> None:
    browser = browser_of(ADMIN)
    relay.replay(dead.name, version=dead.version, by=hospital.cast.chris)
    again = relay.find("sms")
    assert again is not None
    relay.deliver_due(again)
    late = send(
        browser, PAGE, f"{PAGE}/discard", promise=dead.name, version=dead.version, reason="told in person"
    )
    assert late.status_code == 409
    assert send(browser, PAGE, f"{PAGE}/replay", promise=dead.name).status_code == 428
    assert row().status == "dead_letter"


def test_all_letters_of_one_error_are_sent_again(browser_of: Browsers, dead: relay.Letter) -> None:
    browser = browser_of(ADMIN)
    page = browser.get(f"{LETTERS}?error=422")
    found = re.search(r'name="seen_until" value="(\d+)"', page.get_data(as_text=True))
    assert found
    token = {"csrf_token": csrf_of(page), "seen_until": found[1]}
    other = browser.post(f"{PAGE}/replay-all", data={**token, "error": "400"})
    assert other.status_code == 303
    assert row().status == "dead_letter"
    answer = browser.post(f"{PAGE}/replay-all", data={**token, "error": "422", "consumer": "sms"})
    assert answer.headers["Location"].endswith("error=422")
    assert row().status == "pending"
    assert browser.post(f"{PAGE}/replay-all", data={"csrf_token": token["csrf_token"]}).status_code == 400


def test_the_filter_is_kept_from_page_to_page(browser_of: Browsers, dead: relay.Letter) -> None:
    browser = browser_of(ADMIN)
    assert dead.name in browser.get(f"{LETTERS}?consumer=sms&kind=queue&error=422").get_data(as_text=True)
    for nothing in ("consumer=fhir:emr", "kind=patient", "error=%25", "age=24", "error=환자"):
        assert dead.name not in browser.get(f"{LETTERS}?{nothing}").get_data(as_text=True)
    for odd in ("age=x", "page=0", "page=999", "age=99999999"):
        assert browser.get(f"{LETTERS}?{odd}").status_code == 200


def test_a_letter_is_given_up_with_a_reason_only(browser_of: Browsers, dead: relay.Letter) -> None:
    browser = browser_of(ADMIN)
    said: dict[str, Any] = {"promise": dead.name, "version": dead.version}
    assert send(browser, PAGE, f"{PAGE}/discard", **said, reason=" ").status_code == 422
    assert row().status == "dead_letter"
    assert send(browser, PAGE, f"{PAGE}/discard", **said, reason="told in person").status_code == 303
    assert (row().status, row().outcome) == ("completed", "discarded")


def test_opening_one_needs_a_reason_and_is_written_down_each_time(
    browser_of: Browsers, dead: relay.Letter
) -> None:
    browser = browser_of(ADMIN)
    page, action = f"{LETTERS}/{dead.name}", f"{LETTERS}/open"
    assert send(browser, page, action, promise=dead.name, reason=" ").status_code == 422
    assert opened() == []
    key = str(uuid4())
    for _ in range(2):
        answer = send(browser, page, action, key=key, promise=dead.name, reason="the gateway's support asks")
        assert answer.status_code == 200
        assert SECRET in answer.get_data(as_text=True)
        assert answer.headers["Cache-Control"] == "no-store"
    assert opened() == [(PATIENT, "the gateway's support asks")] * 2
    assert SECRET not in browser.get(page).get_data(as_text=True)  # one page, once


def test_every_page_speaks_english_too(browser_of: Browsers, dead: relay.Letter) -> None:
    browser = browser_of(ADMIN)
    send(browser, PAGE, "/language", language="en", next=PAGE)
    for page in (PAGE, LETTERS, f"{LETTERS}/{dead.name}"):
        assert 'lang="en"' in browser.get(page).get_data(as_text=True)


def test_the_machine_tells_and_decides_too(web: Flask, dead: relay.Letter) -> None:
    runner = web.test_cli_runner()
    said = runner.invoke(args=["outbox", "status"])
    assert dead.name in said.output
    told = runner.invoke(args=["outbox", "status", "--json"])
    assert '"dead_letter": 1' in told.output
    assert runner.invoke(args=["outbox", "replay"]).exit_code == 2
    assert runner.invoke(args=["outbox", "replay", "sms:x:y:1"]).exit_code == 1
    assert runner.invoke(args=["outbox", "replay", dead.name]).exit_code == 0
    assert runner.invoke(args=["outbox", "deliver", "sms", "--ignore-backoff"]).exit_code == 0
    assert runner.invoke(args=["outbox", "deliver", "nobody"]).exit_code == 1
    assert runner.invoke(args=["outbox", "replay", "--all", "sms"]).exit_code == 0
    assert runner.invoke(args=["outbox", "deliver", "sms"]).exit_code == 0
    assert runner.invoke(args=["outbox", "discard", dead.name]).exit_code == 2
    assert runner.invoke(args=["outbox", "discard", dead.name, "--reason", "told in person"]).exit_code == 0
    assert row().outcome == "discarded"


def test_a_new_key_for_push_is_printed(web: Flask) -> None:
    said = web.test_cli_runner().invoke(args=["notices", "vapid"])
    assert said.exit_code == 0
    assert said.output.startswith("VAPID_PRIVATE_KEY=")
