"""Lists of studies that somebody may see; who may, `pictures` decides."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from app.accounts.roles import Permission, may
from app.boards.queries.pictures import open_to
from app.core.actor import Actor
from app.core.db import db
from app.emr.models import Patient
from app.imaging.models import Instance, Report, Series, Study
from app.imaging.states import SIGNED, ReportStatus, StudyState

MOST_ON_A_PAGE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyLine:
    """A study as a list of studies shows it; no name and no number of a patient where it is nobody's."""

    study_id: UUID
    study_instance_uid: str
    patient_id: UUID | None
    patient_number: str
    patient_name: str
    patient_birth_date: date | None
    patient_gender: str | None
    accession_number: str
    modalities: tuple[str, ...]
    description: str
    study_date: date | None
    series: int
    instances: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyList:
    """Studies that somebody may see, the newest first."""

    studies: tuple[StudyLine, ...]

    @property
    def discloses(self) -> tuple[UUID, ...]:
        """Return the patients that this value shows."""
        return tuple({one.patient_id for one in self.studies if one.patient_id is not None})


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientStudy:
    """One of a patient's studies as the patient's own pages list it; `reason` is a stored one.

    `report` None: nothing was signed yet.
    """

    study_id: UUID
    study_instance_uid: str
    modality: str
    description: str
    body_part: str
    study_date: date | None
    received_at: datetime
    state: StudyState
    progress: int | None
    reason: str | None
    report: ReportStatus | None


def seen_studies(
    *,
    uids: Collection[str] = (),
    patient_number: str | None = None,
    limit: int,
    offset: int = 0,
    by: Actor,
) -> StudyList:
    """Return those of the named studies, or of the patient's, that somebody may see; 2 statements, 1 for none.

    The patient is named by our record number; what came in under a number that was merged away is there too.
    """
    query = open_to(by, select(Study, Patient))
    if uids:
        query = query.where(Study.study_instance_uid.in_(uids))
    if patient_number is not None:
        said = aliased(Patient)
        lives_on = select(func.coalesce(said.replaced_by_id, said.id)).where(said.mrn == patient_number)
        query = query.where(Patient.id == lives_on.scalar_subquery())
    rows = db.session.execute(
        query.order_by(Study.study_date.desc(), Study.id.desc()).limit(limit).offset(offset)
    ).all()
    counts = _counts([study.id for study, _ in rows])
    return StudyList(studies=tuple(_line(study, patient, counts[study.id]) for study, patient in rows))


def patient_studies(patient_id: UUID, *, by: Actor) -> tuple[PatientStudy, ...] | None:
    """Return a patient's newest studies that somebody may see, duplicates' too; None without the right; 1 statement."""
    if not may(by, Permission.SEE_IMAGES):
        return None
    this = select(Patient.id).where(Patient.public_id == patient_id).scalar_subquery()
    one = aliased(Patient)
    own = select(one.public_id).where((one.id == this) | (one.replaced_by_id == this))
    signed = select(Report.status).where(Report.study_id == Study.id, Report.status.in_(sorted(SIGNED)))
    rows = db.session.execute(
        open_to(by, select(Study, signed.scalar_subquery()))
        .where(Study.patient_id.in_(own))
        .order_by(Study.received_at.desc(), Study.id.desc())
        .limit(MOST_ON_A_PAGE)
    )
    return tuple(
        PatientStudy(
            study_id=row.public_id,
            study_instance_uid=row.study_instance_uid,
            modality=row.modality,
            description=row.description,
            body_part=row.body_part,
            study_date=row.study_date,
            received_at=row.received_at,
            state=StudyState(row.state),
            progress=row.progress,
            reason=row.reason,
            report=ReportStatus(report) if report else None,
        )
        for row, report in rows
    )


def _counts(studies: Collection[int]) -> Mapping[int, tuple[tuple[str, ...], int, int]]:
    """Return the modalities of each study, and how many series and instances it has; 1 statement."""
    if not studies:
        return {}
    rows = db.session.execute(
        select(Series.study_id, Series.modality, func.count(Series.id.distinct()), func.count(Instance.id))
        .join(Instance, Instance.series_id == Series.id)
        .where(Series.study_id.in_(studies))
        .group_by(Series.study_id, Series.modality)
    ).all()
    return {
        study: (
            tuple(sorted(modality for of, modality, *_ in rows if of == study and modality)),
            sum(series for of, _, series, _ in rows if of == study),
            sum(instances for of, *_, instances in rows if of == study),
        )
        for study in studies
    }


def _line(study: Study, patient: Patient | None, counts: tuple[tuple[str, ...], int, int]) -> StudyLine:
    modalities, series, instances = counts
    return StudyLine(
        study_id=study.public_id,
        study_instance_uid=study.study_instance_uid,
        patient_id=patient.public_id if patient else None,
        patient_number=patient.mrn if patient else "",
        patient_name=patient.name if patient else "",
        patient_birth_date=patient.birth_date if patient else None,
        patient_gender=patient.gender if patient else None,
        accession_number=study.accession_number,
        modalities=modalities,
        description=study.description,
        study_date=study.study_date,
        series=series,
        instances=instances,
    )
