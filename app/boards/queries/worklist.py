"""Radiology's worklist: which studies are to be read, the most urgent first, and which were read today."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import aliased

from app.accounts.roles import Permission, require
from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.emr.models import Patient
from app.imaging.models import Report, Study
from app.imaging.states import SIGNED, ReportStatus, StudyState
from app.orders.models import CatalogueItem, OrderLine, ServiceOrder
from app.orders.queries.orders import FIRST
from app.orders.rules import Category
from app.orders.states import LineStatus, Priority

ROWS: Final = 50


class Show(StrEnum):
    """Which studies a worklist shows."""

    OPEN = "open"
    DRAFT = "draft"
    SIGNED = "signed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exam:
    """One examination that was asked for."""

    name_ko: str
    name_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One study in the worklist; nobody's has no name yet. `status` is that of its report, None without one."""

    study_id: UUID
    patient_id: UUID | None
    name: str
    birth_date: date | None
    mrn: str
    accession_number: str
    modality: str
    body_part: str
    description: str
    state: StudyState
    progress: int | None
    reason: str | None
    priority: Priority
    question: str
    exams: tuple[Exam, ...]
    status: ReportStatus | None
    by_name: str
    received_at: datetime
    waited_minutes: int
    signed_at: datetime | None
    is_again: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Worklist:
    """A page of the studies that are to be read, or were read today; `mark` changes when any of them does."""

    rows: tuple[Reading, ...]
    show: Show
    modality: str
    modalities: tuple[str, ...]
    open: int
    drafts: int
    signed: int
    page: int
    pages: int
    mark: str

    @property
    def discloses(self) -> tuple[UUID, ...]:
        """Return the patients that this value shows."""
        return tuple({row.patient_id for row in self.rows if row.patient_id is not None})


