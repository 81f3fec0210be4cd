"""The hospital's gateway: signed, repeatable, never redirected; what it answers decides what becomes of a message."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from app import settings
from app.core import clock, http, relay
from app.core.actor import SYSTEM
from app.core.db import db
from app.core.outbox import OutboxPromise
from app.core.transaction import release
from app.notices import services
from app.notices.models import Notice
from app.notices.rules import Channel, Kind
from tests.integration.notices.conftest import GATEWAY_SECRET
from tests.integration.notices.outside import Outside

PATIENT = uuid4()


def tell(visit: UUID, occasion: str = "call-1", lang: str = "en") -> None:
    services.notify(
        visit,
        Kind.CALLED,
        occasion=occasion,
        params={"number": 12, "place_ko": "2번 진료실", "place_en": "Room 2"},
        patient_id=PATIENT,
        lang=lang,
        by=SYSTEM,
    )


def deliver() -> int:
    consumer = relay.find("sms")
    assert consumer is not None
    return relay.deliver_due(consumer)


def promise() -> OutboxPromise:
    release()
    return db.session.execute(select(OutboxPromise)).scalar_one()


def notice() -> Notice:
    release()
    return db.session.execute(select(Notice).where(Notice.channel == Channel.SMS)).scalar_one()


def breaker() -> str:
    return next(one.breaker for one in relay.status() if one.consumer == "sms")


def test_the_gateway_gets_whom_and_what_but_no_name(
    app: Flask, by_sms: None, gateway: Outside, visit: UUID
) -> None:
    tell(visit)
    assert deliver() == 1
    (received,) = gateway.received
    assert received.path == "/annae"
    body = received.json
    assert body.pop("expires_at") > datetime.now(UTC).isoformat()
    assert body == {
        "notice": str(notice().public_id),
        "patient": str(PATIENT),
        "template": "annae.called",
        "lang": "en",
        "parameters": {"number": 12, "place_ko": "2번 진료실", "place_en": "Room 2"},
        "text": "It is your turn · No. 12 · Room 2 · Please come in now.",
        "link": f"{settings.current().public_url}/me",
    }
    assert received.headers["idempotency-key"] == str(notice().public_id)
    assert (notice().status, promise().outcome) == ("sent", "delivered")
    assert notice().sent_at is not None


def test_the_signature_is_over_time_and_body(app: Flask, by_sms: None, gateway: Outside, visit: UUID) -> None:
    tell(visit)
    deliver()
    (received,) = gateway.received
    timestamp = received.headers["x-annae-timestamp"]
    expected = hmac.new(
        GATEWAY_SECRET.encode(), f"{timestamp}.".encode() + received.body, hashlib.sha256
    ).hexdigest()
    assert hmac.compare_digest(received.headers["x-annae-signature"], expected)
    assert abs(int(timestamp) - clock.utcnow().timestamp()) < 60


def test_a_message_that_fails_is_repeated_with_the_same_key(
    app: Flask, by_sms: None, gateway: Outside, visit: UUID
) -> None:
    gateway.answers = [(500, {}), (500, {})]
    tell(visit)
    for _ in range(2):
        assert deliver() == 1
        assert promise().status == "failed"
        relay.hurry("sms")
    deliver()
    assert (promise().outcome, notice().status) == ("delivered", "sent")
    assert len({one.headers["idempotency-key"] for one in gateway.received}) == 1
    assert len({one.body for one in gateway.received}) == 1
    assert len(gateway.received) == 3


@pytest.mark.parametrize("status", [400, 404, 413, 422])
def test_what_the_gateway_refuses_is_a_dead_letter(
    app: Flask, by_sms: None, gateway: Outside, visit: UUID, status: int
) -> None:
    gateway.answers = [(status, {})]
    tell(visit)
    deliver()
    assert (promise().status, promise().last_error) == ("dead_letter", f"HTTP {status}")
    assert notice().status == "failed"
    assert breaker() == "closed"


@pytest.mark.parametrize("status", [408, 429, 502, 503, 504])
def test_a_gateway_that_is_away_costs_no_life(
    app: Flask, by_sms: None, gateway: Outside, visit: UUID, status: int
) -> None:
    gateway.answers = [(status, {"Retry-After": "7"})]
    tell(visit)
    deliver()
    assert (promise().status, promise().attempts) == ("pending", 0)
    assert timedelta(seconds=5) < promise().next_attempt_at - clock.utcnow() <= timedelta(seconds=7)
    relay.hurry("sms")
    assert deliver() == 1
    assert notice().status == "sent"


def test_a_redirect_is_refused(
    app: Flask, by_sms: None, gateway: Outside, push_service: Outside, visit: UUID
) -> None:
    gateway.answers = [(307, {"Location": f"{push_service.url}/elsewhere"})]
    tell(visit)
    assert deliver() == 0
    assert (len(gateway.received), push_service.received) == (1, [])
    assert promise().last_error == "HTTP 307: redirects are not followed"


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_key_is_not_tried_again_and_again(
    app: Flask, by_sms: None, gateway: Outside, visit: UUID, status: int
) -> None:
    gateway.answers = [(status, {})]
    tell(visit)
    tell(visit, "call-2")
    deliver()
    assert (len(gateway.received), breaker()) == (1, "open")


def test_a_gateway_that_hangs_is_not_waited_for(
    app: Flask, by_sms: None, gateway: Outside, visit: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "READ_SECONDS", 0.2)
    gateway.hang_seconds = 1.0
    tell(visit)
    assert deliver() == 0
    assert (promise().status, promise().last_error) == ("pending", "ReadTimeout")
    gateway.hang_seconds = 0
    relay.hurry("sms")
    assert deliver() == 1
    # It may have arrived at the first time; the gateway knows by the key that it is the same.
    assert len({one.headers["idempotency-key"] for one in gateway.received}) == 1


def test_a_broken_connection_is_an_outage(app: Flask, by_sms: None, gateway: Outside, visit: UUID) -> None:
    gateway.drop = True
    tell(visit)
    deliver()
    assert (promise().status, promise().attempts) == ("pending", 0)


def test_what_is_no_longer_worth_saying_is_skipped(
    app: Flask, by_sms: None, gateway: Outside, visit: UUID
) -> None:
    tell(visit)
    with time_machine.travel(clock.utcnow() + timedelta(minutes=11)):
        deliver()
    assert gateway.received == []
    assert (promise().outcome, promise().last_error, notice().status) == ("skipped", "expired", "skipped")


def test_nothing_of_a_patient_reaches_the_log(
    app: Flask, by_sms: None, gateway: Outside, visit: UUID, caplog: pytest.LogCaptureFixture
) -> None:
    gateway.answers = [(503, {}), (422, {})]
    tell(visit)
    deliver()
    relay.hurry("sms")
    deliver()
    assert str(PATIENT) not in caplog.text
    assert "진료실" not in caplog.text
