"""One patient's sheet at the ward: who it is, what this reader may do now, what has been done and by whom."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select

from app.accounts.roles import Facts, Permission, may
from app.boards.queries.measured import MeasuredStudy, measured_studies
from app.boards.queries.orders import open_orders
from app.boards.queries.study_lists import PatientStudy, patient_studies
from app.boards.queries.ward import head_and_points
from app.boards.queries.ward_examinations import Examination, examinations, seen
from app.boards.queries.ward_moves import Line, history_of, line_of
from app.boards.queries.ward_rows import WardRow, columns, row_of
from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFoundError
from app.emr.models import Patient
from app.journey import rules
from app.journey.models import VisitStep
from app.journey.states import TABLE, Command, may_start
from app.queues.models import Queue, QueueEntry, Service, ServicePoint
from app.queues.rules import order_of_service
from app.queues.states import EntryStatus, PointStatus
from app.waits import queries as waits

# In the order of the sheet; undo stands with the history, pay and arrivals belong to other screens.
ON_THE_SHEET = (
    Command.CALL,
    Command.START,
    Command.RECALL,
    Command.MISS,
    Command.UNCALL,
    Command.COMPLETE,
    Command.PAUSE,
    Command.RESUME,
    Command.RE_ENTER,
    Command.HOLD,
    Command.PRIORITY,
    Command.SKIP_ONCE,
    Command.TRANSFER,
    Command.START_DIRECT,
    Command.ADD_STEP,
    Command.WAIVE,
    Command.LEAVE,
    Command.CANCEL,
    Command.TRANSFER_OUT,
    Command.VOID,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomChoice:
    """A room into which the patient could be called or for which the entry could be kept."""

    id: UUID
    name_ko: str
    name_en: str
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A queue that fits: the same service, or one that this visit may begin now."""

    id: UUID
    name_ko: str
    name_en: str
    is_open: bool
    waiting_count: int
    wait_minutes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """The visit's last command, where this reader may take it back, and for how long yet."""

    command: Command
    seconds_left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WardPatient:
    """The sheet of one entry of one queue."""

    queue_id: UUID
    queue_ko: str
    queue_en: str
    row: WardRow
    max_calls: int
    offers: tuple[Command, ...]
    rooms: tuple[RoomChoice, ...]
    overtakes: Mapping[UUID, tuple[int, ...]]  # by room: the numbers that wait before this one
    targets: tuple[Target, ...]
    next_queues: tuple[Target, ...]
    examinations: tuple[Examination, ...]
    step_ko: str
    step_en: str
    is_mandatory: bool
    is_merged: bool
    history: tuple[Line, ...]
    undo: Undo | None
    open_orders: int | None  # None for who may not see orders
    studies: tuple[PatientStudy, ...] | None  # None for who may not see pictures
    measured: MeasuredStudy | None  # of the newest of them

    @property
    def discloses(self) -> tuple[UUID, ...]:
        """Return the patient that this value shows."""
        return (self.row.patient_id,)


def ward_patient(queue_id: UUID, entry_id: UUID, *, by: Actor) -> WardPatient:
    """Return the sheet of an entry, an ended one too; at most 11 statements, 12 for who may add an examination.

    Where there are pictures, 2 more. Raise NotFoundError.
    """
    head, points = head_and_points(queue_id, by=by)
    found = db.session.execute(
        columns(QueueEntry.visit_id.label("visit_row_id"), QueueEntry.step_id, Patient.replaced_by_id).where(
            QueueEntry.public_id == entry_id, QueueEntry.queue_id == head.id
        )
    ).one_or_none()
    if found is None:
        raise NotFoundError(kind="entry")
    row = row_of(
        found,
        {point.id: point for point in points},
        position=None,
        max_overtaken=head.max_overtaken,
        situation=None,
        now=clock.utcnow(),
    )
    steps = _steps(found.visit_row_id)
    own = next(step for step, _ in steps if step.id == found.step_id)
    service = next(service for step, service in steps if step.id == found.step_id)
    offers = _offers(row, unit=head.unit, by=by)
    may_add = Command.ADD_STEP in offers
    targets, next_queues, lines = _targets(head, own, [step for step, _ in steps], is_any=may_add)
    history = history_of(found.visit_row_id)
    studies = patient_studies(row.patient_id, by=by)
    return WardPatient(
        queue_id=head.public_id,
        queue_ko=head.name_ko,
        queue_en=head.name_en,
        row=row,
        max_calls=head.max_calls,
        offers=offers,
        rooms=tuple(
            RoomChoice(
                id=point.public_id,
                name_ko=point.name_ko,
                name_en=point.name_en,
                is_open=point.status == PointStatus.OPEN,
            )
            for point in points
        ),
        overtakes=_overtakes(head.id, found, points) if row.status is EntryStatus.WAITING else {},
        targets=targets,
        next_queues=next_queues,
        examinations=examinations(steps, lines) if may_add else (),
        step_ko=service.name_ko,
        step_en=service.name_en,
        is_merged=found.replaced_by_id is not None,
        is_mandatory=own.is_mandatory,
        history=tuple(line_of(one, by=by) for one in history),
        undo=_undo(history, unit=head.unit, by=by),
        open_orders=open_orders(row.visit_id) if may(by, Permission.SEE_ORDERS) else None,
        studies=studies,
        measured=next(iter(measured_studies([studies[0].study_id]).values()), None) if studies else None,
    )


