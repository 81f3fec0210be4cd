"""What leaves the house, read for a whole claim at once: a fixed number of statements per kind, however many rows."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, case, select
from sqlalchemy.orm import aliased

from app.core.db import db
from app.emr.models import Appointment, Patient, PatientIdentifier
from app.fhir.mappers.appointment import AppointmentFacts, PlannedService
from app.fhir.mappers.diagnostic_report import ReportFacts
from app.fhir.mappers.encounter import VisitFacts
from app.fhir.mappers.history import Happening, Stay
from app.fhir.mappers.imaging_study import StudyFacts
from app.fhir.mappers.location import PointFacts
from app.fhir.mappers.observation import ResultFacts
from app.fhir.mappers.order import OrderFacts
from app.fhir.mappers.patient import NumberFacts, PatientFacts
from app.fhir.mappers.service_request import StepFacts
from app.fhir.mappers.task import EntryFacts
from app.fhir.queries.entries import entries_of
from app.fhir.queries.orders import orders_of
from app.fhir.queries.pictures import reports_of, results_of, studies_of
from app.fhir.rules import Kind
from app.journey.models import FlowEvent, Visit, VisitStep
from app.journey.states import Command
from app.queues.models import QueueEntry, Service, ServicePoint
from app.queues.states import EntryStatus
from app.wayfinding.models import Site

Facts = (
    PointFacts
    | PatientFacts
    | AppointmentFacts
    | VisitFacts
    | OrderFacts
    | StepFacts
    | EntryFacts
    | StudyFacts
    | ResultFacts
    | ReportFacts
)


def facts_of(wanted: Mapping[Kind, Collection[UUID]]) -> dict[tuple[Kind, UUID], Facts]:
    """Return what is there of these aggregates, by kind and id; what is gone has no place in the answer.

    Statements, of those kinds alone that are wanted: point 1, patient 2, appointment 2, visit 4 (3 where nobody was
    let out of a room in between), order 2, step 1, entry 2, study 2, result 1 (2 where one does not hold), report 2;
    twenty at most. Call it in one snapshot: a visit's row and its history must be of one moment.
    """
    return {(kind, one.id): one for kind, ids in wanted.items() if ids for one in READERS[kind](sorted(ids))}


def _points(ids: Sequence[UUID]) -> Iterable[PointFacts]:
    rows = db.session.connection().execute(
        select(
            ServicePoint.public_id.label("id"),
            ServicePoint.seq,
            ServicePoint.name_ko.label("name"),
            ServicePoint.name_en,
            ServicePoint.place,
            ServicePoint.status,
        ).where(ServicePoint.public_id.in_(ids))
    )
    return [PointFacts(**row._asdict()) for row in rows]


def _patients(ids: Sequence[UUID]) -> Iterable[PatientFacts]:
    heir = aliased(Patient)
    rows = db.session.connection().execute(
        select(
            Patient.public_id.label("id"),
            Patient.seq,
            Patient.mrn,
            Patient.name,
            Patient.birth_date,
            Patient.gender,
            Patient.is_active,
            heir.public_id.label("replaced_by"),
        )
        .outerjoin(heir, heir.id == Patient.replaced_by_id)
        .where(Patient.public_id.in_(ids))
    )
    numbers = _numbers(ids)
    return [PatientFacts(**row._asdict(), numbers=tuple(numbers.get(row.id, ()))) for row in rows]


def _numbers(ids: Sequence[UUID]) -> dict[UUID, list[NumberFacts]]:
    """Return the further numbers of people that hold, in an order that stays."""
    rows = db.session.connection().execute(
        select(
            Patient.public_id.label("owner"),
            PatientIdentifier.kind,
            PatientIdentifier.system,
            PatientIdentifier.value,
        )
        .join(Patient, Patient.id == PatientIdentifier.patient_id)
        .where(Patient.public_id.in_(ids), PatientIdentifier.open_slot == 1)
        .order_by(PatientIdentifier.id)
    )
    found: dict[UUID, list[NumberFacts]] = {}
    for row in rows:
        found.setdefault(row.owner, []).append(NumberFacts(kind=row.kind, system=row.system, value=row.value))
    return found


def _appointments(ids: Sequence[UUID]) -> Iterable[AppointmentFacts]:
    rows = (
        db.session.connection()
        .execute(
            select(
                Appointment.public_id.label("id"),
                Appointment.seq,
                Patient.public_id.label("patient_id"),
                Appointment.starts_at,
                Appointment.status,
                Appointment.planned,
            )
            .join(Patient, Patient.id == Appointment.patient_id)
            .where(Appointment.public_id.in_(ids))
        )
        .all()
    )
    codes = {code for row in rows for code in row.planned}
    known = {
        row.code: PlannedService(row.code, row.name_ko, row.duration_seconds)
        for row in db.session.connection().execute(
            select(Service.code, Service.name_ko, Service.duration_seconds).where(Service.code.in_(codes))
        )
    }
    return [
        AppointmentFacts(
            **{
                **row._asdict(),
                "planned": tuple(known.get(code, PlannedService(code)) for code in row.planned),
            }
        )
        for row in rows
    ]


def _visits(ids: Sequence[UUID]) -> Iterable[VisitFacts]:
    rows = (
        db.session.connection()
        .execute(
            select(
                Visit.id.label("row_id"),
                Visit.public_id.label("id"),
                Visit.seq,
                Patient.public_id.label("patient_id"),
                Appointment.public_id.label("appointment_id"),
                Visit.state,
                Visit.disposition,
                Visit.business_date,
                Visit.day_number,
                Visit.site,
                Site.name_ko.label("site_name"),
                Visit.expected_at,
                Visit.arrived_at,
                Visit.closed_at,
            )
            .join(Patient, Patient.id == Visit.patient_id)
            .outerjoin(Appointment, Appointment.id == Visit.appointment_id)
            .outerjoin(Site, Site.code == Visit.site)
            .where(Visit.public_id.in_(ids))
        )
        .all()
    )
    row_ids = [row.row_id for row in rows]
    lines = _lines(row_ids)
    stays = _stays(row_ids)
    return [
        VisitFacts(
            **{name: value for name, value in row._asdict().items() if name != "row_id"},
            lines=tuple(lines.get(row.row_id, ())),
            stays=tuple(stays.get(row.row_id, ())),
        )
        for row in rows
    ]


def _lines(visit_ids: Sequence[int]) -> dict[int, list[Happening]]:
    """Return the histories of visits; what a pause interrupted stands in the line that undo would restore from."""
    rows = (
        db.session.connection()
        .execute(
            select(
                FlowEvent.visit_id,
                FlowEvent.command,
                FlowEvent.command_id,
                FlowEvent.to_state,
                FlowEvent.at,
                case((FlowEvent.command == Command.PAUSE, FlowEvent.before)).label("before"),
            )
            .where(FlowEvent.visit_id.in_(visit_ids))
            .order_by(FlowEvent.visit_id, FlowEvent.seq)
        )
        .all()
    )
    rooms = _public_ids_of_points({entry["service_point_id"] for row in rows if (entry := _paused(row))})
    found: dict[int, list[Happening]] = {}
    for row in rows:
        entry = _paused(row)
        left = (
            Stay(rooms[entry["service_point_id"]], datetime.fromisoformat(entry["started_at"]), row.at)
            if entry
            else None
        )
        found.setdefault(row.visit_id, []).append(
            Happening(row.command, row.command_id, row.to_state, row.at, left)
        )
    return found


def _paused(row: Row[Any]) -> dict[str, Any] | None:
    """Return the entry as it was in the room that a pause emptied."""
    entry: dict[str, Any] = (row.before or {}).get("entry") or {}
    return entry if entry.get("started_at") and entry.get("service_point_id") else None


def _public_ids_of_points(row_ids: Collection[int]) -> dict[int, UUID]:
    if not row_ids:
        return {}
    rows = db.session.connection().execute(
        select(ServicePoint.id, ServicePoint.public_id).where(ServicePoint.id.in_(row_ids))
    )
    return {row.id: row.public_id for row in rows}


def _stays(visit_ids: Sequence[int]) -> dict[int, list[Stay]]:
    """Return the rooms in which the visits' patients are, or were to the end, or are called to."""
    rows = db.session.connection().execute(
        select(
            QueueEntry.visit_id,
            QueueEntry.status,
            QueueEntry.called_at,
            QueueEntry.started_at,
            QueueEntry.ended_at,
            ServicePoint.public_id.label("point_id"),
        )
        .join(ServicePoint, ServicePoint.id == QueueEntry.service_point_id)
        .where(QueueEntry.visit_id.in_(visit_ids), QueueEntry.status != EntryStatus.ENTERED_IN_ERROR)
    )
    found: dict[int, list[Stay]] = {}
    for row in rows:
        if row.started_at is not None:
            stay = Stay(row.point_id, row.started_at, row.ended_at)
        elif row.status == EntryStatus.CALLED and row.called_at is not None:
            stay = Stay(row.point_id, row.called_at, is_called=True)
        else:
            continue
        found.setdefault(row.visit_id, []).append(stay)
    return found


