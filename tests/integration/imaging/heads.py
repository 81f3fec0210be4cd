"""Heads that come in: small phantoms through the intake, and the worker that measures them."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from pydicom.dataset import Dataset
from sqlalchemy import select

from app.core import relay
from app.core.actor import SYSTEM
from app.core.db import db
from app.core.transaction import release
from app.demo.head_ct import phantom_study
from app.imaging import services as imaging
from app.imaging.models import InferenceResult, Instance, Series, Study
from app.imaging.services import Outcome

# The smallest that the guards let through: pixels of 1.9 mm, 20 slices of 7 mm. Half a second to measure.
SMALL: dict[str, Any] = {"rows": 128, "gaps_mm": (7.0,) * 19}
CONSUMER = "imaging"


def head(seed: int = 1, lesion_ml: float = 0.0, **said: Any) -> list[Dataset]:
    """Return the slices of a small head; `said` as `phantom_study` takes it."""
    return phantom_study(seed, lesion_ml, **{**SMALL, **said})


def bytes_of(one: Dataset) -> bytes:
    """Return a slice as a file."""
    file = BytesIO()
    one.save_as(file, enforce_file_format=True)
    return file.getvalue()


def take_in(slices: Sequence[Dataset]) -> str:
    """Let slices come in; return their study's UID."""
    for one in slices:
        taken = imaging.take(bytes_of(one), name="a.dcm", source="test", by=SYSTEM)
        assert taken.outcome in {Outcome.STORED, Outcome.REPEATED}, taken.sentence
    return str(slices[0].StudyInstanceUID)


def work(seconds: float = 60.0) -> int:
    """Analyse what is due; return how many promises were settled."""
    consumer = relay.find(CONSUMER)
    assert consumer is not None
    done = relay.deliver_due(consumer, most_seconds=seconds)
    release()
    return done


def study(uid: str) -> Study:
    """Return a study as the database has it."""
    release()
    return db.session.execute(select(Study).where(Study.study_instance_uid == uid)).scalar_one()


def results(uid: str) -> list[InferenceResult]:
    """Return what models have said of a study, in order."""
    release()
    return list(
        db.session.execute(
            select(InferenceResult)
            .join(Study, Study.id == InferenceResult.study_id)
            .where(Study.study_instance_uid == uid)
            .order_by(InferenceResult.id)
        ).scalars()
    )


def measures(result: InferenceResult) -> dict[str, float]:
    """Return the numbers of a result by name."""
    return {one["name"]: one["value"] for one in result.measures}


def instances(uid: str, source: str) -> list[Instance]:
    """Return the instances of a study that came from somewhere."""
    release()
    return list(
        db.session.execute(
            select(Instance)
            .join(Series, Series.id == Instance.series_id)
            .join(Study, Study.id == Series.study_id)
            .where(Study.study_instance_uid == uid, Instance.source == source)
            .order_by(Instance.id)
        ).scalars()
    )