def _offers(row: WardRow, *, unit: UUID, by: Actor) -> tuple[Command, ...]:
    """Return what the table allows from here and the reader's role allows in this unit."""
    facts = Facts(unit=unit)
    return tuple(
        command
        for command in ON_THE_SHEET
        if may_start(command, row.state, row.status)
        and may(by, Permission.DRIVE_QUEUE, facts)
        and may(by, TABLE[command].right, facts)
    )


def _undo(history: Sequence[Any], *, unit: UUID, by: Actor) -> Undo | None:
    if not history or history[0].command == Command.UNDO or not may(by, Permission.UNDO, Facts(unit=unit)):
        return None
    last = history[0]
    is_own = by.id is not None and last.actor_id == by.id
    may_others = may(by, Permission.UNDO_OTHERS, Facts(unit=unit))
    age = (clock.utcnow() - last.at).total_seconds()
    if not rules.may_undo(age_seconds=age, is_own=is_own, may_undo_others=may_others):
        return None
    limit = rules.UNDO_OTHERS_SECONDS if may_others else rules.UNDO_OWN_SECONDS
    return Undo(command=Command(last.command), seconds_left=max(0, int(limit - age)))


def _steps(visit_row_id: int) -> list[tuple[VisitStep, Service]]:
    rows = db.session.execute(
        select(VisitStep, Service)
        .join(Service, Service.id == VisitStep.service_id)
        .where(VisitStep.visit_id == visit_row_id)
        .order_by(VisitStep.ordinal)
    )
    return [(row[0], row[1]) for row in rows]


def _overtakes(queue_id: int, found: Any, points: Sequence[ServicePoint]) -> dict[UUID, tuple[int, ...]]:
    """Return by room whom a call into it would overtake: who stands before, and may be called there."""
    own = order_of_service(found.rank_class, found.eligible_at, found.id)
    line = db.session.execute(
        select(
            QueueEntry.id,
            QueueEntry.number,
            QueueEntry.rank_class,
            QueueEntry.eligible_at,
            QueueEntry.pinned_point_id,
        ).where(QueueEntry.queue_id == queue_id, QueueEntry.status == EntryStatus.WAITING)
    ).all()
    before = sorted(
        (one for one in line if order_of_service(one.rank_class, one.eligible_at, one.id) < own),
        key=lambda one: order_of_service(one.rank_class, one.eligible_at, one.id),
    )
    return {
        point.public_id: tuple(one.number for one in before if one.pinned_point_id in {None, point.id})
        for point in points
    }


def targets_of(*which: ColumnElement[bool]) -> list[tuple[Any, Target]]:
    """Return queues, as rows and as one may choose them; 4 statements."""
    waiting = (
        select(func.count())
        .select_from(QueueEntry)
        .where(QueueEntry.queue_id == Queue.id, QueueEntry.status == EntryStatus.WAITING)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(
            Queue.id,
            Queue.public_id,
            Queue.name_ko,
            Queue.name_en,
            Queue.is_open,
            Queue.service_id,
            waiting.label("waiting"),
        )
        .where(*which)
        .order_by(Queue.id)
    ).all()
    seconds = waits.newcomer_seconds([row.id for row in rows]) if rows else {}
    return [(row, _target(row, seconds.get(row.id))) for row in rows]


def _targets(
    head: Any, own: VisitStep, steps: Sequence[VisitStep], *, is_any: bool
) -> tuple[tuple[Target, ...], tuple[Target, ...], dict[int, list[Target]]]:
    """Return where the patient could be sent now, what could come next once this step is done, and the open queues.

    The last by the service that they offer, all of them where `is_any`.
    """
    now, later = _ready(steps), _ready(steps, done=own.id)
    fits = {own.service_id, *(step.service_id for step in steps if step.id in now)}
    follows = {step.service_id for step in steps if step.id in later}
    known = targets_of(*(() if is_any else (Queue.service_id.in_(fits | follows),)))
    opened = defaultdict[int, list[Target]](list)
    for row, target in known:
        if row.is_open:
            opened[row.service_id].append(target)
    return (
        tuple(target for row, target in known if row.service_id in fits and row.id != head.id),
        tuple(target for row, target in known if row.service_id in follows and row.is_open),
        opened,
    )


def _target(row: Any, seconds: float | None) -> Target:
    return Target(
        id=row.public_id,
        name_ko=row.name_ko,
        name_en=row.name_en,
        is_open=row.is_open,
        waiting_count=row.waiting,
        wait_minutes=None if seconds is None else round(seconds / 60),
    )


def _ready(steps: Sequence[VisitStep], *, done: int | None = None) -> set[int]:
    """Return the steps that may begin, as if one were done."""
    return {step.id for step in rules.ready_steps(seen(steps, done=done))}
