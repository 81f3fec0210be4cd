"""kill -9 of who measures, in the middle of a study: the next one does it, once, and nothing is left in between."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import update

from app import settings
from app.core import clock, relay
from app.core.db import db
from app.core.jobs import Job, delivering
from app.core.outbox import OutboxPromise
from app.core.transaction import release, transactional
from app.imaging import consumers
from app.jobs import relay as jobs
from app.settings import ROOT
from tests.integration.imaging.heads import CONSUMER, head, instances, results, study, take_in, work
from tests.processes.house import wait_until

LONGEST_SECONDS = 60


@pytest.fixture(autouse=True)
def house(sqlite_app: Flask, tmp_path: Path) -> Iterator[None]:
    """Let the house keep its files apart, and measure at once."""
    before = settings.current()
    settings.use(before.model_copy(update={"var_dir": tmp_path, "analysis_quiet_seconds": 0}))
    relay.clear()
    consumers.register_consumers()
    yield
    relay.clear()
    settings.use(before)


def start() -> "subprocess.Popen[bytes]":
    now = settings.current()
    names = ("app_env", "database_url", "var_dir", "public_url", "analysis_quiet_seconds")
    return subprocess.Popen(
        [sys.executable, "-m", "tests.jobs.measuring_worker"],
        cwd=ROOT,
        env={
            **os.environ,
            **{name.upper(): str(getattr(now, name)) for name in names},
            "SECRET_KEY": now.secret_key.get_secret_value(),
        },
    )


@transactional
def forget_the_lease() -> None:
    """Let the dead one's minutes be over."""
    over = clock.utcnow() - timedelta(seconds=1)
    db.session.connection().execute(update(OutboxPromise).values(lease_until=over))


@pytest.mark.processes
def test_a_study_whose_worker_was_killed_is_measured_by_the_next() -> None:
    uid = take_in(head(1, 15.0))
    release()
    dying = start()
    try:
        wait_until(lambda: (study(uid).progress or 0) > 0, LONGEST_SECONDS, "its pictures are fetched")
    finally:
        dying.send_signal(signal.SIGKILL)
        dying.wait(LONGEST_SECONDS)
    assert study(uid).state == "analysing"
    work()
    assert study(uid).state == "analysing", "the lease is the dead one's"
    forget_the_lease()
    assert relay.reap([CONSUMER])
    work()
    assert study(uid).state == "measured"
    assert len(results(uid)) == 1
    assert len(instances(uid, "inference")) == 2


def test_the_slow_have_a_job_of_their_own() -> None:
    assert delivering(CONSUMER) is Job.DELIVER_SLOWLY
    assert delivering("sms") is Job.DELIVER_PROMISES
    uid = take_in(head(modality="MR"))
    release()
    for _ in range(2):  # a job may run twice
        jobs.deliver_slowly(CONSUMER)
    assert study(uid).state == "not_analysable"
