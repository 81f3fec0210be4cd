"""A real Orthanc ends in the middle: of an intake, of what modalities have sent, of a measurement; nothing is lost."""

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from highdicom.sr import srread
from sqlalchemy import select

from app import settings
from app.core import relay
from app.core.actor import SYSTEM
from app.core.db import db
from app.core.errors import DependencyDownError
from app.core.outbox import OutboxPromise
from app.core.transaction import release
from app.imaging import archive as archives
from app.imaging import consumers, queries
from app.imaging import services as imaging
from app.imaging.part10 import read
from app.imaging.rules import At
from app.imaging.services import Outcome, Taken, examining, measuring
from app.imaging.services.keeping import keep
from tests.integration.imaging.heads import CONSUMER, head, instances, results, study, take_in, work
from tests.integration.imaging.pictures import HOSTILE, Pictures
from tests.processes import gate as gates
from tests.processes.gate import Gate
from tests.processes.house import wait_until
from tests.services.found import MissingError

pytestmark = [pytest.mark.processes, pytest.mark.orthanc, pytest.mark.xdist_group("processes")]

# Each of another study, so that none lies in quarantine already: the same file lies there once.
FILES, BAD = 60, ("cut in the picture", "no picture", "a million frames")
SECONDS = 60


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory, service: object) -> Iterator[Gate]:
    """Open a house with an Orthanc of its own; nobody comes through the door."""
    del service
    try:
        with gates.opened(tmp_path_factory.mktemp("stops")) as opened, opened.inside():
            settings.use(settings.current().model_copy(update={"analysis_quiet_seconds": 0}))
            relay.clear()
            consumers.register_consumers()
            yield opened
            relay.clear()
    except MissingError as error:
        pytest.fail(str(error))


@pytest.fixture
def running(gate: Gate) -> Iterator[Gate]:
    """Let the archive be there again, however a test has ended."""
    yield gate
    release()
    if not archives.configured().is_up():
        gate.start_archive()
    heal(gate)


def heal(gate: Gate) -> None:
    """Let the breakers' pauses be over."""
    gate.asked(
        "UPDATE outbox_breaker SET recent = '', open_until = NULL, probe_token = NULL, probe_until = NULL"
    )


def back(gate: Gate) -> None:
    """Let the archive run again, and be asked again."""
    release()
    gate.start_archive()
    heal(gate)


def stored(gate: Gate) -> int:
    count: int = gate.asked("SELECT count(*) FROM imaging_instance")[0][0]
    return count


