"""To another line: one patient, everybody of a line, everybody of a room that closes (E5, E9)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.accounts.roles import Facts, Permission, require
from app.core.actor import Actor
from app.core.errors import ConfirmationNeededError, InvalidError, TransitionRefusedError
from app.core.idempotency import command
from app.core.transaction import command_id
from app.journey.models import VisitStep
from app.journey.services.calling import hold_entry_scene, opened
from app.journey.services.moving import settle, step_for
from app.journey.services.permitting import check_until, reason_for
from app.journey.services.scene import Outcome, Scene, hold_visit
from app.journey.states import Command, State, StepStatus, check
from app.queues import services as queues
from app.queues.states import EntryStatus
from app.waits import services as waits

EVERYBODY = "everybody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """How many patients a bulk command moved."""

    command_id: UUID
    count: int
    is_repeat: bool = False


@command
def transfer(
    entry_id: UUID,
    *,
    version: int | None,
    queue_id: UUID | None = None,
    service_point_id: UUID | None = None,
    keeps_credit: bool | None = None,
    reason: str | None = None,
    by: Actor,
) -> Outcome:
    """Send a patient to another queue, or to wait for one room: same number, place kept along (E5).

    The target offers the same service or another one that this visit may begin now; it is looked at before the
    old entry ends, so a closed one leaves everything as it was.
    """
    if queue_id is None and service_point_id is None:
        raise InvalidError(field="queue_id", why="missing")
    target_id = queues.queue_of_point(service_point_id) if service_point_id else queues.row_ids([queue_id])[0]
    scene = hold_entry_scene(Command.TRANSFER, entry_id, version=version, by=by, also=frozenset({target_id}))
    if queue_id is not None and scene.queues[target_id].public_id != queue_id:
        raise InvalidError(field="service_point_id", why="not_a_room_of_this_queue")
    said = reason_for(Command.TRANSFER, reason)
    if service_point_id is None and target_id == opened(scene).queue_id:
        raise TransitionRefusedError(command="transfer", why="same_queue")
    _send(scene, target_id, service_point_id=service_point_id, keeps_credit=keeps_credit)
    return settle(scene, [(Command.TRANSFER, State.WAITING)], kind="queue.update", by=by, reason=said)


@command
def move_everybody(
    queue_id: UUID,
    *,
    to_queue_id: UUID | None,
    until: datetime | None = None,
    reason: str | None,
    count: int | None,
    confirm: frozenset[str] = frozenset(),
    by: Actor,
) -> Moved:
    """Send all who wait in a queue to another one, or (without a target) put them aside (E9).

    `count` is how many the page showed: where it is another number now, nobody is moved and the page asks again.
    """
    command_ = Command.TRANSFER if to_queue_id else Command.HOLD
    held = {one.id: one for one in _hold_queues(queue_id, to_queue_id)}
    source = next(one for one in held.values() if one.public_id == queue_id)
    require(by, Permission.DRIVE_QUEUE, Facts(unit=source.unit))
    if to_queue_id == queue_id:
        raise TransitionRefusedError(command="transfer", why="same_queue")
    said = reason_for(Command.HOLD, reason)
    check_until(until)
    scenes = [hold_visit(one, held) for one in queues.waiting_visits(source.id)]
    if command_ is Command.HOLD:
        scenes = [one for one in scenes if one.entry_status is EntryStatus.WAITING]
    _check_count(len(scenes), count, confirm)
    for scene in scenes:
        check(command_, scene.state, scene.entry_status)
        if to_queue_id is not None:
            target = next(one for one in held.values() if one.public_id == to_queue_id)
            _send(scene, target.id)
        else:
            queues.put_aside(opened(scene), reason=(said or "")[:120], until=until)
        settle(scene, [(command_, State.WAITING)], kind="queue.update", by=by, reason=said)
    return Moved(command_id=command_id(), count=len(scenes))


@command
def empty_room(
    service_point_id: UUID,
    *,
    reason: str | None,
    count: int | None,
    confirm: frozenset[str] = frozenset(),
    by: Actor,
) -> Moved:
    """Let all who were called into a room, or kept for it, wait for any room again at their place (E9)."""
    queue = queues.hold_queue(queues.queue_of_point(service_point_id))
    require(by, Permission.DRIVE_QUEUE, Facts(unit=queue.unit))
    said = reason_for(Command.HOLD, reason)
    scenes = [hold_visit(one, {queue.id: queue}) for one in queues.visits_at(service_point_id)]
    _check_count(len(scenes), count, confirm)
    for scene in scenes:
        entry = opened(scene)
        was_called = scene.entry_status is EntryStatus.CALLED
        queues.unpin(entry)
        if was_called:
            queues.withdraw(entry, EntryStatus.WAITING)
        verb = Command.UNCALL if was_called else Command.TRANSFER
        settle(scene, [(verb, State.WAITING)], kind="queue.update", by=by, reason=said)
    return Moved(command_id=command_id(), count=len(scenes))


def _send(
    scene: Scene,
    target_id: int,
    *,
    service_point_id: UUID | None = None,
    keeps_credit: bool | None = None,
) -> None:
    """End the open entry and wait in the target; the step goes along, or another ready one takes its place."""
    entry, target = opened(scene), scene.queues[target_id]
    step = _step_there(scene, queues.service_of(target))
    scene.entry = queues.transfer(
        entry,
        target,
        step_id=step.id,
        service_point_id=service_point_id,
        keeps_credit=keeps_credit,
    )
    waits.note_join(target, scene.entry)
    if step.id != entry.step_id:
        scene.step(entry.step_id).status = StepStatus.READY
        step.status = StepStatus.ACTIVE


def _step_there(scene: Scene, service: str) -> VisitStep:
    """Return the step that the target serves. Raise TransitionRefusedError where the visit has none to begin now."""
    own = scene.step(opened(scene).step_id)
    if own.service_code == service:
        return own
    other = step_for(scene, service)
    if other is None:
        raise TransitionRefusedError(command="transfer", why="not_planned", service=service)
    return other


def _hold_queues(*queue_ids: UUID | None) -> list[queues.QueueRow]:
    """Lock queues in the order of their ids."""
    return [queues.hold_queue(one) for one in queues.row_ids(queue_ids)]


def _check_count(found: int, seen: int | None, confirm: frozenset[str]) -> None:
    if seen != found or EVERYBODY not in confirm:
        raise ConfirmationNeededError(confirm=[EVERYBODY], count=found)
