"""The EMR says that it has news; screens say as of when it is known; who was booked there a moment ago can check in."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.core import clock
from app.core.db import db
from app.core.transaction import release
from app.fhir import inbound, targets
from app.fhir.models import Sync
from app.fhir.queries import sync
from app.jobs import fhir
from app.journey import services as journey
from tests.hospital import Hospital
from tests.integration.fhir.inbound.conftest import Emr, open_emr
from tests.services.fhir import FhirServer
from tests.web.plain import Plain
from tests.web.scenes import entry_of, statements

Browser = Callable[[str], FlaskClient]


@pytest.fixture
def emr(sqlite_app: Flask, hospital: Hospital, fhir_server: FhirServer) -> Iterator[Emr]:
    yield from open_emr(fhir_server, hospital)


@pytest.fixture
def secret() -> str:
    return "let-me-know"


def asked_at() -> object:
    release()
    return db.session.execute(select(Sync.asked_at).where(Sync.resource_type == "*")).scalar_one_or_none()


def test_the_hook_asks_for_news_and_reads_nothing_itself(emr: Emr, client: FlaskClient, secret: str) -> None:
    emr.pull()
    emr.patient("p1")
    before = emr.server.control()["stats"]
    answer = client.post(
        f"/fhir/hook/emr/{secret}", data=b'{"resourceType":"Patient"', content_type="application/json"
    )
    assert (answer.status_code, answer.data) == (202, b"")
    assert emr.server.control()["stats"] == before
    assert asked_at() is not None
    assert emr.patients() == []
    release()
    assert inbound.is_due(emr.target)
    assert fhir.pull_when_due() == 1
    assert asked_at() is None
    assert not inbound.is_due(emr.target)


@pytest.mark.parametrize(
    "path", ["emr/wrong", "emr/let-me-kno", "emr/let-me-knox", "other/let-me-know", "emr/é"]
)
def test_a_wrong_secret_and_an_unknown_target_look_alike(emr: Emr, client: FlaskClient, path: str) -> None:
    assert client.post(f"/fhir/hook/{path}").status_code == 404
    assert asked_at() is None


def test_without_a_secret_nobody_is_heard(sqlite_app: Flask, client: FlaskClient) -> None:
    assert client.post("/fhir/hook/emr/").status_code in {404, 405}
    assert client.post("/fhir/hook/emr/x").status_code == 404


def test_a_flood_at_the_hook_is_braked(emr: Emr, client: FlaskClient, secret: str) -> None:
    away = {"REMOTE_ADDR": "192.0.2.77"}  # what is counted there is nobody else's
    codes = [client.post("/fhir/hook/emr/wrong", environ_base=away).status_code for _ in range(130)]
    assert codes[-1] == 429
    assert codes[0] == 404


def test_the_job_twice_is_harmless_and_a_vanished_target_ends_it_quietly(emr: Emr) -> None:
    emr.patient("p1")
    release()
    assert fhir.pull_from_emr("emr") == 1
    assert fhir.pull_from_emr("emr") == 0
    assert fhir.pull_from_emr("gone") == 0


def test_the_clock_reads_every_so_often(emr: Emr) -> None:
    with time_machine.travel(clock.utcnow(), tick=False) as now:
        release()
        assert inbound.is_due(emr.target)
        fhir.pull_when_due()
        assert not inbound.is_due(emr.target)
        now.shift(29)
        assert not inbound.is_due(emr.target)
        now.shift(1)
        assert inbound.is_due(emr.target)


def test_a_patient_booked_there_a_moment_ago_checks_in_at_the_kiosk(
    emr: Emr, web: Flask, hospital: Hospital
) -> None:
    emr.patient("p1", telecom=[{"system": "phone", "value": "+82 10-2468-1357"}])
    emr.booking("a1", "p1", "consult")
    emr.pull()
    release()
    kiosk = Plain(web.test_client()).open(f"/pair/{hospital.kiosk_code}")
    kiosk.press("/pair", code=hospital.kiosk_code)
    kiosk.press("/kiosk/begin", language="ko")
    kiosk.press("/kiosk/phone", phone_last4="1357").press("/kiosk/birth", birth_date="19800203")
    kiosk.press("/kiosk/check")
    kiosk.press("/kiosk/confirm")
    assert emr.visit_of("p1").state == "WAITING"


def test_screens_say_as_of_when_the_emr_is_known(emr: Emr, browser_of: Browser, hospital: Hospital) -> None:
    pages = {"anne": f"/ward/{hospital.consult}", "henry": "/desk"}
    with time_machine.travel("2026-11-23T01:30:00Z", tick=False) as now:
        for name, page in pages.items():
            sync.forget_standing()
            shown = browser_of(name).get(page, headers={"Accept-Language": "ko"}).text
            assert 'class="small as-of"' in shown
        emr.pull()
        sync.forget_standing()
        release()
        for name, page in pages.items():
            shown = browser_of(name).get(page).text
            assert 'id="emr-as-of" class="small muted"' in shown
            assert "10:30" in shown
        now.shift(timedelta(minutes=6))
        sync.forget_standing()
        part = browser_of("anne").get("/live/emr-as-of")
        assert part.status_code == 200
        assert 'class="small as-of"' in part.text


def test_without_an_emr_no_screen_speaks_of_it(browser_of: Browser, hospital: Hospital) -> None:
    assert targets.pulled() == ()
    assert "emr-as-of" not in browser_of("anne").get(f"/ward/{hospital.consult}").text
    assert browser_of("anne").get("/live/emr-as-of").status_code == 204


def test_the_line_costs_one_statement_in_five_seconds(emr: Emr) -> None:
    emr.pull()
    sync.forget_standing()
    release()
    with statements() as seen:
        for _ in range(10):
            sync.standing()
    assert len(seen) == 1


def test_the_status_costs_two_statements(emr: Emr) -> None:
    emr.patient("p1")
    emr.patient("p2", birthDate=None)
    emr.pull()
    release()
    with statements() as seen:
        [status] = sync.sync_status()
    assert len(seen) == 2
    assert (status.target, status.unmatched, status.last_error) == ("emr", 1, None)
    assert status.succeeded_at is not None
    assert {one.resource_type: one.taken for one in status.types}["Patient"] == 1


def test_staff_are_told_of_a_record_that_was_merged(
    emr: Emr, browser_of: Browser, hospital: Hospital
) -> None:
    emr.patient("p1")
    emr.booking("a1", "p1", "consult")
    emr.pull()
    visit = emr.visit_of("p1").public_id
    journey.check_in(visit, by=hospital.cast.henry)
    entry = entry_of(visit).public_id
    desk, ward = f"/desk/visits/{visit}", f"/ward/{hospital.consult}/entries/{entry}"
    told = "merged this record"
    english = {"Accept-Language": "en"}
    assert told not in browser_of("henry").get(desk, headers=english).text
    emr.patient("p2")
    emr.patient("p1", active=False, link=[{"other": {"reference": "Patient/p2"}, "type": "replaced-by"}])
    emr.pull()
    release()
    assert told in browser_of("henry").get(desk, headers=english).text
    assert told in browser_of("anne").get(ward, headers=english).text
