"""Many hands, and hands that are cut off: each picture is stored once, and none is lost."""

import os
import signal
from collections import Counter
from functools import partial
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from app import settings
from app.core.actor import SYSTEM
from app.core.clock import monotonic, pause
from app.core.db import db
from app.core.outbox import TopicEvent
from app.core.transaction import release
from app.imaging import archive as archives
from app.imaging import queries
from app.imaging import services as imaging
from app.imaging.models import Instance, QuarantinedFile, Series, Study
from app.imaging.services import Outcome, Taken
from tests.integration.imaging.pictures import Pictures
from tests.together import together

HANDS, SLICES, SCANS = 8, 6, 40


@pytest.fixture
def own_folder(app: Flask, tmp_path: Path) -> Path:
    """Let the house keep its files in a folder of this test's own."""
    settings.use(settings.current().model_copy(update={"var_dir": tmp_path}))
    return tmp_path


def ingest(folder: Path) -> list[Taken]:
    return list(imaging.ingest([folder], source="test", by=SYSTEM))


def rows() -> tuple[int, ...]:
    release()
    return tuple(
        db.session.execute(select(func.count(table.id))).scalar_one()
        for table in (Study, Series, Instance, QuarantinedFile)
    )


def test_eight_hands_bring_the_same_study(app: Flask, own_folder: Path, tmp_path: Path) -> None:
    folder, of = tmp_path / "disc", Pictures()
    folder.mkdir()
    for number in range(SLICES):
        (folder / f"IM{number}").write_bytes(of.file(number))
    (folder / "README").write_text("nothing")
    answers = together(app, [partial(ingest, folder)] * HANDS)
    assert {type(one) for one in answers} == {list}, answers
    outcomes = Counter(taken.outcome for one in answers for taken in one)
    assert outcomes[Outcome.STORED] == SLICES
    assert outcomes[Outcome.REPEATED] == SLICES * (HANDS - 1)
    assert rows() == (1, 1, SLICES, 1)
    found = db.session.execute(select(Study)).scalar_one()
    moves = select(func.count(TopicEvent.id)).where(TopicEvent.topic == found.topic)
    assert (found.seq, db.session.execute(moves).scalar_one()) == (SLICES, SLICES)


def test_eight_hands_give_one_number_to_eight_pictures(app: Flask, own_folder: Path) -> None:
    of = Pictures()
    uid = of.dataset().SOPInstanceUID
    files = [of.file(number, SOPInstanceUID=uid) for number in range(HANDS)]
    take = partial(imaging.take, name="x", source="test", by=SYSTEM)
    answers = together(app, [partial(take, content) for content in files])
    assert {type(one) for one in answers} == {Taken}, answers
    assert Counter(one.outcome for one in answers) == {Outcome.STORED: 1, Outcome.QUARANTINED: HANDS - 1}
    assert rows() == (1, 1, 1, HANDS - 1)
    assert {one.reason for one in queries.quarantine()} == {"other-pixels"}
    kept = db.session.execute(select(Instance.sha256)).scalar_one()
    assert kept not in {one.sha256 for one in queries.quarantine()}


def begin(folder: Path) -> int:
    """Let a process of its own take a folder over, and return its number."""
    release()
    child = os.fork()
    if child == 0:
        try:
            db.engine.dispose(close=False)  # the parent's connections are the parent's
            ingest(folder)
        finally:
            os._exit(0)
    return child


def test_an_intake_that_is_killed_goes_on_where_it_was(app: Flask, own_folder: Path, tmp_path: Path) -> None:
    folder, of = tmp_path / "disc", Pictures()
    folder.mkdir()
    for number in range(SCANS):
        (folder / f"IM{number:03}").write_bytes(of.file(number))
        (folder / f"IM{number:03}.txt").write_text(f"nothing {number}")
    for wanted in (3, 12):
        child = begin(folder)
        end = monotonic() + 30
        while rows()[2] < wanted and monotonic() < end:
            pause(0.005)
        os.kill(child, signal.SIGKILL)
        assert os.WIFSIGNALED(os.waitpid(child, 0)[1]), "it had been done before it was killed"
        assert wanted <= rows()[2] < SCANS
    ingest(folder)
    assert rows() == (1, 1, SCANS, SCANS)
    archive = archives.configured()
    assert len(archive.instances_of(of.study, of.series)) == SCANS
    assert len(list((own_folder / "quarantine").glob("*.bin"))) == SCANS
    found = db.session.execute(select(Study.seq)).scalar_one()
    assert found == SCANS, "one move for each picture, however often it was begun"
