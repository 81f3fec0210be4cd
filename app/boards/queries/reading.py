"""One study before its reader: whose it is, what was asked, what was found, and what was done before."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select

from app.accounts.models import Staff
from app.accounts.roles import Permission, may
from app.boards.queries.measured import MeasuredStudy, measured_studies
from app.boards.queries.pictures import SeenStudy, seen_study
from app.boards.queries.reports import StudyReport, report_of
from app.boards.queries.study_lists import StudyLine, seen_studies
from app.boards.queries.worklist import Exam, exams_of
from app.core.actor import Actor
from app.core.db import db
from app.emr.models import Patient
from app.imaging.models import Study
from app.orders.models import ServiceOrder
from app.orders.states import OrderStatus, Priority

MOST_EARLIER: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What the order of a study asks, and who asks it."""

    order_id: UUID
    priority: Priority
    is_revoked: bool
    note: str
    by_name: str
    at: datetime
    exams: tuple[Exam, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingPage:
    """One study before its reader: whose it is, what was asked, measured and found, what was done before."""

    seen: SeenStudy
    name: str
    birth_date: date | None
    gender: str | None
    mrn: str
    accession_number: str
    measured: MeasuredStudy
    question: Question | None
    report: StudyReport
    earlier: tuple[StudyLine, ...]
    may_write: bool

    @property
    def discloses(self) -> tuple[UUID, ...]:
        """Return the patients that this value shows."""
        return self.seen.discloses


def reading_page(study_id: UUID, *, by: Actor) -> ReadingPage:
    """Return one study to read, or to read about; 11 statements. Raise NotFoundError for somebody else's."""
    seen = seen_study(study_id=study_id, by=by)
    study, patient, order, by_name = db.session.execute(
        select(Study, Patient, ServiceOrder, Staff.name)
        .select_from(Study)
        .outerjoin(Patient, Patient.public_id == seen.patient_id)
        .outerjoin(ServiceOrder, ServiceOrder.public_id == Study.order_id)
        .outerjoin(Staff, Staff.public_id == ServiceOrder.ordered_by)
        .where(Study.public_id == study_id)
    ).one()
    return ReadingPage(
        seen=seen,
        name=patient.name if patient else "",
        birth_date=patient.birth_date if patient else None,
        gender=patient.gender if patient else None,
        mrn=patient.mrn if patient else "",
        accession_number=study.accession_number,
        measured=measured_studies([study_id])[study_id],
        question=None if order is None else _question(order, by_name or ""),
        report=report_of(study_id, by=by),
        earlier=_earlier(study_id, patient, by=by),
        may_write=may(by, Permission.WRITE_REPORT),
    )


def _question(order: ServiceOrder, by_name: str) -> Question:
    return Question(
        order_id=order.public_id,
        priority=Priority(order.priority),
        is_revoked=order.status == OrderStatus.REVOKED,
        note=order.note,
        by_name=by_name,
        at=order.created_at,
        exams=exams_of([order.id]).get(order.id, ()),
    )


def _earlier(study_id: UUID, patient: Patient | None, *, by: Actor) -> tuple[StudyLine, ...]:
    """Return the patient's other studies, the newest first, to compare with; 2 statements."""
    if patient is None:
        return ()
    found = seen_studies(patient_number=patient.mrn, limit=MOST_EARLIER + 1, by=by).studies
    return tuple(one for one in found if one.study_id != study_id)[:MOST_EARLIER]
