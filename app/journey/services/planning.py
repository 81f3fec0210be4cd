"""What the visit is to have done: one service more, one that is not needed."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from app.core import audit
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import TransitionRefusedError
from app.core.idempotency import command
from app.core.locking import check_version
from app.core.transaction import command_id, promise
from app.emr import services as emr
from app.journey import rules
from app.journey.models import VisitStep
from app.journey.services import choosing
from app.journey.services.fulfilling import follow
from app.journey.services.moving import derived, join_next, next_open_step, settle
from app.journey.services.permitting import permit, reason_for
from app.journey.services.scene import Outcome, Scene, hold_scene, visit_id_of
from app.journey.states import OPEN_STEPS, Command, State, StepStatus, check
from app.queues import services as queues
from app.queues.states import EntryStatus

BEFORE_THE_LINE = frozenset({State.UNREGISTERED, State.ARRIVED})
ENGAGED = frozenset({EntryStatus.CALLED, EntryStatus.IN_SERVICE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """The step that an order of the EMR became."""

    visit_id: UUID
    step_id: UUID


@command
def add_step(
    visit_id: UUID, *, service: str, version: int | None, is_mandatory: bool = True, by: Actor
) -> Outcome:
    """Order one more service; a visit that was about to pay goes back to wait (V13)."""
    row_id = visit_id_of(visit_id)
    is_in_line = queues.queue_of_open_entry(row_id) is not None
    scene = hold_scene(
        row_id,
        next_queue=not is_in_line,
        as_if=lambda steps: extended(steps, service, is_mandatory=is_mandatory),
    )
    permit(Command.ADD_STEP, visit_id=visit_id, units=scene.serving_units(), by=by)
    check_version(scene.visit.version, version, **scene.now)
    check(Command.ADD_STEP, scene.state, scene.entry_status)
    plan_step(scene, service, is_mandatory=is_mandatory)
    return lead_on(scene, [(Command.ADD_STEP, derived(scene))], by=by)


@command
def waive(
    visit_id: UUID, *, step_id: UUID | None = None, version: int | None, reason: str | None, by: Actor
) -> Outcome:
    """Drop a step that is not needed: the one whose line the patient stands in, unless `step_id` names another (E6).

    A mandatory step is dropped for a reason; the next one is chosen, or payment.
    """
    row_id = visit_id_of(visit_id)
    scene = hold_scene(row_id, next_queue=True, as_if=lambda steps: _without(steps, row_id, step_id))
    permit(Command.WAIVE, visit_id=visit_id, units=scene.units(), by=by)
    check_version(scene.visit.version, version, **scene.now)
    check(Command.WAIVE, scene.state, scene.entry_status)
    step = _step_to_drop(scene, step_id, Command.WAIVE)
    said = reason_for(Command.WAIVE, reason, is_needed=step.is_mandatory)
    hops = [(Command.WAIVE, State.WAITING)]
    if scene.entry is not None and scene.entry.step_id == step.id:
        queues.end(scene.entry, EntryStatus.CANCELLED, "waived")
        scene.entry = None
        db.session.flush()  # the active slot must be free before the next line is joined
    step.status = StepStatus.WAIVED
    if scene.entry is None and join_next(scene):
        hops.append((Command.JOIN, State.WAITING))
    return settle(scene, hops, kind="queue.update", by=by, reason=said)


@command
def order(visit_id: UUID, *, service: str, is_mandatory: bool = True, by: Actor) -> Ordered:
    """Plan what the EMR has ordered, at whatever point the visit stands; a visit about to pay waits again (V13).

    A planned step of the same service that no order stands behind yet is the one meant. Until the patient is
    registered only the plan changes. Raise InvalidError for an unknown service.
    """
    row_id = visit_id_of(visit_id)
    is_in_line = queues.queue_of_open_entry(row_id) is not None
    scene = hold_scene(
        row_id,
        next_queue=not is_in_line,
        as_if=lambda steps: extended(steps, service, is_mandatory=is_mandatory),
    )
    permit(Command.ADD_STEP, visit_id=visit_id, units=scene.serving_units(), by=by)
    meant = next(
        (
            one
            for one in scene.steps
            if one.service_code == service and one.status in OPEN_STEPS and one.order_ref is None
        ),
        None,
    )
    if meant is not None:
        meant.order_ref = meant.public_id
        return Ordered(visit_id=visit_id, step_id=meant.public_id)
    if scene.state in BEFORE_THE_LINE:
        step = plan_step(scene, service, is_mandatory=is_mandatory)
        step.order_ref = step.public_id
        changed_plan(scene, by=by)
        return Ordered(visit_id=visit_id, step_id=step.public_id)
    check(Command.ADD_STEP, scene.state, scene.entry_status)
    step = plan_step(scene, service, is_mandatory=is_mandatory)
    step.order_ref = step.public_id
    lead_on(scene, [(Command.ADD_STEP, derived(scene))], by=by)
    return Ordered(visit_id=visit_id, step_id=step.public_id)


@command
def revoke(visit_id: UUID, *, step_id: UUID | None = None, by: Actor) -> Outcome:
    """Drop what the EMR has ordered and takes back: the present step, unless `step_id` names another.

    Who has been called for it, or is inside, is not sent out of the room: that is refused, and the room decides.
    """
    row_id = visit_id_of(visit_id)
    scene = hold_scene(row_id, next_queue=True, as_if=lambda steps: _without(steps, row_id, step_id))
    permit(Command.REVOKE, visit_id=visit_id, units=scene.units(), by=by)
    if scene.state in BEFORE_THE_LINE and step_id is not None:
        _step_to_drop(scene, step_id, Command.REVOKE).status = StepStatus.CANCELLED
        return changed_plan(scene, by=by)
    check(Command.REVOKE, scene.state, scene.entry_status)
    step = _step_to_drop(scene, step_id, Command.REVOKE)
    if scene.entry is not None and scene.entry.step_id == step.id:
        if scene.entry_status in ENGAGED:
            raise TransitionRefusedError(command="revoke", why="in_room", **scene.now)
        queues.end(scene.entry, EntryStatus.CANCELLED, "revoked")
        scene.entry = None
        db.session.flush()  # the active slot must be free before the next line is joined
    step.status = StepStatus.CANCELLED
    return lead_on(scene, [(Command.REVOKE, derived(scene))], by=by)


def changed_plan(scene: Scene, *, by: Actor) -> Outcome:
    """Tell that the plan of a visit that stands in no line has changed; no command, so no line of its history."""
    scene.visit.version += 1
    follow(scene, Command.REVOKE, reason=None, by=by)
    promise(scene.visit, "visit.expected")
    audit.record(
        "journey:visit:plan",
        by=by,
        patients=[emr.public_id_of(scene.visit.patient_id)],
        object_=f"visit:{scene.visit.public_id}",
    )
    return Outcome(visit_id=scene.visit.public_id, command_id=command_id(), visit_version=scene.visit.version)


def replan(scene: Scene, planned: Sequence[str]) -> bool:
    """Let the steps of somebody who has not come be those of the booking, and what was ordered besides."""
    opened = [one for one in scene.steps if one.status in OPEN_STEPS]
    dropped = [one for one in opened if one.order_ref is None and one.service_code not in planned]
    has_it = {one.service_code for one in opened}
    added = [code for code in dict.fromkeys(planned) if code not in has_it]
    for one in dropped:
        one.status = StepStatus.CANCELLED
    for code in added:
        plan_step(scene, code, is_mandatory=True)
    return bool(dropped or added)


def lead_on(scene: Scene, hops: list[tuple[Command, State]], *, by: Actor) -> Outcome:
    """Join the next line where somebody registered stands in none, and write what was done."""
    if scene.entry is None and scene.visit.registered_at is not None and join_next(scene):
        hops.append((Command.JOIN, State.WAITING))
    return settle(scene, hops, kind="queue.update", by=by)


def extended(steps: Sequence[rules.Step], service: str, *, is_mandatory: bool) -> list[rules.Step]:
    """Return the steps with one more. Raise InvalidError for an unknown service."""
    known = queues.offered({service, *(step.service_code for step in steps)})
    follows = {code: one.follows for code, one in known.items()}
    return rules.extended(steps, service, is_mandatory=is_mandatory, follows=follows)


def plan_step(scene: Scene, service: str, *, is_mandatory: bool) -> VisitStep:
    """Write and return one more step; what it must follow, or what must follow it, is put in order."""
    *others, new = extended(choosing.seen(scene.steps), service, is_mandatory=is_mandatory)
    for row, other in zip(scene.steps, others, strict=True):
        if tuple(row.after) != other.after:
            row.after = [*other.after]
    step = VisitStep(
        visit_id=scene.visit.id,
        service_id=queues.offered({service})[service].id,
        service_code=service,
        ordinal=new.ordinal,
        after=[*new.after],
        is_mandatory=is_mandatory,
        status=StepStatus.PLANNED,
    )
    db.session.add(step)
    db.session.flush()
    scene.steps.append(step)
    return step


def _without(steps: Sequence[rules.Step], visit_id: int, step_id: UUID | None) -> list[rules.Step]:
    """Return the steps as they will be once the named one (else the present, else the next one) is dropped."""
    ready = rules.ready_steps(steps)
    dropped = (
        _row_of(step_id, visit_id)
        if step_id is not None
        else queues.step_of_open_entry(visit_id) or (ready[0].id if ready else None)
    )
    return rules.closed(steps, dropped, StepStatus.WAIVED)


def _row_of(step_id: UUID, visit_id: int) -> int | None:
    return db.session.execute(
        select(VisitStep.id).where(VisitStep.public_id == step_id, VisitStep.visit_id == visit_id)
    ).scalar_one_or_none()


def _step_to_drop(scene: Scene, step_id: UUID | None, command_: Command) -> VisitStep:
    if step_id is not None:
        found = _row_of(step_id, scene.visit.id)
        step = None if found is None else scene.step(found)
    elif scene.entry is not None:
        step = scene.step(scene.entry.step_id)
    else:
        step = next_open_step(scene)
    if step is None or step.status not in OPEN_STEPS:
        raise TransitionRefusedError(command=str(command_), why="no_open_step")
    return step
