"""A gateway, a push service and a patient who wants to be told by both."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from flask import Flask

from app import settings
from app.core import relay
from app.core.actor import Actor
from app.notices import consumers, services, web_push
from tests.integration.notices.outside import Outside, outside

GATEWAY_SECRET = "what the gateway and this house know of each other"


@pytest.fixture
def gateway() -> Iterator[Outside]:
    """Give the hospital's SMS gateway."""
    with outside() as there:
        yield there


@pytest.fixture
def push_service() -> Iterator[Outside]:
    """Give a browser's push service."""
    with outside() as there:
        yield there


@pytest.fixture
def told(app: Flask, gateway: Outside) -> Iterator[None]:
    """Set up both ways out, for one test."""
    before = settings.current()
    values = {
        name.upper(): getattr(before, name) for name in ("app_env", "database_url", "public_url", "var_dir")
    }
    settings.use(
        settings.load(
            {
                **{name: str(value) for name, value in values.items()},
                "SECRET_KEY": before.secret_key.get_secret_value(),
                "SMS_WEBHOOK_URL": f"{gateway.url}/annae",
                "SMS_WEBHOOK_SECRET": GATEWAY_SECRET,
                "VAPID_PRIVATE_KEY": web_push.new_key(),
                "VAPID_SUBJECT": "mailto:it@hospital.example",
                "PUSH_HOSTS": "127.0.0.1",
            }
        )
    )
    consumers.register_consumers()
    yield
    relay.clear()
    settings.use(before)


@pytest.fixture
def visit() -> UUID:
    """Give a visit."""
    return uuid4()


@pytest.fixture
def patient(visit: UUID) -> Actor:
    """Give its patient, on a phone."""
    return Actor(kind="patient", role="patient", id=visit, visit_id=visit)


@pytest.fixture
def by_sms(app: Flask, told: None, visit: UUID, patient: Actor) -> None:
    """Let the patient agree to be told by the gateway."""
    services.prefer_sms(visit, wanted=True, by=patient)
