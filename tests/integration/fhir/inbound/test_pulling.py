"""Reading an EMR that is away, slow, wrong or read by two at once: nothing lost, nobody twice."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError

from app.core import clock
from app.core.db import db
from app.core.errors import BusyError, QueueEmptyError
from app.core.relay import breaker
from app.core.transaction import release, transactional
from app.fhir import inbound
from app.fhir.inbound import paging, reader, taking
from app.fhir.inbound.reading import Resource, stamp_of
from app.fhir.inbound.shapes import Context
from app.fhir.models import Link, Sync
from app.fhir.queries import sync
from app.journey import services as journey
from app.journey.models import Visit
from app.queues.models import QueueEntry
from tests.hospital import Hospital
from tests.integration.fhir.inbound.conftest import Emr, open_emr
from tests.services.fhir import FhirServer
from tests.together import together

DOWN = {"mode": "503", "n": 100000}


@pytest.fixture
def shared(mariadb_app: Flask, hospital: Hospital, fhir_server: FhirServer) -> Iterator[Emr]:
    """Give the EMR, read by a house on MariaDB."""
    yield from open_emr(fhir_server, hospital)


def status_of_all() -> sync.SyncStatus:
    release()
    [status] = sync.sync_status()
    return status


def test_the_emr_is_away_for_an_hour_and_all_is_taken_when_it_is_back(emr: Emr) -> None:
    emr.patient("p1")
    start = clock.utcnow()
    with time_machine.travel(start, tick=False) as now:
        emr.pull()
        emr.server.control(**DOWN)
        asked = 0
        for _ in range(120):  # every 30 s
            now.shift(30)
            pulled = emr.pull()
            asked += pulled.is_mine
            assert pulled.taken == 0
        assert 5 <= asked < 30  # the breaker leaves it alone, and lets one try now and then
        release()
        assert breaker.state_of("fhir:emr").open_until is not None
        stale = status_of_all()
        assert stale.last_error is not None
        assert stale.succeeded_at == start
        emr.server.reset()
        now.shift(301)
        emr.patient("p2")
        _, night = clock.day_bounds(clock.today())
        emr.booking("a2", "p2", at=min(clock.utcnow() + timedelta(minutes=15), night - timedelta(minutes=1)))
        emr.patient("p1", name=[{"text": "김민서"}])
        assert emr.pull().is_whole
        release()
        assert breaker.state_of("fhir:emr").open_until is None
        assert status_of_all().last_error is None
    assert emr.patient_of("p1").name == "김민서"
    assert emr.visit_of("p2").state == "UNREGISTERED"
    assert len(emr.patients()) == 2


@pytest.mark.parametrize("mode", ["garbage", "empty", "cut", "drop", "429"])
def test_a_spoilt_page_stops_this_run_and_costs_nothing(emr: Emr, mode: str) -> None:
    emr.patient("p1")
    emr.server.control(mode=mode, n=1, match="GET .*Patient")
    first = emr.pull()
    assert first.error is not None
    assert first.taken == 0
    assert emr.pull().taken == 1


def test_a_spoilt_later_page_keeps_what_was_taken(emr: Emr, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "PAGE_ROWS", 5)
    for number in range(12):
        emr.patient(f"p{number:02}")
    emr.server.control(mode="500", n=1, match="GET .*Patient.*_lastUpdated=ge.*")
    assert emr.pull().error is not None
    asked = emr.pull(most_seconds=0.0)  # one page, and the time is over
    assert not asked.is_whole
    assert 0 < asked.taken < 12
    mark = next(one.watermark for one in status_of_all().types if one.resource_type == "Patient")
    assert mark is not None
    for _ in range(12):
        if emr.pull(most_seconds=0.0).is_whole:
            break
    assert len(emr.patients()) == 12


def test_a_resource_that_breaks_our_own_code_is_listed_and_stops_nobody(
    emr: Emr, monkeypatch: pytest.MonkeyPatch
) -> None:
    emr.patient("p1", name=[{"text": "홍길동"}])
    emr.patient("p2")
    take = taking.TAKERS["Patient"]

    def breaks(context: Context, resource: Resource, link: Link | None) -> Link | None:
        if context.stamp.remote_id == "p1":
            raise ZeroDivisionError("홍길동")
        return take(context, resource, link)

    with monkeypatch.context() as patched:
        patched.setitem(taking.TAKERS, "Patient", breaks)
        pulled = emr.pull()
    assert (pulled.taken, pulled.unmatched, pulled.is_whole) == (1, 1, True)
    assert emr.listed() == {"Patient/p1": "failed"}
    assert "홍길동" not in str(db.session.execute(db.text("SELECT * FROM fhir_unmatched")).all())
    release()
    assert inbound.retry(emr.target).taken == 1
    assert emr.listed() == {}


def test_a_visit_that_somebody_works_on_is_taken_a_moment_later(
    emr: Emr, monkeypatch: pytest.MonkeyPatch
) -> None:
    emr.patient("p1")

    def busy(*_: object) -> None:
        raise BusyError(retry_after=1)

    with monkeypatch.context() as patched:
        patched.setitem(taking.TAKERS, "Patient", busy)
        pulled = emr.pull()
    assert (pulled.error, pulled.is_whole, emr.listed()) == (None, False, {})
    assert emr.pull().taken == 1


def test_a_type_that_the_server_does_not_know_is_no_outage(emr: Emr) -> None:
    emr.server.control(mode="404", n=1000, match="GET .*(Practitioner|Location|ServiceRequest)")
    emr.patient("p1")
    pulled = emr.pull()
    assert (pulled.taken, pulled.error, pulled.is_whole) == (1, None, True)
    errors = {one.resource_type: one.last_error for one in status_of_all().types}
    assert errors["Practitioner"] is not None
    assert errors["Patient"] is None
    assert breaker.state_of("fhir:emr").open_until is None


def test_two_workers_read_and_nobody_is_here_twice(shared: Emr, mariadb_app: Flask) -> None:
    for number in range(40):
        shared.patient(f"p{number}")
        shared.booking(f"a{number}", f"p{number}")
    answers = together(mariadb_app, [lambda: inbound.pull(shared.target)] * 4)
    readers = [one for one in answers if isinstance(one, inbound.Pulled) and one.is_mine]
    assert len(answers) == 4
    assert all(isinstance(one, inbound.Pulled) for one in answers), answers
    assert sum(one.taken for one in readers) == 80
    assert len(shared.patients()) == 40
    release()
    assert len(db.session.execute(select(Visit.id)).all()) == 40


def test_without_the_lease_the_unique_link_still_lets_nobody_in_twice(
    shared: Emr, mariadb_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last word is the database's: eight hands take the same patient at once."""
    resource = shared.patient("p1")
    stamp = stamp_of(resource, "Patient")
    target = shared.target
    answers = together(mariadb_app, [lambda: taking.take(target, stamp, resource, site="main")] * 8)
    assert sorted(map(str, answers)) == ["same"] * 7 + ["taken"]
    assert len(shared.patients()) == 1