def _steps(ids: Sequence[UUID]) -> Iterable[StepFacts]:
    rows = db.session.connection().execute(
        select(
            VisitStep.public_id.label("id"),
            VisitStep.seq,
            Patient.public_id.label("patient_id"),
            Visit.public_id.label("visit_id"),
            Visit.disposition.label("visit_disposition"),
            VisitStep.status,
            VisitStep.service_code,
            Service.name_ko.label("service_name"),
            VisitStep.order_ref,
        )
        .join(Visit, Visit.id == VisitStep.visit_id)
        .join(Patient, Patient.id == Visit.patient_id)
        .join(Service, Service.id == VisitStep.service_id)
        .where(VisitStep.public_id.in_(ids))
    )
    return [StepFacts(**row._asdict()) for row in rows]


READERS: Final[Mapping[Kind, Callable[[Sequence[UUID]], Iterable[Facts]]]] = {
    Kind.POINT: _points,
    Kind.PATIENT: _patients,
    Kind.APPOINTMENT: _appointments,
    Kind.VISIT: _visits,
    Kind.ORDER: orders_of,
    Kind.STEP: _steps,
    Kind.ENTRY: entries_of,
    Kind.STUDY: studies_of,
    Kind.RESULT: results_of,
    Kind.REPORT: reports_of,
}
