"""Studies, results and reports as they leave the house; what is nobody's yet, or of a model in the shadow, does not."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, func, select

from app.core.db import db
from app.fhir.mappers.diagnostic_report import ReportFacts
from app.fhir.mappers.imaging_study import SeriesFacts, StudyFacts
from app.fhir.mappers.observation import ResultFacts
from app.fhir.models import Link
from app.fhir.rules import Kind
from app.imaging.models import InferenceResult, Instance, Report, Series, Study

# What tells of a study, and whose it is.
ABOUT: Final = (
    Study.patient_id,
    Study.visit_id,
    Study.study_date,
)
HOLDS: Final = (InferenceResult.is_current.is_(True), InferenceResult.is_shadow.is_(False))


def studies_of(ids: Sequence[UUID]) -> Iterable[StudyFacts]:
    """Return those of these studies that are there and somebody's; 2 statements."""
    rows = db.session.execute(
        select(
            Study.id.label("row_id"),
            Study.public_id.label("id"),
            Study.seq,
            Study.study_instance_uid.label("uid"),
            Study.order_id,
            Study.accession_number,
            Study.description,
            *ABOUT,
        ).where(Study.public_id.in_(ids), Study.patient_id.is_not(None))
    ).all()
    series = _series([row.row_id for row in rows])
    return [
        StudyFacts(
            **{name: value for name, value in row._asdict().items() if name != "row_id"},
            series=tuple(series.get(row.row_id, ())),
        )
        for row in rows
    ]


def results_of(ids: Sequence[UUID]) -> Iterable[ResultFacts]:
    """Return those of these results that partners hear of; 1 statement, 2 where one does not hold.

    What does not hold (not yet, no more, or only in the shadow) is told to be so where it was told before.
    """
    rows = db.session.execute(
        select(
            InferenceResult.public_id.label("id"),
            InferenceResult.seq,
            Study.public_id.label("study_id"),
            and_(*HOLDS).label("holds"),
            InferenceResult.measures,
            InferenceResult.refusal,
            InferenceResult.model_id,
            InferenceResult.model_version,
            InferenceResult.model_sha256,
            InferenceResult.at,
            *ABOUT,
        )
        .join(Study, Study.id == InferenceResult.study_id)
        .where(InferenceResult.public_id.in_(ids), Study.patient_id.is_not(None))
    ).all()
    withdrawn = _told({str(row.id) for row in rows if not row.holds})
    return [
        ResultFacts(**{**row._asdict(), "holds": bool(row.holds), "measures": tuple(row.measures)})
        for row in rows
        if row.holds or str(row.id) in withdrawn
    ]


def reports_of(ids: Sequence[UUID]) -> Iterable[ReportFacts]:
    """Return those of these reports whose study is somebody's, with what models had measured then; 2 statements."""
    rows = db.session.execute(
        select(
            Report.study_id.label("study_row_id"),
            Report.public_id.label("id"),
            Report.seq,
            Study.public_id.label("study_id"),
            Study.order_id,
            Study.description,
            Report.status,
            Report.text,
            Report.signed_by,
            Report.signed_by_name,
            Report.signed_at,
            *ABOUT,
        )
        .join(Study, Study.id == Report.study_id)
        .where(Report.public_id.in_(ids), Study.patient_id.is_not(None))
    ).all()
    results = _results([row.study_row_id for row in rows])
    return [
        ReportFacts(
            **{name: value for name, value in row._asdict().items() if name != "study_row_id"},
            # What was measured after the signature is nothing that was signed.
            results=tuple(
                result_id
                for result_id, at in results.get(row.study_row_id, ())
                if row.signed_at is None or at <= row.signed_at
            ),
        )
        for row in rows
    ]


def _series(study_ids: Collection[int]) -> dict[int, list[SeriesFacts]]:
    """Return the series of studies in the modality's order, each with how many pictures it has."""
    found: dict[int, list[SeriesFacts]] = {}
    for row in db.session.execute(
        select(
            Series.study_id,
            Series.series_instance_uid,
            Series.number,
            Series.modality,
            Series.description,
            func.count(Instance.id).label("instances"),
        )
        .join(Instance, Instance.series_id == Series.id)
        .where(Series.study_id.in_(study_ids))
        .group_by(Series.id)
        .order_by(Series.number, Series.id)
    ):
        found.setdefault(row.study_id, []).append(
            SeriesFacts(
                uid=row.series_instance_uid,
                number=row.number,
                modality=row.modality,
                description=row.description,
                instances=row.instances,
            )
        )
    return found


def _told(ids: Collection[str]) -> frozenset[str]:
    """Return those of these results that stand at a partner."""
    if not ids:
        return frozenset()
    told = select(Link.aggregate_id).where(Link.kind == str(Kind.RESULT), Link.aggregate_id.in_(ids))
    return frozenset(db.session.execute(told).scalars())


def _results(study_ids: Collection[int]) -> dict[int, list[tuple[UUID, Any]]]:
    """Return what holds of what models measured, and since when."""
    found: dict[int, list[tuple[UUID, Any]]] = {}
    for row in db.session.execute(
        select(InferenceResult.study_id, InferenceResult.public_id, InferenceResult.at)
        .where(InferenceResult.study_id.in_(study_ids), *HOLDS)
        .order_by(InferenceResult.id)
    ):
        found.setdefault(row.study_id, []).append((row.public_id, row.at))
    return found
