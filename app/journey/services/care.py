"""In the room: started, completed, one more examination."""

from uuid import UUID

from app.accounts.roles import Permission, require
from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import ConfirmationNeededError
from app.core.idempotency import command
from app.core.locking import check_version
from app.emr import services as emr
from app.journey.models import VisitStep
from app.journey.services.calling import hold_entry_scene, opened
from app.journey.services.moving import (
    Outcome,
    derived,
    hold_scene,
    join_next,
    queue_for,
    settle,
    visit_id_of,
)
from app.journey.states import Command, State, StepStatus, check
from app.queues import services as queues
from app.queues.states import EntryStatus

IDENTITY, SHORT_SERVICE = "identity", "short_service"


@command
def start(
    entry_id: UUID, *, version: int | None, confirm: frozenset[str] = frozenset(), by: Actor
) -> Outcome:
    """Begin the examination once two identifiers were checked (V8)."""
    scene = hold_entry_scene(entry_id, version=version, by=by)
    check(Command.START, scene.state, scene.entry_status)
    if IDENTITY not in confirm:
        raise ConfirmationNeededError(confirm=[IDENTITY])
    queues.start(scene.queue(), opened(scene))
    if scene.visit.appointment_id is not None:
        emr.set_appointment_status(scene.visit.appointment_id, "fulfilled")
    return settle(scene, [(Command.START, State.ONGOING)], kind="state.changed", by=by)


@command
def complete(
    entry_id: UUID, *, version: int | None, confirm: frozenset[str] = frozenset(), by: Actor
) -> Outcome:
    """End the examination; the visit goes on to the next step's line, or to payment (V10–V12)."""
    scene = hold_entry_scene(entry_id, version=version, by=by, next_queue=True)
    check(Command.COMPLETE, scene.state, scene.entry_status)
    entry = opened(scene)
    lasted = clock.utcnow() - (entry.started_at or clock.utcnow())
    is_short = lasted.total_seconds() < queues.policy_of(scene.queue()).least_service_seconds
    if is_short and SHORT_SERVICE not in confirm:
        raise ConfirmationNeededError(confirm=[SHORT_SERVICE])
    queues.end(entry, EntryStatus.DONE)
    scene.step(entry.step_id).status = StepStatus.DONE
    scene.entry = None
    db.session.flush()  # the active slot must be free before the next line is joined
    hops = [(Command.COMPLETE, State.COMPLETED)]
    if join_next(scene):
        hops.append((Command.JOIN, State.WAITING))
    return settle(scene, hops, kind="state.changed", by=by)


@command
def add_step(
    visit_id: UUID, *, service: str, version: int | None, is_mandatory: bool = True, by: Actor
) -> Outcome:
    """Order one more service; a visit that was about to pay goes back to wait (V13)."""
    require(by, Permission.ADD_STEP)
    row_id = visit_id_of(visit_id)
    offering = queue_for(service)
    scene = hold_scene(row_id, also=() if offering is None else (offering,), next_queue=True)
    check_version(scene.visit.version, version, **scene.now)
    check(Command.ADD_STEP, scene.state, scene.entry_status)
    last = max((step.ordinal for step in scene.steps), default=0)
    step = VisitStep(
        visit_id=scene.visit.id,
        service_id=queues.service_ids((service,))[service],
        service_code=service,
        ordinal=last + 1,
        after=[],
        is_mandatory=is_mandatory,
        status=StepStatus.PLANNED,
    )
    db.session.add(step)
    db.session.flush()
    scene.steps.append(step)
    hops = [(Command.ADD_STEP, derived(scene))]
    if scene.entry is None and scene.visit.registered_at is not None and join_next(scene):
        hops.append((Command.JOIN, State.WAITING))
    return settle(scene, hops, kind="queue.update", by=by)
