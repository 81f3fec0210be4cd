"""A phone asks to be told about its visit, and asks no more; nobody else can for it."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import settings
from app.core.transaction import release
from app.journey import services as journey
from app.notices import queries, web_push
from app.notices.rules import encoded
from tests.hospital import Hospital
from tests.pages import csrf_of, send

SUBSCRIPTION: dict[str, Any] = {
    "endpoint": "https://fcm.googleapis.com/fcm/send/abc",
    "keys": {"p256dh": encoded(b"\x04" + b"\x01" * 64), "auth": encoded(b"\x02" * 16)},
}


@pytest.fixture
def visit(web: Flask, hospital: Hospital, client: FlaskClient) -> UUID:
    """Give a visit that is open on the client's phone."""
    found = hospital.waiting("consult")
    secret = journey.issue_link(found, by=hospital.cast.henry)
    assert send(client, f"/l/{secret}", f"/l/{secret}").status_code == 303
    return found


@pytest.fixture(autouse=True)
def _push_is_set_up(web: Flask) -> Iterator[None]:
    before = settings.current()
    settings.use(before.model_copy(update={"vapid_private_key": type(before.secret_key)(web_push.new_key())}))
    yield
    settings.use(before)


def ask(client: FlaskClient, method: str, body: object, *, page: str = "/me") -> int:
    token = csrf_of(client.get(page))
    return client.open("/me/push", method=method, json=body, headers={"X-CSRFToken": token}).status_code


def browsers(visit: UUID) -> int:
    release()
    return len(queries.subscriptions_of(visit))


def test_a_phone_subscribes_and_lets_go(client: FlaskClient, visit: UUID) -> None:
    assert ask(client, "POST", SUBSCRIPTION) == 204
    assert ask(client, "POST", SUBSCRIPTION) == 204
    assert browsers(visit) == 1
    assert ask(client, "DELETE", {"endpoint": SUBSCRIPTION["endpoint"]}) == 204
    assert ask(client, "DELETE", {"endpoint": SUBSCRIPTION["endpoint"]}) == 204
    assert browsers(visit) == 0


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (None, 400),
        ([], 400),
        ({}, 400),
        ({**SUBSCRIPTION, "keys": None}, 400),
        ({**SUBSCRIPTION, "keys": {"p256dh": 1, "auth": "x"}}, 400),
        ({**SUBSCRIPTION, "endpoint": None}, 400),
        ({**SUBSCRIPTION, "endpoint": "https://evil.example/"}, 422),
        ({**SUBSCRIPTION, "endpoint": "http://169.254.169.254/"}, 422),
        ({**SUBSCRIPTION, "keys": {"p256dh": "AA", "auth": "AA"}}, 422),
    ],
)
def test_what_is_no_subscription_is_refused(
    client: FlaskClient, visit: UUID, body: object, status: int
) -> None:
    assert ask(client, "POST", body) == status
    assert browsers(visit) == 0


def test_a_stranger_subscribes_to_nothing(client: FlaskClient) -> None:
    assert ask(client, "POST", SUBSCRIPTION, page="/login") == 401


def test_no_form_of_another_site_can_do_it(client: FlaskClient, visit: UUID) -> None:
    assert client.post("/me/push", json=SUBSCRIPTION).status_code == 400
    assert browsers(visit) == 0
