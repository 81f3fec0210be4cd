"""Studies, instances and refused files as lists show them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from app.core.db import db
from app.imaging.models import Instance, QuarantinedFile, Series, Study
from app.imaging.rules import UNMATCHED_SENTENCES, At, Unmatched
from app.imaging.states import StudyState

MOST_ROWS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyRow:
    """One study in a list; `detail`: why it has no answer or no owner, as a stored reason."""

    id: UUID
    study_instance_uid: str
    patient_id: UUID | None
    visit_id: UUID | None
    order_id: UUID | None
    modality: str
    body_part: str
    state: StudyState
    progress: int | None
    detail: str
    series: int
    instances: int
    received_at: datetime
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How much is kept and how much was refused; files, each counted once."""

    stored: int
    quarantined: int
    studies: tuple[StudyRow, ...]

    @property
    def discloses(self) -> tuple[UUID, ...]:
        """Return the patients that this value shows."""
        return tuple(row.patient_id for row in self.studies if row.patient_id is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """One instance that has pictures, and how many."""

    at: At
    frames: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFile:
    """One file as it was taken over: where it stands, and what it has to be to the byte."""

    at: At
    sha256: str
    size_bytes: int


def status(most: int = MOST_ROWS) -> Status:
    """Return the counts, and the newest studies; 3 statements."""
    return Status(
        stored=db.session.execute(select(func.count(Instance.id))).scalar_one(),
        quarantined=db.session.execute(select(func.count(QuarantinedFile.id))).scalar_one(),
        studies=_studies(most=most),
    )


def unmatched_studies() -> tuple[StudyRow, ...]:
    """Return the studies that nobody owns yet, the newest first; 1 statement."""
    return tuple(row for row in _studies(most=MOST_ROWS, only_unmatched=True))


def keeps(sha256: str) -> bool:
    """Whether exactly this file was taken over; 1 statement."""
    return (
        db.session.execute(select(Instance.id).where(Instance.sha256 == sha256)).scalar_one_or_none()
        is not None
    )


def known_instances(uids: Collection[str]) -> frozenset[str]:
    """Return those of the UIDs that were taken over; 1 statement."""
    rows = db.session.execute(select(Instance.sop_instance_uid).where(Instance.sop_instance_uid.in_(uids)))
    return frozenset(rows.scalars())


def study_id_of(study_instance_uid: str) -> UUID | None:
    """Return our id of a study; 1 statement."""
    return db.session.execute(
        select(Study.public_id).where(Study.study_instance_uid == study_instance_uid)
    ).scalar_one_or_none()


def study_uids() -> tuple[str, ...]:
    """Return the UIDs of all studies, the newest first; 1 statement."""
    return tuple(db.session.execute(select(Study.study_instance_uid).order_by(Study.id.desc())).scalars())


def seen_until(study_id: UUID) -> tuple[str, int] | None:
    """Return a study's UID and how often it has moved; 1 statement."""
    found = db.session.execute(
        select(Study.study_instance_uid, Study.seq).where(Study.public_id == study_id)
    ).one_or_none()
    return None if found is None else (found.study_instance_uid, found.seq)


def pictures_of(study: str) -> tuple[Pictures, ...]:
    """Return the instances of a study that have pictures, by its UID; 1 statement."""
    rows = db.session.execute(
        select(Series.series_instance_uid, Instance.sop_instance_uid, Instance.frames)
        .join(Series, Series.id == Instance.series_id)
        .join(Study, Study.id == Series.study_id)
        .where(Study.study_instance_uid == study, Instance.frames > 0)
        .order_by(Instance.id)
    )
    return tuple(
        Pictures(at=At(study=study, series=series, instance=instance), frames=frames)
        for series, instance, frames in rows
    )


def kept_files(ats: Collection[At]) -> tuple[KeptFile, ...]:
    """Return what was taken over of these, in their order; 1 statement."""
    rows = db.session.execute(
        select(Instance.sop_instance_uid, Instance.sha256, Instance.size_bytes).where(
            Instance.sop_instance_uid.in_([at.instance for at in ats])
        )
    )
    found = {row.sop_instance_uid: row for row in rows}
    return tuple(
        KeptFile(at=at, sha256=found[at.instance].sha256, size_bytes=found[at.instance].size_bytes)
        for at in ats
        if at.instance in found
    )


def frames_kept() -> int:
    """Return how many frames all instances have; 1 statement."""
    return db.session.execute(select(func.coalesce(func.sum(Instance.frames), 0))).scalar_one()


def _studies(*, most: int, only_unmatched: bool = False) -> tuple[StudyRow, ...]:
    query = (
        select(Study, func.count(Series.id.distinct()), func.count(Instance.id))
        .join(Series, Series.study_id == Study.id)
        .join(Instance, Instance.series_id == Series.id)
        .group_by(Study.id)
        .order_by(Study.received_at.desc(), Study.id.desc())
        .limit(most)
    )
    if only_unmatched:
        query = query.where(Study.patient_id.is_(None))
    return tuple(_row(study, series, instances) for study, series, instances in db.session.execute(query))


def _row(study: Study, series: int, instances: int) -> StudyRow:
    nobody = UNMATCHED_SENTENCES[Unmatched(study.unmatched)] if study.unmatched else ""
    return StudyRow(
        id=study.public_id,
        study_instance_uid=study.study_instance_uid,
        patient_id=study.patient_id,
        visit_id=study.visit_id,
        order_id=study.order_id,
        modality=study.modality,
        body_part=study.body_part,
        state=StudyState(study.state),
        progress=study.progress,
        detail=study.reason or nobody,
        series=series,
        instances=instances,
        received_at=study.received_at,
        seq=study.seq,
    )