def worklist(*, show: Show = Show.OPEN, modality: str = "", page: int = 1, by: Actor) -> Worklist:
    """Return the studies to be read, the most urgent first, then the oldest; 3 statements, however long it is."""
    require(by, Permission.WRITE_REPORT)
    totals = _totals()
    chosen = [one for one in totals if not modality or one.modality == modality]
    counts = {kind: sum(one.studies for one in chosen if _shows(kind, one)) for kind in Show}
    pages = max(1, -(-counts[show] // ROWS))
    page = min(page, pages)
    return Worklist(
        rows=_readings(show, modality, page),
        show=show,
        modality=modality,
        modalities=tuple(sorted({one.modality for one in totals if one.modality})),
        open=counts[Show.OPEN],
        drafts=counts[Show.DRAFT],
        signed=counts[Show.SIGNED],
        page=page,
        pages=pages,
        mark=_mark(totals),
    )


def worklist_mark(*, by: Actor) -> str:
    """Return what changes when a worklist does, and shows nobody; 1 statement."""
    require(by, Permission.WRITE_REPORT)
    return _mark(_totals())


def _totals() -> list[Any]:
    """Count what is to be read and what was read today, with the sums that every change raises; 1 statement."""
    is_read = Study.reported_at.is_not(None)
    return list(
        db.session.execute(
            select(
                Study.modality,
                Report.status,
                is_read.label("is_read"),
                func.count(Study.id).label("studies"),
                func.sum(Study.seq).label("moves"),
                func.coalesce(func.sum(Report.version), 0).label("versions"),
            )
            .outerjoin(Report, Report.study_id == Study.id)
            .where(_is_open() | _is_of_today())
            .group_by(Study.modality, Report.status, is_read)
        )
    )


def _mark(totals: list[Any]) -> str:
    """Mark a worklist; tomorrow it is another one."""
    sums = (sum(one.studies for one in totals), *(sum(int(one[at]) for one in totals) for at in (4, 5)))
    return "-".join(map(str, (clock.today().toordinal(), *sums)))


def _shows(show: Show, total: Any) -> bool:
    """Whether the studies counted together stand in a list."""
    if show is Show.SIGNED:
        return bool(total.is_read)
    return not total.is_read and (show is Show.OPEN or total.status == ReportStatus.PRELIMINARY)


def _chosen(show: Show) -> ColumnElement[bool]:
    if show is Show.SIGNED:
        return _is_of_today()
    if show is Show.DRAFT:
        return _is_open() & (Report.status == ReportStatus.PRELIMINARY)
    return _is_open()


def _is_open() -> ColumnElement[bool]:
    return Study.reported_at.is_(None)


def _is_of_today() -> ColumnElement[bool]:
    begin, _ = clock.day_bounds(clock.today())
    return Study.reported_at >= begin


def _readings(show: Show, modality: str, page: int) -> tuple[Reading, ...]:
    named = aliased(Patient)
    urgency = case(
        {str(one): place for place, one in enumerate(FIRST)}, value=ServiceOrder.priority, else_=len(FIRST)
    )
    order_by = (
        (Study.reported_at.desc(), Study.id)
        if show is Show.SIGNED
        else (urgency, Study.received_at, Study.id)
    )
    query = (
        select(Study, Patient, Report, ServiceOrder)
        .outerjoin(named, named.public_id == Study.patient_id)
        .outerjoin(Patient, Patient.id == func.coalesce(named.replaced_by_id, named.id))
        .outerjoin(Report, Report.study_id == Study.id)
        .outerjoin(ServiceOrder, ServiceOrder.public_id == Study.order_id)
        .where(_chosen(show))
        .order_by(*order_by)
        .limit(ROWS)
        .offset((page - 1) * ROWS)
    )
    if modality:
        query = query.where(Study.modality == modality)
    found = db.session.execute(query).all()
    exams = exams_of([order.id for *_, order in found if order is not None])
    now = clock.utcnow()
    return tuple(_reading(*row, exams=exams, now=now) for row in found)


def _reading(
    study: Study,
    patient: Patient | None,
    report: Report | None,
    order: ServiceOrder | None,
    *,
    exams: dict[int, tuple[Exam, ...]],
    now: datetime,
) -> Reading:
    is_signed = report is not None and report.status in SIGNED
    return Reading(
        study_id=study.public_id,
        patient_id=patient.public_id if patient else None,
        name=patient.name if patient else "",
        birth_date=patient.birth_date if patient else None,
        mrn=patient.mrn if patient else "",
        accession_number=study.accession_number,
        modality=study.modality,
        body_part=study.body_part,
        description=study.description,
        state=StudyState(study.state),
        progress=study.progress,
        reason=study.reason,
        priority=Priority(order.priority) if order else Priority.ROUTINE,
        question=order.note if order else "",
        exams=exams.get(order.id, ()) if order else (),
        status=ReportStatus(report.status) if report else None,
        by_name=(report.signed_by_name if is_signed else report.author_name) if report else "",
        received_at=study.received_at,
        waited_minutes=max(0, int((now - study.received_at).total_seconds() // 60)),
        signed_at=report.signed_at if report else None,
        is_again=is_signed and study.reported_at is None,
    )


def exams_of(orders: Collection[int]) -> dict[int, tuple[Exam, ...]]:
    """Return the examinations of each order that were not taken back; 1 statement, none for no order."""
    if not orders:
        return {}
    rows = db.session.execute(
        select(OrderLine.order_id, CatalogueItem.name_ko, CatalogueItem.name_en)
        .join(CatalogueItem, CatalogueItem.id == OrderLine.item_id)
        .where(
            OrderLine.order_id.in_(sorted(orders)),
            OrderLine.status != LineStatus.REVOKED,
            CatalogueItem.category == Category.IMAGING,
        )
        .order_by(OrderLine.id)
    ).all()
    return {
        order: tuple(Exam(name_ko=row.name_ko, name_en=row.name_en) for row in rows if row.order_id == order)
        for order in orders
    }
