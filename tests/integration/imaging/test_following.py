"""What modalities send to the Orthanc beside us is taken over here too; one that is away is left alone."""

from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select

from app import settings
from app.core import clock
from app.core.actor import SYSTEM
from app.core.db import db
from app.core.errors import DependencyDownError
from app.core.relay import breaker
from app.core.transaction import release, transactional
from app.imaging import queries
from app.imaging import services as imaging
from app.imaging.archive import Orthanc
from app.imaging.models import ArchiveFeed, Instance
from app.imaging.part10 import read
from app.imaging.services import Outcome, following
from app.jobs.imaging import follow_archive
from tests.integration.imaging.pictures import Pictures
from tests.services.private import ORTHANC_KEY

STABLE_SECONDS = 40.0
BOTH = 2


def stored() -> int:
    release()
    return db.session.execute(select(func.count(Instance.id))).scalar_one()


def send(url: str, content: bytes) -> None:
    """Send a file as a modality would: to the Orthanc, past us."""
    httpx.post(
        f"{url}/instances", content=content, headers={"Authorization": ORTHANC_KEY}, trust_env=False
    ).raise_for_status()


def test_what_others_send_is_taken_over_once(with_orthanc: Orthanc, orthanc_url: str) -> None:
    of, ours = Pictures(), Pictures()
    imaging.take(ours.file(), name="x", source="test", by=SYSTEM)
    follow_archive()
    before = stored()
    for number in range(BOTH):
        send(orthanc_url, of.file(1 + number))
    send(orthanc_url, Pictures().file(Rows=60_000, Columns=60_000))
    # Studies of the tests before this one stand in this Orthanc too, and are taken over with it.
    end = clock.monotonic() + STABLE_SECONDS
    found: dict[str, int] = {}
    while found.get(of.study) != BOTH or "too-large" not in {one.reason for one in queries.quarantine()}:
        assert clock.monotonic() < end, found
        follow_archive()
        clock.pause(0.1)
        found = {row.study_instance_uid: row.instances for row in queries.status().studies}
    assert found[ours.study] == 1
    assert stored() > before
    count = stored()
    release()
    assert follow_archive() == 0
    assert stored() == count
    assert db.session.execute(select(ArchiveFeed.last)).scalar_one() > 0


def test_an_archive_that_was_set_up_anew_is_read_from_its_beginning(
    with_orthanc: Orthanc, orthanc_url: str
) -> None:
    following._read_until(with_orthanc.name, 10**9)
    of = Pictures()
    send(orthanc_url, of.file())
    end = clock.monotonic() + STABLE_SECONDS
    while queries.study_id_of(of.study) is None:
        assert clock.monotonic() < end
        release()
        follow_archive()
        clock.pause(0.1)


def test_an_archive_that_is_away_is_left_alone_and_loses_nothing(
    with_orthanc: Orthanc, own_var: Path, free_port: int
) -> None:
    healthy, content = settings.current(), Pictures().file()
    settings.use(healthy.model_copy(update={"orthanc_url": f"http://127.0.0.1:{free_port}"}))
    for _ in range(breaker.FAILURES_IN_A_ROW + 1):
        with pytest.raises(DependencyDownError):
            imaging.take(content, name="x", source="test", by=SYSTEM)
    release()
    assert breaker.state_of("orthanc").name(clock.utcnow()) == "open"
    assert stored() == 0
    assert not queries.quarantine(), "an archive that is away is no fault of the file"
    assert follow_archive() == 0
    settings.use(healthy)
    with pytest.raises(DependencyDownError):  # it is asked again when the pause is over
        imaging.take(content, name="x", source="test", by=SYSTEM)
    half_open()
    assert imaging.take(content, name="x", source="test", by=SYSTEM).outcome is Outcome.STORED
    release()
    assert breaker.state_of("orthanc").name(clock.utcnow()) == "closed"
    assert with_orthanc.instance(read(content).at) == content


def half_open() -> None:
    """Let the breaker's pause be over."""

    @transactional
    def over() -> None:
        db.session.get_one(breaker.OutboxBreaker, "orthanc").open_until = clock.utcnow()

    over()
