"""A silent EMR costs the clock nothing: what waits for it waits beside, one turn at a time."""

from collections.abc import Iterator

import pytest
from flask import Flask

from app import settings
from app.core import clock, relay
from app.core.transaction import release
from app.fhir.relay.registering import register_consumers
from app.jobs import clock as the_clock
from app.jobs.aside import Aside
from tests.hospital import Hospital
from tests.integration.fhir.deliveries import rows
from tests.processes.house import wait_until
from tests.services.fhir import FhirServer

ASIDE = {duty.name for duty in the_clock.DUTIES if duty.is_aside}
SILENCE_SECONDS = 6.0
A_TURN_SECONDS = SILENCE_SECONDS / 2


@pytest.fixture
def silent_emr(sqlite_app: Flask, hospital: Hospital, fhir_server: FhirServer) -> Iterator[FhirServer]:
    """Set up an EMR that takes every request and answers none, and no worker to wait for it."""
    before = settings.current()
    settings.use(before.model_copy(update={"fhir_base_url": fhir_server.base_url}))
    relay.clear()
    register_consumers()
    hospital.expect("consult")
    fhir_server.control(mode="hang", n=1000, ms=1000 * SILENCE_SECONDS)
    yield fhir_server
    relay.clear()
    settings.use(before)


def test_a_silent_emr_does_not_stop_the_clock(sqlite_app: Flask, silent_emr: FhirServer) -> None:
    aside = Aside(sqlite_app.app_context)
    release()
    begun = clock.monotonic()
    the_clock.tick(aside)
    assert clock.monotonic() - begun < A_TURN_SECONDS
    assert any(aside.is_busy(name) for name in ASIDE)
    the_clock.tick(aside)  # and whoever is still waiting is not begun a second time
    assert clock.monotonic() - begun < SILENCE_SECONDS
    silent_emr.control(reset=True)
    wait_until(lambda: not any(aside.is_busy(name) for name in ASIDE), 30, "the end of its silence")
    assert {row.status for row in rows()} & {"pending", "failed"}  # nothing lost, nothing dead
    assert "dead_letter" not in {row.status for row in rows()}
