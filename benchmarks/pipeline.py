"""From a study that stands still to its named end: the whole worker, beside the bare arithmetic of the model."""

from io import BytesIO
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset
from sqlalchemy import select

from app import settings
from app.core import relay
from app.core.actor import SYSTEM
from app.core.clock import monotonic
from app.core.db import db
from app.core.transaction import release
from app.demo.head_ct import phantom_study
from app.imaging import services as imaging
from app.imaging.models import Study
from app.imaging.services.analysing import CONSUMER
from app.inference import registry
from app.inference.reading import volume_of
from benchmarks import house
from benchmarks.report import Section

WORKER, BARE = "worker", "the model alone, inside"
LESION_ML, MATRIX, HUNDRED, A_MINUTE = 15.0, 512, 100, 60


def studies(folder: Path, *, count: int) -> Section:
    """Measure so many studies, one after the other, by one worker; in a process of its own."""
    return house.elsewhere(_measured, folder, count)


def _measured(folder: Path, count: int) -> Section:
    section = Section(
        "pipeline",
        f"head CTs of 28 slices of {MATRIX}x{MATRIX} through one worker, SQLite, the house's own archive",
    )
    with house.opened(f"sqlite:///{folder / 'pipeline.db'}", folder / "pipeline"):
        db.create_all()
        settings.use(settings.current().model_copy(update={"analysis_quiet_seconds": 0}))
        for number in range(count):
            files = [_file(one) for one in phantom_study(number + 1, LESION_ML, rows=MATRIX)]
            for name, work in ((WORKER, _through_the_worker), (BARE, _inside))[:: 1 if number % 2 else -1]:
                seconds = work(files)
                section.add(name, seconds=seconds, minutes_per_100=seconds * HUNDRED / A_MINUTE)
        states = set(db.session.execute(select(Study.state)).scalars())
        if states != {"measured"}:
            section.faults.append(f"studies ended as {', '.join(sorted(states))}")
    section.compare(f"seconds: {WORKER} / {BARE}", WORKER, BARE, "seconds")
    section.notes.append(
        f"{count} studies were measured; `minutes_per_100` is reckoned from each of them, without taking its pictures "
        "in. Beside the model, the worker fetches, hashes, decodes, starts two processes, writes and stores SEG and SR."
    )
    return section


def _through_the_worker(files: list[bytes]) -> float:
    for content in files:
        imaging.take(content, name="a.dcm", source="bench", by=SYSTEM)
    release()
    consumer = relay.find(CONSUMER)
    if consumer is None:
        raise AssertionError(CONSUMER)
    begin = monotonic()
    relay.deliver_due(consumer)
    return monotonic() - begin


def _inside(files: list[bytes]) -> float:
    begin = monotonic()
    volume = volume_of([dcmread(BytesIO(one)) for one in files])
    registry.run(registry.load().get(registry.BUILT_IN), volume)
    return monotonic() - begin


def _file(one: Dataset) -> bytes:
    file = BytesIO()
    one.save_as(file, enforce_file_format=True)
    return file.getvalue()
