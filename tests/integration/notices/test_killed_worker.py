"""kill -9 between claim and finish: the message is sent by another worker, known by its key, and nothing is lost."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID, uuid4

import time_machine
from flask import Flask
from sqlalchemy import select

from app import settings
from app.core import clock, relay
from app.core.actor import SYSTEM
from app.core.db import db
from app.core.outbox import OutboxPromise
from app.core.transaction import release
from app.notices import services
from app.notices.rules import Kind
from app.settings import ROOT
from tests.integration.notices.conftest import GATEWAY_SECRET
from tests.integration.notices.outside import Outside, Received

LONGEST_SECONDS = 60


@contextmanager
def worker(how: str) -> Iterator[subprocess.Popen[str]]:
    """Start a worker on the same database and the same gateway; it is gone at the end."""
    now = settings.current()
    release()
    started = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.notices.worker_that_dies", how],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            "APP_ENV": "test",
            "SECRET_KEY": now.secret_key.get_secret_value(),
            "DATABASE_URL": now.database_url,
            "VAR_DIR": str(now.var_dir),
            "PUBLIC_URL": now.public_url,
            "SMS_WEBHOOK_URL": now.sms_webhook_url,
            "SMS_WEBHOOK_SECRET": GATEWAY_SECRET,
        },
    )
    try:
        yield started
    finally:
        if started.poll() is None:
            started.send_signal(signal.SIGKILL)
        started.wait(LONGEST_SECONDS)
        if started.stdout is not None:
            started.stdout.close()


def tell(visit: UUID, *occasions: str) -> None:
    for occasion in occasions:
        services.notify(
            visit, Kind.CALLED, occasion=occasion, params={"number": 1}, patient_id=uuid4(), by=SYSTEM
        )


def promises() -> list[OutboxPromise]:
    release()
    return list(db.session.execute(select(OutboxPromise).order_by(OutboxPromise.id)).scalars())


def deliver_after_the_lease() -> int:
    consumer = relay.find("sms")
    assert consumer is not None
    assert relay.deliver_due(consumer) == 0  # the dead one's lease still stands
    with time_machine.travel(clock.utcnow() + timedelta(seconds=consumer.lease_seconds + 5)):
        assert relay.reap(["sms"]) > 0
        return relay.deliver_due(consumer)


def test_killed_before_sending(app: Flask, by_sms: None, gateway: Outside, visit: UUID) -> None:
    tell(visit, "a", "b")
    with worker("claim") as dying:
        assert dying.stdout is not None
        assert dying.stdout.readline() == "claimed\n"
        dying.send_signal(signal.SIGKILL)
        dying.wait(LONGEST_SECONDS)
    assert {row.status for row in promises()} == {"processing"}
    assert deliver_after_the_lease() == 2
    assert {row.outcome for row in promises()} == {"delivered"}
    assert len({one.headers["idempotency-key"] for one in gateway.received}) == 2 == len(gateway.received)


def test_killed_after_sending(app: Flask, by_sms: None, gateway: Outside, visit: UUID) -> None:
    arrived, may_answer = threading.Event(), threading.Event()

    def hold(_received: Received) -> None:
        arrived.set()
        may_answer.wait(LONGEST_SECONDS)

    gateway.hook = hold
    tell(visit, "a", "b")
    with worker("send") as dying:
        assert arrived.wait(LONGEST_SECONDS)
        dying.send_signal(signal.SIGKILL)
        dying.wait(LONGEST_SECONDS)
    gateway.hook = None
    may_answer.set()
    assert deliver_after_the_lease() == 2
    assert {row.outcome for row in promises()} == {"delivered"}
    keys = [one.headers["idempotency-key"] for one in gateway.received]
    # The one that was under way came twice with one key; the other once.
    assert sorted(keys.count(key) for key in set(keys)) == [1, 2]
    bodies = {one.headers["idempotency-key"]: one.body for one in gateway.received}
    assert all(bodies[one.headers["idempotency-key"]] == one.body for one in gateway.received)
