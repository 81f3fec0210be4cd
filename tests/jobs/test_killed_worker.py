"""kill -9 of a worker in the middle of a job: another runs it again, and what it sends is known by its key."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from flask import Flask
from rq import Queue
from rq.job import JobStatus
from rq.serializers import JSONSerializer
from sqlalchemy import select, update

from app import settings
from app.core import clock, redis, relay
from app.core.actor import SYSTEM, Actor
from app.core.db import db
from app.core.jobs import LIMITS, Job
from app.core.outbox import OutboxPromise
from app.core.transaction import release, transactional
from app.notices import consumers, services
from app.notices.rules import Kind
from app.settings import ROOT
from tests.integration.notices.outside import Outside, Received, outside
from tests.processes.house import wait_until

GATEWAY_SECRET = "what the gateway and this house know of each other"
LONGEST_SECONDS = 60


@pytest.fixture
def gateway(sqlite_app: Flask, redis_url: str) -> Iterator[Outside]:
    """Give a house with a Redis and an SMS gateway, and the gateway."""
    before = settings.current()
    with outside() as there:
        settings.use(
            settings.load(
                {
                    "APP_ENV": "test",
                    "SECRET_KEY": before.secret_key.get_secret_value(),
                    "DATABASE_URL": before.database_url,
                    "VAR_DIR": str(before.var_dir),
                    "PUBLIC_URL": before.public_url,
                    "REDIS_URL": redis_url,
                    "SMS_WEBHOOK_URL": f"{there.url}/annae",
                    "SMS_WEBHOOK_SECRET": GATEWAY_SECRET,
                }
            )
        )
        consumers.register_consumers()
        yield there
    relay.clear()
    connection = redis.client()
    connection.flushdb()
    connection.close()
    settings.use(before)


@contextmanager
def worker() -> Iterator["subprocess.Popen[bytes]"]:
    """Start a worker of the house; it is gone at the end."""
    now = settings.current()
    names = ("app_env", "database_url", "redis_url", "var_dir", "public_url", "sms_webhook_url")
    release()
    started = subprocess.Popen(
        [sys.executable, "-m", "tests.jobs.impatient_worker"],
        cwd=ROOT,
        env={
            **os.environ,
            **{name.upper(): str(getattr(now, name)) for name in names},
            "SECRET_KEY": now.secret_key.get_secret_value(),
            "SMS_WEBHOOK_SECRET": GATEWAY_SECRET,
        },
    )
    try:
        yield started
    finally:
        if started.poll() is None:
            started.send_signal(signal.SIGKILL)
        started.wait(LONGEST_SECONDS)


@transactional
def forget_the_lease() -> None:
    """Let the dead one's minute be over."""
    over = clock.utcnow() - timedelta(seconds=1)
    db.session.connection().execute(update(OutboxPromise).values(lease_until=over))


def outcomes() -> list[str | None]:
    release()
    return list(db.session.execute(select(OutboxPromise.outcome)).scalars())


@pytest.mark.processes
def test_a_job_whose_worker_was_killed_runs_again(gateway: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = replace(LIMITS[Job.DELIVER_PROMISES], retry_after_seconds=(0,))  # a test cannot wait for 5 s
    monkeypatch.setitem(LIMITS, Job.DELIVER_PROMISES, at_once)
    visit: UUID = uuid4()
    services.prefer_sms(
        visit, wanted=True, by=Actor(kind="patient", role="patient", id=visit, visit_id=visit)
    )
    services.notify(visit, Kind.CALLED, occasion="a", params={"number": 1}, patient_id=uuid4(), by=SYSTEM)
    connection = redis.client()
    queue = Queue(at_once.queue, connection=connection, serializer=JSONSerializer)
    wait_until(lambda: queue.count == 1, LONGEST_SECONDS, "the commit asks")
    (job,) = queue.jobs
    arrived, may_answer = threading.Event(), threading.Event()

    def hold(_received: Received) -> None:
        arrived.set()
        may_answer.wait(LONGEST_SECONDS)

    gateway.hook = hold
    with worker() as dying:
        assert arrived.wait(LONGEST_SECONDS)
        assert job.get_status() == JobStatus.STARTED
        dying.send_signal(signal.SIGKILL)
        dying.wait(LONGEST_SECONDS)
    gateway.hook = None
    may_answer.set()
    assert outcomes() == [None]
    forget_the_lease()
    assert relay.reap(["sms"]) == 1
    with worker():
        wait_until(lambda: job.get_status() == JobStatus.FINISHED, LONGEST_SECONDS, "the job runs again")
    connection.close()
    assert outcomes() == ["delivered"]
    first, second = gateway.received
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
