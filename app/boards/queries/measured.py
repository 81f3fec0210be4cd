"""What models have measured on a study, and how far it has come: numbers and units, no word on what they mean."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from app.boards.queries.pictures import seen_study
from app.core.actor import Actor
from app.core.db import db
from app.imaging.models import InferenceResult, Series, Study
from app.imaging.rules import REFUSALS
from app.imaging.states import StudyState
from app.imaging.wording import measure_name

# As a ward writes them; UCUM's own spelling stands in the report and in what partners are told.
UNITS: Final[Mapping[str, str]] = {"[hnsf'U]": "HU", "deg": "°", "1": ""}
# What is looked at first; the rest stands behind a click.
FIRST: Final = ("dense-volume", "dense-volume-left", "dense-volume-right", "mirror-difference")


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureLine:
    """One number; `name` is a msgid."""

    key: str
    name: str
    value: float
    unit: str

    @property
    def is_first(self) -> bool:
        """Whether it is looked at first."""
        return self.key in FIRST


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredSeries:
    """What the model that answers said of one series; `refusal` is a msgid where there are no numbers."""

    description: str
    modality: str
    model: str
    refusal: str
    measures: tuple[MeasureLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredStudy:
    """A study with its numbers; `reason` is a stored reason."""

    study_id: UUID
    seq: int
    state: StudyState
    progress: int | None
    reason: str
    modality: str
    body_part: str
    study_date: date | None
    received_at: datetime
    series: tuple[MeasuredSeries, ...]

    @property
    def topic(self) -> str:
        """Return the topic that moves this."""
        return f"study:{self.study_id}"


def measured_study(study_id: UUID, *, by: Actor | None) -> MeasuredStudy:
    """Return what was measured on a study; 4 statements, 2 for None: the hub, which has looked at the door who reads.

    Raise NotFoundError for somebody else's.
    """
    if by is not None:
        seen_study(study_id=study_id, by=by)
    found = measured_studies([study_id])
    return found[study_id]


def measured_studies(studies: Collection[UUID]) -> dict[UUID, MeasuredStudy]:
    """Return what was measured on studies that the caller has looked at, whose they are; 2 statements."""
    rows = list(db.session.execute(select(Study).where(Study.public_id.in_(sorted(studies)))).scalars())
    said = _results([row.id for row in rows if row.state == StudyState.MEASURED])
    return {row.public_id: _study(row, said.get(row.id, [])) for row in rows}


def _results(studies: Collection[int]) -> Mapping[int, list[tuple[InferenceResult, Series]]]:
    """Return what the models that answer say now; what runs in the shadow is shown to nobody who treats."""
    found: dict[int, list[tuple[InferenceResult, Series]]] = defaultdict(list)
    if not studies:
        return found
    rows = db.session.execute(
        select(InferenceResult, Series)
        .join(Series, Series.series_instance_uid == InferenceResult.series_instance_uid)
        .where(
            InferenceResult.study_id.in_(studies),
            InferenceResult.is_current.is_(True),
            InferenceResult.is_shadow.is_(False),
        )
        .order_by(Series.number, Series.id)
    )
    for result, series in rows:
        found[result.study_id].append((result, series))
    return found


def _study(row: Study, said: list[tuple[InferenceResult, Series]]) -> MeasuredStudy:
    return MeasuredStudy(
        study_id=row.public_id,
        seq=row.seq,
        state=StudyState(row.state),
        progress=row.progress,
        reason=row.reason or "",
        modality=row.modality,
        body_part=row.body_part,
        study_date=row.study_date,
        received_at=row.received_at,
        series=tuple(_series(result, series) for result, series in said),
    )


def _series(result: InferenceResult, series: Series) -> MeasuredSeries:
    return MeasuredSeries(
        description=series.description,
        modality=series.modality,
        model=f"{result.model_id} {result.model_version}",
        refusal=REFUSALS.get(result.refusal or "", result.refusal or ""),
        measures=tuple(map(_line, result.measures)),
    )


def _line(one: Mapping[str, Any]) -> MeasureLine:
    unit = str(one["unit"])
    return MeasureLine(
        key=str(one["name"]),
        name=measure_name(str(one["name"])),
        value=float(one["value"]),
        unit=UNITS.get(unit, unit),
    )
