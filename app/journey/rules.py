"""Pure rules of the journey: the state that follows from the facts, the step that comes next, who may undo."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app.journey.states import OPEN_STEPS, State, StepStatus
from app.queues.states import EntryStatus

UNDO_OWN_SECONDS = 60
UNDO_OTHERS_SECONDS = 15 * 60
ENTRY_STATES = {EntryStatus.CALLED: State.CALLED, EntryStatus.IN_SERVICE: State.ONGOING}


@dataclass(frozen=True, slots=True)
class Step:
    """A step as the rules see it."""

    id: int
    ordinal: int
    service_code: str
    is_mandatory: bool
    status: StepStatus
    after: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitFacts:
    """What the state of a visit is derived from."""

    is_arrived: bool
    is_registered: bool
    is_finished: bool
    has_joined: bool
    entry: EntryStatus | None
    steps: Sequence[Step]


def state_of(facts: VisitFacts) -> State:
    """Derive the visit's state; the one function that decides it."""
    if facts.is_finished:
        return State.FINISHED
    if not facts.is_arrived:
        return State.UNREGISTERED
    if not facts.is_registered:
        return State.ARRIVED
    if facts.entry is not None:
        return ENTRY_STATES.get(facts.entry, State.WAITING)
    if any(step.status in OPEN_STEPS and step.is_mandatory for step in facts.steps):
        # No queue takes the next step just now: whoever waited goes on waiting, and the desk is told.
        return State.WAITING if facts.has_joined else State.REGISTERED
    return State.PAYMENT


def appointment_status(state: State, *, has_begun: bool) -> str:
    """Return FHIR Appointment.status for a visit in this state."""
    if state is State.UNREGISTERED:
        return "booked"
    if state is State.ARRIVED:
        return "arrived"
    return "fulfilled" if has_begun else "checked-in"


def ready_steps(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Return the open steps whose forerunners are done or dropped; optional ones only where nothing else is ready."""
    closed = {step.ordinal for step in steps if step.status not in OPEN_STEPS}
    ready = [step for step in steps if step.status in OPEN_STEPS and set(step.after) <= closed]
    mandatory = [step for step in ready if step.is_mandatory]
    return tuple(sorted(mandatory or ready, key=lambda step: step.ordinal))


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A step that could be next, in a queue that would take it; seconds, None where nobody can say."""

    step_id: int
    queue_id: int
    ordinal: int
    walk_seconds: float
    wait_seconds: float | None
    duration_seconds: float

    @property
    def cost(self) -> tuple[bool, float, int]:
        """Return what is compared: the soonest end, and where that is equal the planned order (domain 1.5)."""
        known = self.wait_seconds if self.wait_seconds is not None else 0.0
        return (self.wait_seconds is None, self.walk_seconds + known + self.duration_seconds, self.ordinal)


def best(options: Collection[Option]) -> Option | None:
    """Return the step that ends soonest."""
    return min(options, key=lambda option: option.cost, default=None)


def in_order(planned: Sequence[str], follows: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """Return services as planned, but each behind those that it must follow; a circle stays as planned."""
    pending, ordered = [*planned], list[str]()
    while pending:
        free = (code for code in pending if not {*follows.get(code, ())} & ({*pending} - {code}))
        ordered.append(chosen := next(free, pending[0]))
        pending.remove(chosen)
    return tuple(ordered)


def forerunners(
    planned: Sequence[str], any_order: Collection[str], follows: Mapping[str, Collection[str]]
) -> list[list[int]]:
    """Return, for services in order, the ordinals (1…n) that come before each.

    Neighbours that may be done in any order stand side by side, but for those that must follow one another;
    all others wait for everything before them.
    """
    after: list[list[int]] = []
    stage, before = list[int](), list[int]()
    for ordinal, code in enumerate(planned, start=1):
        stands_beside = code in any_order and bool(stage) and planned[ordinal - 2] in any_order
        if not stands_beside:
            before, stage = stage, []
        stage.append(ordinal)
        named = {place for place in stage if planned[place - 1] in follows.get(code, ())}
        after.append(sorted(({*before} | named) - {ordinal}))
    return after


def closed(steps: Sequence[Step], step_id: int | None, status: StepStatus) -> list[Step]:
    """Return the steps as they would be once one of them is done or dropped."""
    return [replace(step, status=status) if step.id == step_id else step for step in steps]


def extended(
    steps: Sequence[Step], service: str, *, is_mandatory: bool, follows: Mapping[str, Collection[str]]
) -> list[Step]:
    """Return the steps with one more (id 0) at the end: behind those it must follow, before those that must follow it.

    Whatever the new step waits for does not wait for the new step in turn: nobody could ever begin.
    """
    opened = [step for step in steps if step.status in OPEN_STEPS]
    new = Step(
        id=0,
        ordinal=max((step.ordinal for step in steps), default=0) + 1,
        service_code=service,
        is_mandatory=is_mandatory,
        status=StepStatus.PLANNED,
        after=tuple(step.ordinal for step in opened if step.service_code in follows.get(service, ())),
    )
    earlier = _all_before(new, steps)
    waiting = {
        step.id
        for step in opened
        if service in follows.get(step.service_code, ())
        and step.status is not StepStatus.ACTIVE
        and step.ordinal not in earlier
    }
    later = [
        replace(step, after=(*step.after, new.ordinal)) if step.id in waiting else step for step in steps
    ]
    return [*later, new]


def _all_before(step: Step, steps: Sequence[Step]) -> set[int]:
    """Return the ordinals of all that comes before a step, and before that, to the beginning."""
    after = {one.ordinal: one.after for one in steps}
    found, pending = set[int](), [*step.after]
    while pending:
        ordinal = pending.pop()
        if ordinal not in found:
            found.add(ordinal)
            pending.extend(after.get(ordinal, ()))
    return found


def may_undo(*, age_seconds: float, is_own: bool, may_undo_others: bool) -> bool:
    """Whether a command of this age may still be undone: 60 s by whoever gave it, 15 min by the charge nurse."""
    return (is_own and age_seconds <= UNDO_OWN_SECONDS) or (
        may_undo_others and age_seconds <= UNDO_OTHERS_SECONDS
    )


def choose_visit(candidates: Collection[tuple[int, State, datetime | None]], now: datetime) -> int | None:
    """Return the visit that a patient at the door means: the one under way, else the nearest expected one."""
    under_way = [one for one in candidates if one[1] not in {State.UNREGISTERED, State.FINISHED}]
    if under_way:
        return max(under_way)[0]
    expected = [one for one in candidates if one[1] is State.UNREGISTERED]
    if not expected:
        return None
    return min(expected, key=lambda one: (abs((one[2] - now).total_seconds()) if one[2] else 0.0, one[0]))[0]
