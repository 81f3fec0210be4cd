"""What a patient sees of the own visit: number, place in line, where to go, what was done. The name is masked."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select

from app.accounts.roles import PATIENT_SIDE, Facts, Permission, require
from app.boards.queries.advice import advice_of
from app.boards.queries.line import MyEntry, open_entry
from app.boards.queries.relations import has_to_do_with
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFoundError
from app.emr.models import Patient
from app.emr.rules import masked
from app.journey import rules
from app.journey.models import FlowEvent, Visit, VisitStep
from app.journey.states import OPEN_STEPS, TABLE, Command, State, StepStatus, may_start
from app.notices import consumers as notices
from app.notices.models import NoticePreference
from app.queues.models import Service
from app.queues.states import EntryStatus

DROPPED = frozenset({StepStatus.WAIVED, StepStatus.CANCELLED})


class Phase(StrEnum):
    """Where a station stands in the patient's day."""

    DONE = "done"
    NOW = "now"
    NEXT = "next"
    LATER = "later"


@dataclass(frozen=True, slots=True, kw_only=True)
class MyStep:
    """One station of the visit, with what to do before and after."""

    id: UUID
    ordinal: int
    after: tuple[int, ...]
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
class HistoryLine:
    """One line of the visit's history."""

    seq: int
    from_state: State
    to_state: State
    command: str
    at: datetime
    actor_role: str


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
    is_second: bool
    near_turn_at: int | None
    has_message_ways: bool

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
        return None if self.entry is None or self.is_for_desk else self.entry.place

    @property
    def is_for_desk(self) -> bool:
        """Whether the turn was missed so often that the desk or the ward must help."""
        entry = self.entry
        return entry is not None and entry.status is EntryStatus.NO_SHOW and not entry.may_re_enter

    @property
    def itinerary(self) -> tuple[tuple[Phase, MyStep], ...]:
        """Return the day's stations, but for what was dropped: done, now, the next one, later."""
        ahead = [step for step in self.steps if step.status in OPEN_STEPS - {StepStatus.ACTIVE}]
        upcoming = ahead[0].id if ahead else None
        return tuple(
            (self._phase(step, is_next=step.id == upcoming), step)
            for step in self.steps
            if step.status not in DROPPED
        )

    @property
    def ready_services(self) -> frozenset[str]:
        """Return the services that could be next: what must come before them is done."""
        steps = [
            rules.Step(step.ordinal, step.ordinal, step.service, step.is_mandatory, step.status, step.after)
            for step in self.steps
        ]
        return frozenset(step.service_code for step in rules.ready_steps(steps))

    @property
    def missed_at(self) -> datetime | None:
        """Return when the call that nobody answered ended."""
        return self._last_at(Command.MISS) if self._status is EntryStatus.NO_SHOW else None

    @property
    def is_away_by_own_wish(self) -> bool:
        """Whether the patient stepped out (and may come back alone), rather than being put aside by staff."""
        held = [line for line in self.history if line.command == Command.HOLD]
        return self._status is EntryStatus.HELD and bool(held) and held[-1].actor_role in PATIENT_SIDE

    @property
    def offers_at_desk(self) -> frozenset[Command]:
        """Return what the desk may do for the patient now: the queue's limits are not for staff."""
        return frozenset(
            command
            for command, way in TABLE.items()
            if way.is_own and may_start(command, self.state, self._status)
        )

    @property
    def offers(self) -> frozenset[Command]:
        """Return what the patient may do now."""
        offered = set(self.offers_at_desk)
        entry = self.entry
        if entry is None or not entry.may_hold:
            offered.discard(Command.HOLD)
        if entry is None or not entry.may_re_enter:
            offered.discard(Command.RE_ENTER)
        if not self.is_away_by_own_wish:
            offered.discard(Command.RESUME)
        if self._status is EntryStatus.IN_SERVICE or self.state is State.PAYMENT:
            offered -= {Command.CANCEL, Command.LEAVE}
        if self.has_begun:
            offered.discard(Command.CANCEL)
        return frozenset(offered)

    @property
    def has_begun(self) -> bool:
        """Whether any care was given: from then on one leaves, and calls nothing off."""
        is_interrupted = self.entry is not None and self.entry.is_interrupted
        return is_interrupted or any(step.status is StepStatus.DONE for step in self.steps)

    @property
    def _status(self) -> EntryStatus | None:
        return self.entry.status if self.entry else None

    def _phase(self, step: MyStep, *, is_next: bool) -> Phase:
        if step.status is StepStatus.DONE:
            return Phase.DONE
        if step.status is StepStatus.ACTIVE:
            return Phase.NOW
        return Phase.NEXT if is_next else Phase.LATER

    def _last_at(self, command: Command) -> datetime | None:
        return next((line.at for line in reversed(self.history) if line.command == command), None)


def my_visit(visit_id: UUID, *, by: Actor | None) -> MyVisit:
    """Return one visit; 4 statements, 8 while in a line, one more where something was ordered.

    `by` None: the hub, which checked at the door.
    """
    if by is not None:
        require(by, Permission.SEE_VISIT, Facts(visit=visit_id))
    head = db.session.execute(
        select(Visit, Patient.public_id, Patient.name, NoticePreference.near_turn_people)
        .join(Patient, Patient.id == Visit.patient_id)
        .outerjoin(NoticePreference, NoticePreference.visit_id == Visit.public_id)
        .where(Visit.public_id == visit_id)
    ).one_or_none()
    if head is None:
        raise NotFoundError(kind="visit")
    visit, patient_id, name, near_turn_at = head
    if by is not None and not has_to_do_with(visit, by=by):
        raise NotFoundError(kind="visit")
    steps = db.session.execute(
        select(VisitStep, Service)
        .join(Service, Service.id == VisitStep.service_id)
        .where(VisitStep.visit_id == visit.id)
        .order_by(VisitStep.ordinal)
    ).all()
    advice = advice_of([(step, service) for step, service in steps])
    lines = db.session.execute(
        select(
            FlowEvent.seq,
            FlowEvent.from_state,
            FlowEvent.to_state,
            FlowEvent.command,
            FlowEvent.at,
            FlowEvent.actor_role,
        )
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
                ordinal=step.ordinal,
                after=tuple(step.after),
                service=service.code,
                name_ko=service.name_ko,
                name_en=service.name_en,
                status=StepStatus(step.status),
                is_mandatory=step.is_mandatory,
                preparation_ko=advice[step.public_id].preparation_ko,
                preparation_en=advice[step.public_id].preparation_en,
                after_care_ko=advice[step.public_id].after_care_ko,
                after_care_en=advice[step.public_id].after_care_en,
            )
            for step, service in steps
        ),
        entry=open_entry(visit.id),
        history=tuple(
            HistoryLine(
                seq=line.seq,
                from_state=State(line.from_state),
                to_state=State(line.to_state),
                command=line.command,
                at=line.at,
                actor_role=line.actor_role,
            )
            for line in lines
        ),
        is_second=visit.previous_visit_id is not None,
        near_turn_at=near_turn_at,
        has_message_ways=bool(notices.names()),
    )
