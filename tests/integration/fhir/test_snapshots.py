"""A target that is added later is told everything recent: once, parents first, from wherever it was stopped."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from app import settings
from app.core import clock, relay
from app.core.actor import SYSTEM
from app.core.db import db
from app.core.errors import (
    DependencyDownError,
    InvalidError,
    NotFoundError,
    VersionMissingError,
    VersionStaleError,
)
from app.core.outbox import OutboxPromise
from app.core.transaction import release, transactional
from app.fhir import services
from app.fhir.models import Link
from app.fhir.queries import standing
from app.fhir.relay.registering import register_consumers
from app.fhir.rules import TYPES, Kind
from tests.cast import Cast
from tests.hospital import Hospital
from tests.integration.fhir.deliveries import Emr, emr_at, rows
from tests.services.fhir import FhirServer
from tests.together import together


@pytest.fixture
def day(app: Flask, hospital: Hospital) -> None:
    """Let three patients be expected before any target is set up."""
    for _ in range(3):
        hospital.expect("consult", "lab")
    assert rows() == []


@pytest.fixture
def target(day: None) -> Iterator[None]:
    """Set up an EMR."""
    before = settings.current()
    settings.use(before.model_copy(update={"fhir_base_url": "http://127.0.0.1:9/fhir"}))
    register_consumers()
    yield
    settings.use(before)


@contextmanager
def emr_of(server: FhirServer) -> Iterator[Emr]:
    """Set up the EMR on the real server, also in the settings."""
    before = settings.current()
    settings.use(before.model_copy(update={"fhir_base_url": server.base_url}))
    yield emr_at(server)
    settings.use(before)


@transactional
def adopt(remote_ids: list[str]) -> None:
    """Let these be patients whom the EMR had first."""
    db.session.connection().execute(update(Link).where(Link.remote_id.in_(remote_ids)).values(is_theirs=True))


def promised() -> dict[str, int]:
    release()
    return dict(
        db.session.execute(select(OutboxPromise.kind, func.count()).group_by(OutboxPromise.kind)).all()
    )


@transactional
def skip_all(kind: str) -> None:
    """Let the promises of a kind end as those end whose type the target does not take."""
    db.session.connection().execute(
        update(OutboxPromise)
        .where(OutboxPromise.kind == kind)
        .values(status="completed", outcome="skipped", done_at=clock.utcnow())
    )


def test_everything_recent_is_promised_once_and_parents_first(target: None) -> None:
    made = list(services.promise_everything("emr", by=SYSTEM))
    found = promised()
    assert found["patient"] == found["appointment"] == found["visit"] == 3
    assert found["point"] > 0
    assert sum(number for _, number in made) == sum(found.values())
    order = [Kind(row.kind) for row in rows()]
    assert order == sorted(order, key=list(TYPES).index)
    assert sum(number for _, number in services.promise_everything("emr", by=SYSTEM)) == 0
    assert promised() == found


def test_who_is_stopped_goes_on(target: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.fhir.services.snapshots.PIECE_ROWS", 2)
    begun = list(islice(services.promise_everything("emr", by=SYSTEM), 3))
    first = sum(number for _, number in begun)
    rest = sum(number for _, number in services.promise_everything("emr", by=SYSTEM))
    assert first + rest == sum(promised().values())
    assert rest > 0


def test_other_targets_hear_nothing_of_it(target: None) -> None:
    list(services.promise_everything("emr", by=SYSTEM))
    assert {row.consumer for row in rows()} == {"fhir:emr"}


def test_what_was_left_out_is_told_once_its_type_is_taken(target: None, cast: Cast) -> None:
    services.take_type("emr", "Location", is_taken=False, version=0, by=cast.chris)
    list(services.promise_everything("emr", by=SYSTEM))
    consumer = relay.find("fhir:emr")
    assert consumer is not None
    wanted = [relay.Wanted.of(row.kind, row.aggregate_id) for row in rows() if row.kind == "point"]
    assert {type(one) for one in consumer.render(wanted).values()} == {relay.Skipped}
    skip_all("point")
    (location,) = [one for one in standing.capabilities(["emr"]) if one.resource_type == "Location"]
    services.take_type("emr", "Location", is_taken=True, version=location.version, by=cast.chris)
    again = dict(services.promise_everything("emr", by=SYSTEM))
    assert again[Kind.POINT] == len(wanted)
    assert {row.status for row in rows()} == {"pending"}


def test_a_senseless_wish_is_refused(target: None) -> None:
    with pytest.raises(NotFoundError):
        list(services.promise_everything("nobody", by=SYSTEM))
    with pytest.raises(InvalidError):
        list(services.promise_everything("emr", days=-1, by=SYSTEM))


def test_an_administrators_word_needs_the_version_it_saw(target: None, cast: Cast) -> None:
    with pytest.raises(VersionMissingError):
        services.take_type("emr", "Task", is_taken=False, version=None, by=cast.chris)
    services.take_type("emr", "Task", is_taken=False, version=0, by=cast.chris)
    with pytest.raises(VersionStaleError):
        services.take_type("emr", "Task", is_taken=True, version=0, by=cast.chris)


def test_a_new_emr_ends_up_with_everything(
    app: Flask, hospital: Hospital, day: None, fhir_server: FhirServer
) -> None:
    emr = emr_at(fhir_server)
    list(services.promise_everything("emr", by=SYSTEM))
    emr.drain()
    release()
    counts = fhir_server.control()["resources"]
    linked = dict(
        db.session.execute(select(Link.resource_type, func.count()).group_by(Link.resource_type)).all()
    )
    assert {name: counts[name] for name in linked} == linked
    assert linked["Patient"] == linked["Encounter"] == 3
    assert sum(number for _, number in services.promise_everything("emr", by=SYSTEM)) == 0


def test_a_wiped_emr_is_told_everything_once_more(
    app: Flask, hospital: Hospital, day: None, fhir_server: FhirServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with emr_of(fhir_server) as emr:
        list(services.promise_everything("emr", by=SYSTEM))
        emr.drain()
        before = fhir_server.control()["resources"]
        fhir_server.control(wipe=True)
        assert sum(number for _, number in services.promise_everything("emr", by=SYSTEM)) == 0
        monkeypatch.setattr("app.fhir.services.snapshots.PIECE_ROWS", 2)
        begun = list(islice(services.promise_everything_again("emr", by=SYSTEM), 6))
        emr.drain()  # what was promised until somebody stopped it arrives
        rest = list(services.promise_everything_again("emr", by=SYSTEM))
        emr.drain()
        assert fhir_server.control()["resources"] == before
        refs = [one["ref"] for one in fhir_server.journal()]
        assert len(refs) == len(set(refs)) == sum(before.values())  # nothing twice, whoever stopped it
        assert sum(number for _, number in (*begun, *rest)) == len(refs)
        assert {row.status for row in rows()} == {"completed"}


def test_what_the_emr_had_first_is_asked_for_and_never_doubled(
    app: Flask, hospital: Hospital, day: None, fhir_server: FhirServer
) -> None:
    with emr_of(fhir_server) as emr:
        list(services.promise_everything("emr", by=SYSTEM))
        emr.drain()
        kept, gone = (one["id"] for one in fhir_server.search("Patient")[:2])
        adopt([kept, gone])
        fhir_server.request("DELETE", f"Patient/{gone}")
        list(services.promise_everything_again("emr", by=SYSTEM))
        emr.drain()
        release()
        theirs = {
            row.remote_id: row.is_theirs
            for row in db.session.execute(select(Link).where(Link.kind == "patient")).scalars()
        }
        assert (theirs[kept], theirs[gone], len(theirs)) == (True, False, 3)
        assert len(fhir_server.search("Patient")) == 3


def test_an_emr_that_is_down_is_told_nothing_and_nothing_is_forgotten(target: None) -> None:
    with pytest.raises(DependencyDownError) as refused:
        list(services.promise_everything_again("emr", by=SYSTEM))
    assert "cannot be reached" in str(refused.value.details["reason"])
    assert rows() == []
    with pytest.raises(NotFoundError):
        list(services.promise_everything_again("nobody", by=SYSTEM))


@pytest.mark.mariadb
def test_two_snapshots_at_once_promise_each_thing_once(
    mariadb_app: Flask, hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(6):
        hospital.expect("consult")
    before = settings.current()
    settings.use(before.model_copy(update={"fhir_base_url": "http://127.0.0.1:9/fhir"}))
    register_consumers()
    monkeypatch.setattr("app.fhir.services.snapshots.PIECE_ROWS", 2)
    try:
        made = together(
            mariadb_app,
            [lambda: sum(number for _, number in services.promise_everything("emr", by=SYSTEM))] * 4,
        )
    finally:
        settings.use(before)
    assert all(isinstance(one, int) for one in made), made
    assert sum(made) == sum(promised().values())
    assert promised()["patient"] == 6
