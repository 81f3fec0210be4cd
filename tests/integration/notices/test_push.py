"""Web push: only the browser reads it, the service is named by our key, and who is gone is forgotten."""

import base64
import json
from datetime import timedelta
from uuid import UUID

import pytest
import time_machine
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from flask import Flask
from sqlalchemy import select

from app import settings
from app.core import clock, relay
from app.core.actor import SYSTEM, Actor
from app.core.db import db
from app.core.errors import InvalidError
from app.core.outbox import OutboxPromise
from app.core.transaction import release
from app.notices import queries, services
from app.notices.models import Notice
from app.notices.rules import Channel, Kind, decoded
from tests.integration.notices.browser import Phone
from tests.integration.notices.outside import Outside


def tell(visit: UUID, occasion: str = "call-1") -> None:
    services.notify(
        visit,
        Kind.CALLED,
        occasion=occasion,
        params={"number": 12, "place_en": "Room 2"},
        lang="en",
        by=SYSTEM,
    )


def deliver() -> int:
    consumer = relay.find("push")
    assert consumer is not None
    return relay.deliver_due(consumer)


def promise() -> OutboxPromise:
    release()
    return db.session.execute(select(OutboxPromise)).scalar_one()


def status() -> str:
    release()
    return db.session.execute(select(Notice.status).where(Notice.channel == Channel.PUSH)).scalar_one()


@pytest.fixture
def phone(app: Flask, told: None, push_service: Outside, visit: UUID, patient: Actor) -> Phone:
    found = Phone(push_service.url)
    found.subscribe(visit, patient)
    return found


def test_the_browser_reads_number_and_place(phone: Phone, push_service: Outside, visit: UUID) -> None:
    tell(visit)
    assert deliver() == 1
    (received,) = push_service.received
    message = phone.read(received.body)
    assert message.pop("notice")
    assert message == {
        "kind": "called",
        "lang": "en",
        "title": "It is your turn",
        "body": "No. 12 · Room 2 · Please come in now.",
    }
    assert received.headers["content-encoding"] == "aes128gcm"
    assert received.headers["urgency"] == "high"
    assert 500 < int(received.headers["ttl"]) <= 600
    assert len(received.headers["topic"]) == 32
    assert (promise().outcome, status()) == ("delivered", "sent")


def test_the_service_is_told_who_we_are(phone: Phone, push_service: Outside, visit: UUID) -> None:
    tell(visit)
    deliver()
    scheme, _, rest = push_service.received[0].headers["authorization"].partition(" ")
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    assert (scheme, parts["k"]) == ("vapid", queries.push_key())
    head, claims, signature = parts["t"].split(".")
    point = decoded(parts["k"])
    raw = decoded(signature)
    ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point).verify(
        encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")),
        f"{head}.{claims}".encode(),
        ec.ECDSA(hashes.SHA256()),
    )
    said = json.loads(decoded(claims))
    assert (said["aud"], said["sub"]) == (push_service.url, "mailto:it@hospital.example")
    assert 0 < said["exp"] - clock.utcnow().timestamp() <= 86400


def test_the_service_sees_nothing(phone: Phone, push_service: Outside, visit: UUID) -> None:
    tell(visit)
    deliver()
    (received,) = push_service.received
    assert b"Room" not in received.body
    assert str(visit) not in str(received.headers)


@pytest.mark.parametrize("gone", [404, 410])
def test_a_browser_that_is_gone_is_forgotten(
    phone: Phone, push_service: Outside, visit: UUID, gone: int
) -> None:
    push_service.answers = [(gone, {})]
    tell(visit)
    deliver()
    assert (promise().outcome, status()) == ("skipped", "skipped")
    assert queries.subscriptions_of(visit) == ()
    assert services.notify(visit, Kind.CALLED, occasion="2", params={}, by=SYSTEM) == (Channel.PAGE,)


def test_one_browser_of_two_is_enough(
    phone: Phone, push_service: Outside, visit: UUID, patient: Actor
) -> None:
    second = Phone(push_service.url)
    second.subscribe(visit, patient)
    push_service.answers = [(410, {}), (201, {})]
    tell(visit)
    deliver()
    assert promise().outcome == "delivered"
    assert second.read(push_service.received[1].body)["kind"] == "called"
    assert [one.endpoint for one in queries.subscriptions_of(visit)] == [second.endpoint]


def test_one_phone_with_a_bad_address_does_not_silence_the_others(
    phone: Phone, push_service: Outside, visit: UUID
) -> None:
    push_service.answers = [(503, {})] * 6
    for number in range(6):
        tell(visit, f"call-{number}")
    deliver()
    assert len(push_service.received) == 6
    assert {one.breaker for one in relay.status() if one.consumer == "push"} == {"closed"}


def test_a_service_that_is_busy_is_tried_again(phone: Phone, push_service: Outside, visit: UUID) -> None:
    push_service.answers = [(429, {"Retry-After": "3"})]
    tell(visit)
    deliver()
    assert (promise().status, promise().attempts) == ("failed", 1)
    with time_machine.travel(clock.utcnow() + timedelta(seconds=20)):
        deliver()
    assert status() == "sent"
    assert len({one.headers["topic"] for one in push_service.received}) == 1


def test_keys_that_lie_on_no_curve_are_let_go(
    app: Flask, told: None, push_service: Outside, visit: UUID, patient: Actor
) -> None:
    crooked = base64.urlsafe_b64encode(b"\x04" + b"\x01" * 64).decode()
    services.subscribe(
        visit, endpoint=f"{push_service.url}/x", p256dh=crooked, auth="c2l4dGVlbiBzZWNyZXRzIQ", by=patient
    )
    tell(visit)
    deliver()
    assert (promise().status, push_service.received) == ("dead_letter", [])
    assert queries.subscriptions_of(visit) == ()


@pytest.mark.parametrize(
    ("endpoint", "p256dh", "auth"),
    [
        ("http://169.254.169.254/latest/meta-data", None, None),
        ("https://evil.example/push", None, None),
        ("https://user@127.0.0.1/push", None, None),
        ("ftp://127.0.0.1/push", None, None),
        ("not an address", None, None),
        ("http://127.0.0.1:99999/", None, None),
        (None, "AAAA", None),
        (None, "!", None),
        (None, None, "short"),
    ],
)
def test_what_is_no_subscription_is_refused(
    phone: Phone, visit: UUID, patient: Actor, endpoint: str | None, p256dh: str | None, auth: str | None
) -> None:
    given = phone.subscription()
    with pytest.raises(InvalidError):
        services.subscribe(
            visit,
            endpoint=endpoint or given["endpoint"],
            p256dh=p256dh or given["keys"]["p256dh"],
            auth=auth or given["keys"]["auth"],
            by=patient,
        )


def test_a_push_host_that_is_taken_off_the_list_is_asked_no_more(
    phone: Phone, push_service: Outside, visit: UUID
) -> None:
    tell(visit)
    settings.use(settings.current().model_copy(update={"push_hosts": ("fcm.googleapis.com",)}))
    settings.use(settings.current().model_copy(update={"sms_webhook_url": ""}))
    deliver()
    assert push_service.received == []
    assert promise().status == "dead_letter"
