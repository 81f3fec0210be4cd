"""What the visit is to have done: one service more, one that is not needed."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from app.core.actor import Actor
from app.core.db import db
from app.core.errors import TransitionRefusedError
from app.core.idempotency import command
from app.core.locking import check_version
from app.journey import rules
from app.journey.models import VisitStep
from app.journey.services import choosing
from app.journey.services.moving import derived, join_next, next_open_step, settle
from app.journey.services.permitting import permit, reason_for
from app.journey.services.scene import Outcome, Scene, hold_scene, visit_id_of
from app.journey.states import OPEN_STEPS, Command, State, StepStatus, check
from app.queues import services as queues
from app.queues.states import EntryStatus


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
        as_if=lambda steps: _extended(steps, service, is_mandatory=is_mandatory),
    )
    permit(Command.ADD_STEP, visit_id=visit_id, units=scene.serving_units(), by=by)
    check_version(scene.visit.version, version, **scene.now)
    check(Command.ADD_STEP, scene.state, scene.entry_status)
    _plan(scene, service, is_mandatory=is_mandatory)
    hops = [(Command.ADD_STEP, derived(scene))]
    if scene.entry is None and scene.visit.registered_at is not None and join_next(scene):
        hops.append((Command.JOIN, State.WAITING))
    return settle(scene, hops, kind="queue.update", by=by)


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
    step = _step_to_waive(scene, step_id)
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


def _extended(steps: Sequence[rules.Step], service: str, *, is_mandatory: bool) -> list[rules.Step]:
    """Return the steps with one more. Raise InvalidError for an unknown service."""
    known = queues.offered({service, *(step.service_code for step in steps)})
    follows = {code: one.follows for code, one in known.items()}
    return rules.extended(steps, service, is_mandatory=is_mandatory, follows=follows)


def _plan(scene: Scene, service: str, *, is_mandatory: bool) -> None:
    """Write one more step; what it must follow, or what must follow it, is put in order."""
    *others, new = _extended(choosing.seen(scene.steps), service, is_mandatory=is_mandatory)
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


def _step_to_waive(scene: Scene, step_id: UUID | None) -> VisitStep:
    if step_id is not None:
        found = _row_of(step_id, scene.visit.id)
        step = None if found is None else scene.step(found)
    elif scene.entry is not None:
        step = scene.step(scene.entry.step_id)
    else:
        step = next_open_step(scene)
    if step is None or step.status not in OPEN_STEPS:
        raise TransitionRefusedError(command="waive", why="no_open_step")
    return step
