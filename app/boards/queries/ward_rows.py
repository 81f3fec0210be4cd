"""The ward's rows: everybody in one queue, with what may be done with each and why each stands where it stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import aliased

from app.core.db import db
from app.emr.models import Patient
from app.imaging.models import Study
from app.imaging.states import StudyState
from app.journey.models import Visit
from app.journey.states import Command, State, may_start
from app.queues.models import Call, QueueEntry, ServicePoint, is_current_call
from app.queues.rules import order_of_service
from app.queues.states import OPEN_STATUSES, EntryStatus
from app.waits.queries import Forecast, Situation

# What a row offers at once; all the rest stands on the patient's sheet.
OFFERED = (
    Command.CALL,
    Command.RECALL,
    Command.MISS,
    Command.START,
    Command.COMPLETE,
    Command.RESUME,
    Command.RE_ENTER,
)
# The time from which a row counts its minutes, by status. Who waits counts from `since`, as the line does: a patient
# who was moved and kept the place has not begun to wait anew.
SINCE = {EntryStatus.CALLED: "called_at", EntryStatus.IN_SERVICE: "started_at"}


class Raised(StrEnum):
    """Why somebody stands before others of the same class."""

    WAITED = "waited"
    OVERTAKEN = "overtaken"


@dataclass(frozen=True, slots=True, kw_only=True)
class WardRow:
    """One patient of the queue, with two identifiers and the commands that the table allows now."""

    entry_id: UUID
    visit_id: UUID
    patient_id: UUID
    version: int
    visit_version: int
    number: int
    name: str
    birth_year: int
    status: EntryStatus
    state: State
    since: datetime
    waited_minutes: int
    appointment_at: datetime | None
    position: int | None
    is_first: bool
    priority: int
    raised: Raised | None
    overtaken: int
    room_id: UUID | None
    room_ko: str | None
    room_en: str | None
    pinned_id: UUID | None
    pinned_ko: str | None
    pinned_en: str | None
    attempt: int
    call_id: UUID | None
    expires_at: datetime | None
    is_unanswered: bool
    held_until: datetime | None
    held_reason: str | None
    is_interrupted: bool
    wait: Forecast | None
    pictures: StudyState | None  # of the visit's newest study
    progress: int | None
    offers: frozenset[Command]


def everybody(queue_id: int) -> list[Any]:
    """Return who is in the queue, in the order of service; 1 statement, columns only, as hundreds may wait."""
    found = db.session.execute(
        columns().where(QueueEntry.queue_id == queue_id, QueueEntry.status.in_(sorted(OPEN_STATUSES)))
    )
    return sorted(found, key=lambda row: order_of_service(row.rank_class, row.eligible_at, row.id))


def rows_of(
    in_order: Sequence[Any],
    points: Mapping[int, ServicePoint],
    *,
    max_overtaken: int,
    situation: Situation,
    now: datetime,
) -> tuple[WardRow, ...]:
    """Return everybody as the page shows them; no statement."""
    places = count(1)
    return tuple(
        row_of(
            row,
            points,
            position=next(places) if row.status == EntryStatus.WAITING else None,
            max_overtaken=max_overtaken,
            situation=situation,
            now=now,
        )
        for row in in_order
    )


def columns(*more: Any) -> Select[*tuple[Any, ...]]:
    """Return what a row is made of, and more where a sheet wants more."""
    own = aliased(Study)
    newest = (
        select(func.max(own.id)).where(own.visit_id == Visit.public_id).correlate(Visit).scalar_subquery()
    )
    return (
        select(
            QueueEntry.id,
            QueueEntry.public_id.label("entry_id"),
            QueueEntry.version,
            QueueEntry.number,
            QueueEntry.status,
            QueueEntry.priority_class,
            QueueEntry.rank_class,
            QueueEntry.overtaken,
            QueueEntry.eligible_at,
            QueueEntry.since,
            QueueEntry.called_at,
            QueueEntry.started_at,
            QueueEntry.service_point_id,
            QueueEntry.pinned_point_id,
            QueueEntry.call_count,
            QueueEntry.held_until,
            QueueEntry.held_reason,
            QueueEntry.served_seconds,
            Visit.public_id.label("visit_id"),
            Visit.version.label("visit_version"),
            Visit.state,
            Visit.expected_at,
            Patient.public_id.label("patient_id"),
            Patient.name,
            Patient.birth_date,
            Call.public_id.label("call_id"),
            Call.expires_at,
            Study.state.label("pictures"),
            Study.progress,
            *more,
        )
        .join(Visit, Visit.id == QueueEntry.visit_id)
        .join(Patient, Patient.id == Visit.patient_id)
        .outerjoin(Call, is_current_call())
        .outerjoin(Study, (Study.visit_id == Visit.public_id) & (Study.id == newest))
    )


def row_of(
    row: Any,
    points: Mapping[int, ServicePoint],
    *,
    position: int | None,
    max_overtaken: int,
    situation: Situation | None,
    now: datetime,
) -> WardRow:
    """Return one row as the page shows it."""
    status, state = EntryStatus(row.status), State(row.state)
    since = getattr(row, SINCE.get(status, "since")) or row.since
    room, pinned = points.get(row.service_point_id or 0), points.get(row.pinned_point_id or 0)
    is_called, is_held = status is EntryStatus.CALLED, status is EntryStatus.HELD
    return WardRow(
        entry_id=row.entry_id,
        visit_id=row.visit_id,
        patient_id=row.patient_id,
        version=row.version,
        visit_version=row.visit_version,
        number=row.number,
        name=row.name,
        birth_year=row.birth_date.year,
        status=status,
        state=state,
        since=since,
        waited_minutes=max(0, int((now - since).total_seconds() // 60)),
        appointment_at=row.expected_at,
        position=position,
        is_first=position == 1,
        priority=row.priority_class,
        raised=_raised(row, max_overtaken) if status is EntryStatus.WAITING else None,
        overtaken=row.overtaken,
        room_id=room.public_id if room else None,
        room_ko=room.name_ko if room else None,
        room_en=room.name_en if room else None,
        pinned_id=pinned.public_id if pinned else None,
        pinned_ko=pinned.name_ko if pinned else None,
        pinned_en=pinned.name_en if pinned else None,
        attempt=row.call_count,
        call_id=row.call_id if is_called else None,
        expires_at=row.expires_at if is_called else None,
        is_unanswered=bool(is_called and row.expires_at and row.expires_at <= now),
        held_until=row.held_until if is_held else None,
        held_reason=row.held_reason if is_held else None,
        is_interrupted=is_held and row.served_seconds > 0,
        wait=situation.forecast(position - 1, pinned=row.pinned_point_id)
        if situation is not None and position is not None
        else None,
        pictures=StudyState(row.pictures) if row.pictures else None,
        progress=row.progress,
        offers=frozenset(command for command in OFFERED if may_start(command, state, status)),
    )


def _raised(row: Any, max_overtaken: int) -> Raised | None:
    if row.rank_class <= row.priority_class:
        return None
    return Raised.OVERTAKEN if row.overtaken >= max_overtaken else Raised.WAITED
