"""What a study was found to show: for radiology as it is being written, for everybody else once it is signed."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from app.accounts.roles import Permission, may
from app.core.actor import Actor
from app.core.db import db
from app.imaging.models import Report, SignedText, Study
from app.imaging.states import SIGNED, ReportStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedVersion:
    """A text as it was signed, and why it took the place of the one before."""

    number: int
    status: ReportStatus
    text: str
    reason: str | None
    by_name: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyReport:
    """A study's report as a reader may see it; `status` None and version 0 where there is none for them.

    `is_behind`: pictures came in after it was signed, which nobody has read yet.
    """

    study_id: UUID
    status: ReportStatus | None = None
    version: int = 0
    text: str = ""
    author_name: str = ""
    updated_at: datetime | None = None
    signed_by_name: str = ""
    signed_at: datetime | None = None
    is_behind: bool = False
    signed: tuple[SignedVersion, ...] = ()

    @property
    def is_signed(self) -> bool:
        """Whether somebody answers for it."""
        return self.status in SIGNED

    @property
    def mark(self) -> str:
        """Return what changes when a reader would see something else."""
        return f"{self.version}-{self.is_behind:d}"

    @property
    def earlier(self) -> tuple[SignedVersion, ...]:
        """Return the texts that were amended, the newest first."""
        return self.signed[1:]


def report_of(study_id: UUID, *, by: Actor) -> StudyReport:
    """Return a study's report with every text that was signed, the newest first; 2 statements, 1 for a draft.

    The caller has looked that the study is open to the reader.
    """
    row, study = _rows([study_id], by=by).get(study_id, (None, None))
    if row is None or study is None:
        return StudyReport(study_id=study_id)
    texts = (
        select(SignedText).where(SignedText.report_id == row.id).order_by(SignedText.number.desc())
        if row.status in SIGNED
        else None
    )
    signed = () if texts is None else db.session.execute(texts).scalars()
    return _report(study, row, tuple(_version(one) for one in signed))


def reports_of(studies: Collection[UUID], *, by: Actor) -> dict[UUID, StudyReport]:
    """Return the reports of several studies, without what was signed before; 1 statement.

    The caller has looked that the studies are open to the reader.
    """
    return {study_id: _report(study, row) for study_id, (row, study) in _rows(studies, by=by).items()}


def _rows(studies: Collection[UUID], *, by: Actor) -> dict[UUID, tuple[Report, Study]]:
    """Return the reports that a reader may see: a draft is its writers' own."""
    query = select(Report, Study).join(Study, Study.id == Report.study_id)
    query = query.where(Study.public_id.in_(sorted(studies)))
    if not may(by, Permission.WRITE_REPORT):
        query = query.where(Report.status.in_(sorted(SIGNED)))
    return {study.public_id: (row, study) for row, study in db.session.execute(query)}


def _report(study: Study, row: Report, signed: tuple[SignedVersion, ...] = ()) -> StudyReport:
    return StudyReport(
        study_id=study.public_id,
        status=ReportStatus(row.status),
        version=row.version,
        text=row.text,
        author_name=row.author_name,
        updated_at=row.updated_at,
        signed_by_name=row.signed_by_name,
        signed_at=row.signed_at,
        is_behind=row.status in SIGNED and study.reported_at is None,
        signed=signed,
    )


def _version(row: SignedText) -> SignedVersion:
    return SignedVersion(
        number=row.number,
        status=ReportStatus(row.status),
        text=row.text,
        reason=row.reason,
        by_name=row.signed_by_name,
        at=row.signed_at,
    )