def test_a_reader_that_was_overtaken_writes_nothing_more(emr: Emr, monkeypatch: pytest.MonkeyPatch) -> None:
    emr.patient("p1")
    lost = reader.advance

    @transactional
    def steal() -> None:
        db.session.connection().execute(
            update(Sync).where(Sync.resource_type == "*").values(lease_token="somebody else")
        )

    def overtaken(*values: object, **more: object) -> None:
        steal()
        lost(*values, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(reader, "advance", overtaken)
    pulled = emr.pull()
    assert not pulled.is_whole
    marks = [one.watermark for one in status_of_all().types if one.resource_type == "Patient"]
    assert marks in ([], [None])
    assert status_of_all().succeeded_at is None


def test_a_reader_that_died_is_followed_when_its_lease_is_over(emr: Emr) -> None:
    emr.patient("p1")
    with time_machine.travel(clock.utcnow(), tick=False) as now:
        release()
        assert reader.begin(emr.target) is not None
        assert not emr.pull().is_mine
        now.shift(reader.LEASE + timedelta(seconds=1))
        assert emr.pull().taken == 1


def test_names_stand_in_no_log_and_no_list(emr: Emr, capsys: pytest.CaptureFixture[str]) -> None:
    emr.patient("p1", name=[{"text": "홍길동"}], birthDate=None)
    emr.patient("p2", name=[{"text": "홍길동"}])
    emr.booking("a1", "p2", serviceType=[{"text": "홍길동 님 무릎"}], reasonCode=[{"text": "홍길동"}])
    emr.pull()
    said = capsys.readouterr()
    assert "홍길동" not in said.out + said.err
    listed = db.session.execute(db.text("SELECT * FROM fhir_unmatched")).all()
    assert len(listed) == 2
    assert "홍길동" not in str(listed)


def test_the_emr_calls_off_while_the_nurse_calls(shared: Emr, mariadb_app: Flask) -> None:
    """Both at once, again and again: whoever is called off has no place in any line, and nobody is refused."""
    hospital = shared.hospital
    for number in range(6):
        shared.patient(f"p{number}")
        shared.booking(f"a{number}", f"p{number}")
    shared.pull()
    for number in range(6):
        journey.check_in(shared.visit_of(f"p{number}").public_id, by=hospital.cast.henry)
    for number in range(6):
        shared.booking(f"a{number}", f"p{number}", status="cancelled")
    room = iter(hospital.rooms)
    calls = [
        partial(journey.call_next, hospital.consult, next(room), by=hospital.cast.anne) for _ in range(3)
    ]
    pulled, *called = together(mariadb_app, [lambda: inbound.pull(shared.target), *calls])
    assert isinstance(pulled, inbound.Pulled), pulled
    assert all(isinstance(one, journey.Outcome | QueueEmptyError | BusyError) for one in called), called
    while not pulled.is_whole:
        pulled = shared.pull()
    assert {shared.visits_of(f"p{number}")[0].state for number in range(6)} == {"FINISHED"}
    assert db.session.execute(select(QueueEntry.id).where(QueueEntry.active_slot == 1)).all() == []
    assert shared.listed() == {}


def test_an_error_of_the_database_quotes_nobody(emr: Emr) -> None:
    """Whatever logs it: a worker, the clock, a request."""
    with pytest.raises(DBAPIError) as raised:
        db.session.execute(db.text("SELECT nothing FROM patient WHERE name = :name"), {"name": "홍길동"})
    release()
    assert "홍길동" not in str(raised.value)
