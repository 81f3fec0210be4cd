"""The EMR is away for an hour: the ward works on as ever, and only the time beside its name stands still."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.core.db import db
from app.core.outbox import OutboxPromise
from app.core.transaction import release
from app.jobs import clock as keeper
from app.jobs.aside import Aside
from app.journey import services as journey
from tests.hospital import Hospital
from tests.integration.fhir.inbound.conftest import Emr, open_emr
from tests.processes.house import wait_until
from tests.services.fhir import FhirServer
from tests.web.scenes import entry_of, statements

Browser = Callable[[str], FlaskClient]
MORNING = "2026-11-23T00:30:00Z"
AS_OF = re.compile(r'<p id="emr-as-of".*?</p>', re.DOTALL)


@pytest.fixture
def emr(sqlite_app: Flask, hospital: Hospital, fhir_server: FhirServer) -> Iterator[Emr]:
    yield from open_emr(fhir_server, hospital)


def work(hospital: Hospital, room: int) -> tuple[int, int]:
    """Let one patient come, be called and be served; return the statements of the call and of the start."""
    visit = hospital.waiting("consult")
    nurse = hospital.cast.anne
    with statements() as calling:
        journey.call_next(hospital.consult, hospital.rooms[room], by=nurse)
    entry = entry_of(visit)
    with statements() as starting:
        journey.start(entry.public_id, version=entry.version, confirm=frozenset({"identity"}), by=nurse)
    entry = entry_of(visit)
    journey.complete(entry.public_id, version=entry.version, confirm=frozenset({"short_service"}), by=nurse)
    release()
    return len(calling), len(starting)


def turn(aside: Aside) -> None:
    """Let the clock do what is due, and what it does beside itself come to its end."""
    keeper.tick(aside)
    wait_until(lambda: not any(aside.is_busy(duty.name) for duty in keeper.DUTIES), 60, "the duties beside")


def test_an_hour_without_the_emr_is_an_hour_like_any_other(
    emr: Emr, sqlite_app: Flask, browser_of: Browser, hospital: Hospital
) -> None:
    aside = Aside(sqlite_app.app_context)
    page = f"/ward/{hospital.consult}"
    with time_machine.travel(MORNING, tick=False) as now:
        nurse = browser_of("anne")
        turn(aside)
        release()
        work(hospital, 1)  # what a process asks once, it has asked
        with_emr = work(hospital, 0)
        turn(aside)
        before = nurse.get(page).get_data(as_text=True)
        assert "09:30" in AS_OF.findall(before)[0]
        emr.server.control(mode="503", retryAfter=1, n=100_000)
        for minute in range(5, 61, 5):
            now.shift(timedelta(minutes=5))
            turn(aside)
            release()
            assert nurse.get(page).status_code == 200
            if minute % 10 == 0:
                assert work(hospital, minute // 10 % 3) == with_emr  # nobody waits for the EMR, or asks more
        answer = nurse.get(page)
        assert answer.status_code == 200
        after = answer.get_data(as_text=True)
        [told] = AS_OF.findall(after)
        assert "09:30" in told
        assert "small as-of" in told
        assert "10:30" not in told
        # Whoever is away: no other word of it stands on the page.
        assert AS_OF.sub("", before).count("EMR") == AS_OF.sub("", after).count("EMR")
        waiting = db.session.execute(
            select(func.count()).where(OutboxPromise.status.in_(("pending", "failed")))
        ).scalar_one()
        assert waiting > 20
        release()

        emr.server.reset()
        now.shift(timedelta(minutes=6))
        for _ in range(6):
            turn(aside)
            assert nurse.get(page).status_code == 200
            now.shift(timedelta(seconds=40))
        release()
        statuses = set(db.session.execute(select(OutboxPromise.status).distinct()).scalars())
        assert statuses == {"completed"}
        told = AS_OF.findall(nurse.get(page).get_data(as_text=True))[0]
        assert "small muted" in told
        assert "10:39" in told
