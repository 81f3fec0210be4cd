"""What a patient sees of the own visit: number, place in line, where to go, what was done. The name is masked."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from app.accounts.roles import Facts, Permission, require
from app.boards.queries.relations import has_to_do_with
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFoundError
from app.emr.models import Patient
from app.emr.rules import masked
from app.journey.models import FlowEvent, Visit, VisitStep
from app.journey.states import State, StepStatus
from app.queues.models import Call, Queue, QueueEntry, Service, ServicePoint, is_current_call
from app.queues.states import EntryStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class MyStep:
    """One station of the visit, with what to do before and after."""

    id: UUID
    service: str
    name_ko: str
    name_en: str
    status: StepStatus
    is_mandatory: bool
    preparation_ko: str
    preparation_en: str
    after_care_ko: str
    after_care_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MyCall:
    """The call that is open now."""

    id: UUID
    attempt: int
    at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MyEntry:
    """The line in which the patient stands."""

    id: UUID
    queue_id: UUID
    queue_ko: str
    queue_en: str
    queue_place: str
    queue_seq: int
    status: EntryStatus
    version: int
    number: int
    people_ahead: int | None
    service_point_id: UUID | None
    room_ko: str | None
    room_en: str | None
    room_place: str | None
    call: MyCall | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLine:
    """One line of the visit's history."""

    seq: int
    from_state: State
    to_state: State
    command: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MyVisit:
    """A visit as its patient (and the API) sees it."""

    id: UUID
    seq: int
    patient_id: UUID
    state: State
    version: int
    day_number: int | None
    disposition: str | None
    masked_name: str
    expected_at: datetime | None
    arrived_at: datetime | None
    arrived_place: str | None
    steps: tuple[MyStep, ...]
    entry: MyEntry | None
    history: tuple[HistoryLine, ...]

    @property
    def discloses(self) -> tuple[UUID, ...]:
        """Return the patient that this value shows."""
        return (self.patient_id,)

    @property
    def topic(self) -> str:
        """Return the topic that moves this page."""
        return f"visit:{self.id}"

    @property
    def topics(self) -> tuple[str, ...]:
        """Return the topics that the page follows: the visit's, and the line's while it waits in one."""
        is_in_line = self.entry is not None and self.entry.status is EntryStatus.WAITING
        return (self.topic, f"line:{self.entry.queue_id}") if self.entry and is_in_line else (self.topic,)

    @property
    def goal(self) -> str | None:
        """Return the map node to which the patient should go now."""
        if self.entry is None:
            return None
        return self.entry.room_place or self.entry.queue_place


@dataclass(frozen=True, slots=True, kw_only=True)
class LinePlace:
    """The order of a queue, for all its waiting phones at once."""

    queue_id: UUID
    seq: int
    entries: tuple[UUID, ...]

    def people_ahead(self, entry_id: UUID) -> int | None:
        """Return how many are called before this entry, or None where it does not wait here."""
        return self.entries.index(entry_id) if entry_id in self.entries else None


def my_visit(visit_id: UUID, *, by: Actor | None) -> MyVisit:
    """Return one visit; 4 statements, 6 while in a line. `by` None: the hub, which checked at the door."""
    if by is not None:
        require(by, Permission.SEE_VISIT, Facts(visit=visit_id))
    head = db.session.execute(
        select(Visit, Patient.public_id, Patient.name)
        .join(Patient, Patient.id == Visit.patient_id)
        .where(Visit.public_id == visit_id)
    ).one_or_none()
    if head is None:
        raise NotFoundError(kind="visit")
    visit, patient_id, name = head
    if by is not None and not has_to_do_with(visit, by=by):
        raise NotFoundError(kind="visit")
    steps = db.session.execute(
        select(VisitStep, Service)
        .join(Service, Service.id == VisitStep.service_id)
        .where(VisitStep.visit_id == visit.id)
        .order_by(VisitStep.ordinal)
    ).all()
    lines = db.session.execute(
        select(FlowEvent.seq, FlowEvent.from_state, FlowEvent.to_state, FlowEvent.command, FlowEvent.at)
        .where(FlowEvent.visit_id == visit.id)
        .order_by(FlowEvent.seq)
    ).all()
    return MyVisit(
        id=visit.public_id,
        seq=visit.seq,
        patient_id=patient_id,
        state=State(visit.state),
        version=visit.version,
        day_number=visit.day_number,
        disposition=visit.disposition,
        masked_name=masked(name),
        expected_at=visit.expected_at,
        arrived_at=visit.arrived_at,
        arrived_place=visit.arrived_place,
        steps=tuple(
            MyStep(
                id=step.public_id,
                service=service.code,
                name_ko=service.name_ko,
                name_en=service.name_en,
                status=StepStatus(step.status),
                is_mandatory=step.is_mandatory,
                preparation_ko=service.preparation_ko,
                preparation_en=service.preparation_en,
                after_care_ko=service.after_care_ko,
                after_care_en=service.after_care_en,
            )
            for step, service in steps
        ),
        entry=_entry(visit.id),
        history=tuple(
            HistoryLine(
                seq=line.seq,
                from_state=State(line.from_state),
                to_state=State(line.to_state),
                command=line.command,
                at=line.at,
            )
            for line in lines
        ),
    )


def line_order(queue_id: UUID) -> LinePlace:
    """Return the order of a queue's waiting entries; 2 statements, shared by all its phones."""
    queue = db.session.execute(select(Queue.id, Queue.seq).where(Queue.public_id == queue_id)).one_or_none()
    if queue is None:
        raise NotFoundError(kind="queue")
    ids = db.session.execute(
        select(QueueEntry.public_id)
        .where(QueueEntry.queue_id == queue.id, QueueEntry.status == EntryStatus.WAITING)
        .order_by(QueueEntry.rank_class.desc(), QueueEntry.eligible_at, QueueEntry.id)
    ).scalars()
    return LinePlace(queue_id=queue_id, seq=queue.seq, entries=tuple(ids))


def _entry(visit_id: int) -> MyEntry | None:
    found = db.session.execute(
        select(QueueEntry, Queue, ServicePoint, Call)
        .join(Queue, Queue.id == QueueEntry.queue_id)
        .outerjoin(ServicePoint, ServicePoint.id == QueueEntry.service_point_id)
        .outerjoin(Call, is_current_call())
        .where(QueueEntry.visit_id == visit_id, QueueEntry.active_slot == 1)
    ).one_or_none()
    if found is None:
        return None
    entry, queue, point, call = found
    status = EntryStatus(entry.status)
    ahead = (
        line_order(queue.public_id).people_ahead(entry.public_id) if status is EntryStatus.WAITING else None
    )
    is_called = status is EntryStatus.CALLED and call is not None
    return MyEntry(
        id=entry.public_id,
        queue_id=queue.public_id,
        queue_ko=queue.name_ko,
        queue_en=queue.name_en,
        queue_place=queue.place,
        queue_seq=queue.seq,
        status=status,
        version=entry.version,
        number=entry.number,
        people_ahead=ahead,
        service_point_id=point.public_id if point else None,
        room_ko=point.name_ko if point else None,
        room_en=point.name_en if point else None,
        room_place=point.place if point else None,
        call=MyCall(id=call.public_id, attempt=call.attempt, at=call.at, expires_at=call.expires_at)
        if is_called
        else None,
    )
