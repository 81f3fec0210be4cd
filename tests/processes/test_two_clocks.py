"""Two clock processes on one database, as after a failover that was none: every recall is given once."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from app.core.db import db
from app.core.lease import DutyRow
from app.core.transaction import release
from app.journey.states import Command
from app.queues import services as queues
from app.queues.models import Call
from app.settings import ROOT, current
from tests.hospital import ALL_DAY, Hospital
from tests.integration.journey.scenes import Stage
from tests.processes.house import wait_until

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("processes")]
GAP_SECONDS, CALLS, CLOCKS = 3, 3, 2
END_SECONDS = 20


@contextmanager
def ticking(folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a clock process on the test's database until the end."""
    environment = {
        "PATH": os.environ["PATH"],
        "APP_ENV": "test",
        "SECRET_KEY": "a key for tests only, 32 signs and more",
        "DATABASE_URL": current().database_url,
        "VAR_DIR": str(folder),
    }
    with (folder / "clock.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "worker.py", "--clock"], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.mark.parametrize(
    "app",
    [pytest.param("sqlite", marks=pytest.mark.slow), pytest.param("mariadb", marks=pytest.mark.mariadb)],
    indirect=True,
)
def test_two_clock_processes_call_again_once_each_time(
    app: Flask, hospital: Hospital, tmp_path: Path
) -> None:
    stage = Stage(hospital)
    rules = replace(ALL_DAY, recall_gap_seconds=GAP_SECONDS, max_calls=CALLS, call_expiry_seconds=3600)
    queues.set_rules(hospital.consult, rules, version=1, by=hospital.cast.chris)
    visits = [stage.bring("waiting") for _ in range(3)]
    with ExitStack() as stack, app.app_context():
        clocks = [stack.enter_context(ticking(tmp_path)) for _ in range(CLOCKS)]
        wait_until(lambda: looked_at() is not None, 60, "a clock looks after the absent")
        for visit in visits:
            stage.give(Command.CALL, visit)
        wait_until(
            lambda: len(calls()) == CALLS * len(visits), 90, "everybody was called as often as allowed"
        )
        seen = looked_at()
        wait_until(lambda: looked_at() != seen, 60, "a clock has looked once more")
        assert [one.poll() for one in clocks] == [None] * CLOCKS, (tmp_path / "clock.log").read_text()
    for visit in visits:
        own = [one for one in calls() if one.number == stage.visit(visit).day_number]
        assert [one.attempt for one in own] == [1, 2, 3]
        assert all(b.at - a.at >= timedelta(seconds=GAP_SECONDS) for a, b in pairwise(own))
        recalls = [line for line in stage.lines(visit) if line.command == Command.RECALL]
        assert [line.actor_kind for line in recalls] == ["system", "system"]


def looked_at() -> object:
    """Return when some clock looked after the absent last."""
    release()
    duty = select(DutyRow.last_done).where(DutyRow.name == "answer_for_the_absent")
    return db.session.execute(duty).scalar_one_or_none()


def calls() -> list[Call]:
    release()
    return list(db.session.execute(select(Call).order_by(Call.id)).scalars())