def kill_at(gate: Gate, amount: int) -> threading.Thread:
    """Kill -9 the archive as soon as so many more files are kept, wherever the house is then."""
    enough = stored(gate) + amount
    release()

    def kill() -> None:
        wait_until(lambda: stored(gate) >= enough, SECONDS, "half of it is kept")
        os.kill(gate.archive_pid(), signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    return thread


def disc(folder: Path) -> tuple[Pictures, dict[str, bytes]]:
    """Write a disc of a study, with what is no picture between the pictures."""
    of = Pictures(patient_id="A1")
    good = {f"{number:03}.dcm": of.file(number) for number in range(1, FILES + 1)}
    bad = {f"{number * 12:03}-bad": HOSTILE[name][0](of) + b"%" for number, name in enumerate(BAD)}
    folder.mkdir()
    for name, content in {**good, **bad}.items():
        (folder / name).write_bytes(content)
    return of, good


def everything_is_there(of: Pictures, files: dict[str, bytes]) -> None:
    archive = archives.configured()
    for content in files.values():
        assert archive.instance(read(content).at) == content
    assert len(archive.instances_of(of.study, of.series)) == len(files)
    release()


def test_an_archive_that_ends_in_the_middle_of_an_intake_loses_nothing(running: Gate, tmp_path: Path) -> None:
    of, good = disc(tmp_path / "disc")
    before = queries.status()
    files = imaging.ingest([tmp_path / "disc"], source="test", by=SYSTEM)
    first = list(islice(files, FILES // 2))
    running.stop_archive()
    broken_off: list[Taken] = []
    with pytest.raises(DependencyDownError):
        broken_off.extend(files)
    came = Counter(one.outcome for one in [*first, *broken_off])
    status = queries.status()
    assert status.stored - before.stored == came[Outcome.STORED]
    assert status.quarantined - before.quarantined == came[Outcome.QUARANTINED]
    assert study(of.study).state == "received"

    back(running)
    again = Counter(one.outcome for one in imaging.ingest([tmp_path / "disc"], source="test", by=SYSTEM))
    assert again.total() == FILES + len(BAD)
    assert again[Outcome.STORED] == FILES - came[Outcome.STORED]
    assert again[Outcome.REPEATED] == came[Outcome.STORED]
    status = queries.status()
    assert (status.stored - before.stored, status.quarantined - before.quarantined) == (FILES, len(BAD))
    everything_is_there(of, good)
    work()
    assert study(of.study).state == "not_analysable"


def test_an_archive_that_is_killed_while_it_writes_loses_nothing(running: Gate, tmp_path: Path) -> None:
    of, good = disc(tmp_path / "disc")
    before = queries.status()
    killing = kill_at(running, FILES // 3)
    with pytest.raises(DependencyDownError):
        list(imaging.ingest([tmp_path / "disc"], source="test", by=SYSTEM))
    killing.join(SECONDS)
    assert FILES // 3 <= queries.status().stored - before.stored < FILES
    back(running)
    again = Counter(one.outcome for one in imaging.ingest([tmp_path / "disc"], source="test", by=SYSTEM))
    status = queries.status()
    assert again.total() == FILES + len(BAD)
    assert status.stored - before.stored == again[Outcome.STORED] + again[Outcome.REPEATED] == FILES
    assert again[Outcome.QUARANTINED] == len(BAD)
    everything_is_there(of, good)


def test_what_a_modality_has_sent_is_taken_over_once_the_archive_is_back(running: Gate) -> None:
    of = Pictures(patient_id="A2")
    files = {str(number): of.file(number) for number in range(1, FILES + 1)}
    archive = archives.configured()
    for content in files.values():
        archive.store(read(content).at, content)
    before = queries.status()
    imaging.follow_archive(most_seconds=1)  # it is not whole yet: the archive waits a second for more
    killing = kill_at(running, FILES // 3)
    with pytest.raises(DependencyDownError):
        until_over(lambda: imaging.follow_archive(most_seconds=SECONDS))
    killing.join(SECONDS)
    assert FILES // 3 <= queries.status().stored - before.stored < FILES
    back(running)
    wait_until(lambda: followed(FILES + before.stored), SECONDS, "all of it is taken over")
    assert imaging.follow_archive(most_seconds=SECONDS) == 0
    assert queries.status().quarantined == before.quarantined
    everything_is_there(of, files)


def until_over(follow: Callable[[], int]) -> None:
    """Follow again and again: what came last is told of when it has stood still."""
    wait_until(lambda: follow() < 0, SECONDS, "never: the archive ends first")


def followed(amount: int) -> bool:
    imaging.follow_archive(most_seconds=SECONDS)
    found = queries.status().stored
    release()
    return found == amount


# When it ends: the n-th time that a series was fetched and measured, or that an answer was kept; what is kept by then;
# and how often a series is measured in all.
MOMENTS: dict[str, tuple[str, int, int, int]] = {
    "before the first answer is kept": ("measure", 1, 0, 3),
    "before the second series is fetched": ("keep", 1, 1, 2),
    "before the second answer is kept": ("measure", 2, 1, 3),
}


@pytest.mark.parametrize(
    "moment",
    [pytest.param(one, marks=pytest.mark.slow) if "second answer" in one else one for one in MOMENTS],
)
def test_an_archive_that_ends_in_the_middle_of_a_measurement_costs_nothing(
    running: Gate, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    act, nth, kept_by_then, measured_in_all = MOMENTS[moment]
    relay.hurry(CONSUMER)
    release()
    work()  # what other tests have left to be measured is not counted here
    seed = 10 * (1 + list(MOMENTS).index(moment))
    first, second = head(seed, 15.0), head(seed + 1, 5.0)
    for one in second:
        one.StudyInstanceUID = first[0].StudyInstanceUID
    uid = take_in([*first, *second])
    done: Counter[str] = Counter()

    def ending(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def then_it_ends(*args: Any, **kwargs: Any) -> Any:
            found = real(*args, **kwargs)
            done[name] += 1
            if (name, done[name]) == (act, nth):
                running.stop_archive()
            return found

        return then_it_ends

    monkeypatch.setattr(measuring, "measure", ending("measure", measuring.measure))
    monkeypatch.setattr(examining, "keep", ending("keep", keep))
    work()
    assert study(uid).state == "received", "it waits, and says so"
    before = [one.id for one in results(uid)]
    assert len(before) == kept_by_then
    assert status_of(uid) == "pending"

    back(running)
    relay.hurry(CONSUMER)
    release()
    work()
    found = study(uid)
    assert (found.state, found.reason) == ("measured", None)
    kept = results(uid)
    assert [one.id for one in kept][: len(before)] == before, "what was kept is not measured twice"
    assert [one.series_instance_uid for one in kept] == [
        first[0].SeriesInstanceUID,
        second[0].SeriesInstanceUID,
    ]
    assert all(one.is_current for one in kept)
    assert done["measure"] == measured_in_all, "only what was not kept is measured again"
    assert status_of(uid) == "completed"
    documents = instances(uid, "inference")
    assert len(documents) == 4
    archive = archives.configured()
    for result in kept:
        assert result.sr_sop_uid
        (series,) = [
            place for place in archive.series_of(uid) if result.sr_sop_uid in archive.instances_of(uid, place)
        ]
        report = srread(BytesIO(archive.instance(At(study=uid, series=series, instance=result.sr_sop_uid))))
        assert report.PreliminaryFlag == "PRELIMINARY"


def status_of(uid: str) -> str:
    """Return how the last promise stands that a study is measured."""
    public_id = str(study(uid).public_id)
    rows = (
        select(OutboxPromise.status)
        .where(OutboxPromise.consumer == CONSUMER, OutboxPromise.aggregate_id == public_id)
        .order_by(OutboxPromise.seq.desc())
        .limit(1)
    )
    return db.session.execute(rows).scalar_one()
