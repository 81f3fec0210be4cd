"""The EMR connection's pages: what is sent and who says so, what did not fit, who overwrote whom; patients covered."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app import settings
from app.core import clock, jobs, redis, relay
from app.core.audit import AuditRow
from app.core.db import db
from app.core.jobs import Job
from app.core.transaction import release, transactional
from app.fhir.models import Capability, Conflict, Sync, Unmatched
from app.fhir.relay.registering import register_consumers
from app.fhir.rules import SOURCE_VERSION
from app.jobs import again
from tests.hospital import Hospital
from tests.pages import send
from tests.services.fhir import FhirServer

Browsers = Callable[[str], FlaskClient]
ADMIN, PAGE, CONFLICTS = "chris", "/admin/emr", "/admin/emr/conflicts"
PATIENT = "0f0e0d0c-0b0a-4908-8706-050403020100"
META = '"meta": {"versionId": "7", "lastUpdated": "2026-11-21T09:00:00Z"}'
STAMP = (
    f'"extension": [{{"url": "{SOURCE_VERSION}", "valueInteger": 3}}]'  # as each writing of ours carries it
)
OURS = f'{{"resourceType": "Patient", "id": "{PATIENT}", "birthDate": "1953-04-12", "active": true, {STAMP}}}'
THEIRS = (
    f'{{"resourceType": "Patient", "id": "{PATIENT}", "birthDate": "1954-04-12", "active": true, {META}}}'
)


@pytest.fixture
def target(web: Flask, hospital: Hospital) -> Iterator[None]:
    """Set an EMR up that nobody ever reaches: pages ask it nothing."""
    before = settings.current()
    settings.use(before.model_copy(update={"fhir_base_url": "http://127.0.0.1:9/fhir"}))
    register_consumers()
    yield
    relay.clear()
    settings.use(before)


@transactional
def add(*found: object) -> None:
    db.session.add_all(found)


@pytest.fixture
def conflict(target: None) -> UUID:
    """Give a conflict about a patient."""
    row = Conflict(
        target="emr",
        kind="patient",
        aggregate_id=PATIENT,
        seq=3,
        at=clock.utcnow(),
        ours=OURS,
        theirs=THEIRS,
        their_version='W/"7"',
        outcome="ours_written",
    )
    add(row)
    release()
    return db.session.execute(select(Conflict.public_id)).scalar_one()


def decided() -> tuple[bool, str]:
    release()
    row = db.session.execute(select(Capability).where(Capability.resource_type == "Task")).scalar_one()
    return row.is_taken, row.decided_by


@pytest.mark.parametrize("page", [PAGE, f"{PAGE}/now", CONFLICTS])
@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("anne", 403),
        ("ben", 403),
        ("chris", 200),
        ("flora", 403),
        ("grace", 403),
        ("henry", 403),
        ("iris", 403),
        ("jonas", 403),
        ("eve", 401),
    ],
)
def test_only_the_administrator_sees_it(browser_of: Browsers, page: str, name: str, status: int) -> None:
    assert browser_of(name).get(page).status_code == status


@pytest.mark.parametrize(
    ("name", "status"), [("anne", 403), ("flora", 403), ("grace", 403), ("jonas", 403), ("eve", 401)]
)
def test_nobody_else_looks_or_decides(browser_of: Browsers, conflict: UUID, name: str, status: int) -> None:
    browser = browser_of(name)
    assert browser.get(f"{CONFLICTS}/{conflict}").status_code == status
    for action in ("types", "unmatched", "again", f"conflicts/{conflict}/open"):
        answer = send(
            browser,
            "/login",
            f"{PAGE}/{action}",
            target="emr",
            resource_type="Task",
            is_taken="no",
            version=0,
            reason="x",
        )
        assert answer.status_code == status
    release()
    assert db.session.execute(select(Capability)).first() is None


def test_without_an_emr_the_page_says_what_to_set(browser_of: Browsers) -> None:
    assert "FHIR_BASE_URL" in browser_of(ADMIN).get(PAGE).get_data(as_text=True)


def test_a_type_is_switched_off_and_on_by_who_has_seen_it(browser_of: Browsers, target: None) -> None:
    browser = browser_of(ADMIN)
    said = {"target": "emr", "resource_type": "Task"}
    off = send(browser, PAGE, f"{PAGE}/types", **said, is_taken="no", version="0")  # type: ignore[arg-type]
    assert off.status_code == 303
    assert decided() == (False, "admin")
    late = send(browser, PAGE, f"{PAGE}/types", **said, is_taken="yes", version="0")  # type: ignore[arg-type]
    assert late.status_code == 409
    assert decided() == (False, "admin")
    page = browser.get(PAGE).get_data(as_text=True)
    form = page[page.index('value="Task"') :]
    version = re.search(r'name="version" value="(\d+)"', form)
    assert version
    on = send(browser, PAGE, f"{PAGE}/types", **said, is_taken="yes", version=version[1])  # type: ignore[arg-type]
    assert on.status_code == 303
    assert decided() == (True, "admin")
    release()
    deeds = db.session.execute(select(AuditRow).where(AuditRow.action == "fhir:capability:set")).scalars()
    assert [row.details for row in deeds] == [{"is_taken": False}, {"is_taken": True}]


@pytest.mark.parametrize(
    "said",
    [{"target": "nobody", "resource_type": "Task"}, {"target": "emr", "resource_type": "Medication"}],
)
def test_only_what_is_there_is_switched(browser_of: Browsers, target: None, said: dict[str, str]) -> None:
    answer = send(browser_of(ADMIN), PAGE, f"{PAGE}/types", **said, is_taken="no", version="0")  # type: ignore[arg-type]
    assert answer.status_code == 404
    assert send(browser_of(ADMIN), PAGE, f"{PAGE}/unmatched", target="nobody").status_code == 404


def test_it_tells_how_far_was_read_and_what_did_not_fit(browser_of: Browsers, target: None) -> None:
    at = clock.utcnow() - timedelta(minutes=1)
    add(
        Sync(target="emr", resource_type="*", succeeded_at=at, tried_at=at, taken=0, echoes=0),
        Sync(target="emr", resource_type="Patient", watermark=at, succeeded_at=at, taken=12, echoes=3),
        Sync(target="emr", resource_type="Appointment", last_error="HTTP 500", taken=0, echoes=0),
        Unmatched(
            target="emr",
            resource_type="ServiceRequest",
            remote_id="sr-17",
            reason="unknown_service",
            detail="XR-99",
            at=at,
        ),
    )
    page = browser_of(ADMIN).get(PAGE).get_data(as_text=True)
    assert "HTTP 500" in page
    assert "sr-17" in page
    assert "XR-99" in page
    assert ">12<" in page


def test_try_again_is_work_for_a_worker(
    browser_of: Browsers, target: None, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = browser_of(ADMIN)
    # Without Redis nobody could do it, and the page says so instead of promising it.
    assert send(browser, PAGE, f"{PAGE}/unmatched", target="emr").status_code == 503
    settings.use(settings.current().model_copy(update={"redis_url": redis_url}))
    assert send(browser, PAGE, f"{PAGE}/unmatched", target="emr").status_code == 303
    connection = redis.client()
    queued = connection.exists(jobs._wish(Job.RETRY_UNMATCHED, ("emr",)))
    connection.flushdb()
    connection.close()
    assert queued == 1


def test_a_target_that_is_down_is_told_nothing_again_and_the_page_says_so(
    browser_of: Browsers, target: None
) -> None:
    browser = browser_of(ADMIN)
    send(browser, PAGE, "/language", language="en", next=PAGE)
    refused = send(browser, PAGE, f"{PAGE}/again", target="emr")
    assert refused.status_code == 503
    assert "The target does not answer" in refused.get_data(as_text=True)
    assert send(browser, PAGE, f"{PAGE}/again", target="nobody").status_code == 404
    release()
    assert db.session.execute(select(Sync)).first() is None


def test_a_wiped_target_is_begun_with_at_the_page_and_gone_on_with_by_a_worker(
    browser_of: Browsers,
    target: None,
    hospital: Hospital,
    fhir_server: FhirServer,
    redis_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    relay.clear()
    hospital.expect("consult")  # told to nobody yet
    settings.use(
        settings.current().model_copy(update={"fhir_base_url": fhir_server.base_url, "redis_url": redis_url})
    )
    register_consumers()
    assert send(browser_of(ADMIN), PAGE, f"{PAGE}/again", target="emr").status_code == 303
    release()
    begun = db.session.execute(select(Sync).where(Sync.resource_type == "again")).scalar_one()
    assert (begun.tried_at is None, begun.succeeded_at) == (False, None)
    release()
    connection = redis.client()
    assert connection.exists(jobs._wish(Job.TELL_AGAIN, ("emr",))) == 1
    monkeypatch.setattr(again, "MOST_SECONDS", 0.0)
    again.tell_again("emr")  # its time is over after the first piece: it asks for the next run
    assert connection.exists(jobs._wish(Job.TELL_AGAIN, ("emr",))) == 1
    monkeypatch.undo()
    assert again.tell_again("emr") > 0
    assert (again.tell_again("emr"), again.tell_again("nobody")) == (0, 0)  # over, and begun by nobody
    connection.flushdb()
    connection.close()
    release()
    ended = db.session.execute(select(Sync.succeeded_at).where(Sync.resource_type == "again")).scalar_one()
    assert ended is not None


def test_a_conflict_shows_what_differs_and_nobody(browser_of: Browsers, conflict: UUID) -> None:
    browser = browser_of(ADMIN)
    assert str(conflict) in browser.get(CONFLICTS).get_data(as_text=True)
    page = browser.get(f"{CONFLICTS}/{conflict}").get_data(as_text=True)
    assert "birthDate" in page
    assert page.count('class="differs"') == 1
    for stamp in ("meta.", "lastUpdated", "source-version"):  # what every writing changes differs each time
        assert stamp not in page
    assert "1953" not in page
    assert "1954" not in page
    assert browser.get(f"{CONFLICTS}/{PATIENT}").status_code == 404


def test_a_conflict_is_opened_with_a_reason_and_written_down(browser_of: Browsers, conflict: UUID) -> None:
    browser = browser_of(ADMIN)
    page = f"{CONFLICTS}/{conflict}"
    assert send(browser, page, f"{page}/open", reason="").status_code == 422
    opened = send(browser, page, f"{page}/open", reason="the EMR's support asks")
    text = opened.get_data(as_text=True)
    assert "1953-04-12" in text
    assert "1954-04-12" in text
    release()
    (row,) = db.session.execute(select(AuditRow).where(AuditRow.action == "phi:support:open")).scalars()
    assert (row.patient, row.reason) == (UUID(PATIENT), "the EMR's support asks")


def test_every_page_speaks_english_too(browser_of: Browsers, conflict: UUID) -> None:
    browser = browser_of(ADMIN)
    send(browser, PAGE, "/language", language="en", next=PAGE)
    for page in (PAGE, CONFLICTS, f"{CONFLICTS}/{conflict}"):
        assert 'lang="en"' in browser.get(page).get_data(as_text=True)
