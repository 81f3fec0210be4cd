"""In the room: started, interrupted, completed."""

from datetime import datetime
from uuid import UUID

from app.core.actor import Actor
from app.core.db import db
from app.core.errors import ConfirmationNeededError, InvalidError
from app.core.idempotency import command
from app.emr import services as emr
from app.journey.services.calling import check_overtaking, hold_entry_scene, opened
from app.journey.services.moving import enter, join_next, settle, step_for
from app.journey.services.permitting import check_until, reason_for
from app.journey.services.scene import Outcome, Scene
from app.journey.states import Command, State, StepStatus
from app.queues import services as queues
from app.queues.states import EntryStatus
from app.waits import services as waits

IDENTITY, SHORT_SERVICE = "identity", "short_service"


@command
def start(
    entry_id: UUID, *, version: int | None, confirm: frozenset[str] = frozenset(), by: Actor
) -> Outcome:
    """Begin the examination once two identifiers were checked (V8)."""
    scene = hold_entry_scene(Command.START, entry_id, version=version, by=by)
    _check_identity(confirm)
    queues.start(scene.queue(), opened(scene))
    _has_begun(scene)
    return settle(scene, [(Command.START, State.ONGOING)], kind="state.changed", by=by)


@command
def start_direct(
    entry_id: UUID,
    service_point_id: UUID,
    *,
    version: int | None,
    reason: str | None,
    confirm: frozenset[str] = frozenset(),
    by: Actor,
) -> Outcome:
    """Begin with a patient who waits, without a call: who does so says why, and whom it overtakes is counted (V9)."""
    scene = hold_entry_scene(Command.START_DIRECT, entry_id, version=version, by=by)
    said = check_overtaking(Command.START_DIRECT, scene, service_point_id, confirm=confirm, reason=reason)
    _check_identity(confirm)
    scene.before["passed"] = queues.start_direct(scene.queue(), opened(scene), service_point_id)
    waits.note_called(scene.queue(), opened(scene))
    _has_begun(scene)
    return settle(scene, [(Command.START_DIRECT, State.ONGOING)], kind="state.changed", by=by, reason=said)


@command
def pause(
    entry_id: UUID, *, version: int | None, reason: str | None, until: datetime | None = None, by: Actor
) -> Outcome:
    """Let the patient wait outside while the service goes on: contrast, drops, a second reading (V15)."""
    scene = hold_entry_scene(Command.PAUSE, entry_id, version=version, by=by)
    said = reason_for(Command.PAUSE, reason)
    check_until(until)
    queues.interrupt(opened(scene), reason=(said or "")[:120], until=until)
    return settle(scene, [(Command.PAUSE, State.WAITING)], kind="queue.update", by=by, reason=said)


@command
def complete(
    entry_id: UUID,
    *,
    version: int | None,
    next_queue_id: UUID | None = None,
    confirm: frozenset[str] = frozenset(),
    by: Actor,
) -> Outcome:
    """End the examination; the visit goes on to the next step's line, or to payment (V10-V12).

    Staff may name the queue that comes next, where the visit may begin what it offers; else the step is chosen
    that ends soonest.
    """
    pinned = frozenset(queues.row_ids([next_queue_id]))
    scene = hold_entry_scene(
        Command.COMPLETE, entry_id, version=version, by=by, also=pinned, next_queue=not pinned
    )
    entry = opened(scene)
    lasted = entry.served_seconds + queues.served_seconds(entry)
    is_short = lasted < queues.policy_of(scene.queue()).least_service_seconds
    if is_short and SHORT_SERVICE not in confirm:
        raise ConfirmationNeededError(confirm=[SHORT_SERVICE])
    queues.end(entry, EntryStatus.DONE)
    waits.note_served(scene.queue(), entry, queues.occupied_seconds(entry))
    scene.step(entry.step_id).status = StepStatus.DONE
    scene.entry = None
    db.session.flush()  # the active slot must be free before the next line is joined
    hops = [(Command.COMPLETE, State.COMPLETED)]
    if _join_pinned(scene, pinned) if pinned else join_next(scene):
        hops.append((Command.JOIN, State.WAITING))
    return settle(scene, hops, kind="state.changed", by=by)


def _check_identity(confirm: frozenset[str]) -> None:
    if IDENTITY not in confirm:
        raise ConfirmationNeededError(confirm=[IDENTITY])


def _has_begun(scene: Scene) -> None:
    if scene.visit.appointment_id is not None:
        emr.set_appointment_status(scene.visit.appointment_id, "fulfilled")


def _join_pinned(scene: Scene, pinned: frozenset[int]) -> bool:
    (queue_id,) = pinned
    service = queues.service_of(scene.queues[queue_id])
    step = step_for(scene, service)
    if step is None:
        raise InvalidError(field="queue_id", why="not_planned", service=service)
    enter(scene, step, queue_id)
    return True
