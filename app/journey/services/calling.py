"""Calling: the next patient, a named one, and once more."""

from uuid import UUID

from app.accounts.roles import Facts, Permission, require
from app.core.actor import Actor
from app.core.errors import ConfirmationNeededError, InvalidError, NotFoundError
from app.core.idempotency import command
from app.core.locking import check_version
from app.core.transaction import tell
from app.journey.events import PatientCalled
from app.journey.services.moving import Outcome, Scene, hold_scene, hold_visit, settle
from app.journey.states import Command, State, check
from app.queues import services as queues

OVERTAKING = "overtaking"


@command
def call_next(queue_id: UUID, service_point_id: UUID, *, by: Actor) -> Outcome:
    """Call the first in line into a room: the queue row is locked, then the patient chosen (V4).

    Raise QueueEmptyError, RoomBusyError or QueueClosedError; nobody is ever called into two rooms.
    """
    queue = queues.hold_queue(queue_id)
    require(by, Permission.DRIVE_QUEUE, Facts(unit=queue.unit))
    first = queues.first_in_line(queue)
    scene = hold_visit(first.visit_id, {queue.id: queue})
    return _call(scene, service_point_id, by=by)


@command
def call_patient(
    entry_id: UUID,
    service_point_id: UUID,
    *,
    version: int | None,
    confirm: frozenset[str] = frozenset(),
    reason: str | None = None,
    by: Actor,
) -> Outcome:
    """Call a named patient; overtaking somebody needs a reason and is asked about first."""
    scene = hold_entry_scene(entry_id, version=version, by=by)
    entry = scene.entry
    check(Command.CALL, scene.state, scene.entry_status)
    if entry is not None and not queues.is_first(entry):
        if not (reason or "").strip():
            raise InvalidError(field="reason", why="missing", confirm=[OVERTAKING])
        if OVERTAKING not in confirm:
            raise ConfirmationNeededError(confirm=[OVERTAKING])
    return _call(scene, service_point_id, by=by, reason=reason)


@command
def recall(entry_id: UUID, *, version: int | None, by: Actor) -> Outcome:
    """Call the same patient again, under a new call id, so that every board speaks it again (V5)."""
    scene = hold_entry_scene(entry_id, version=version, by=by)
    check(Command.RECALL, scene.state, scene.entry_status)
    call = queues.recall(scene.queue(), opened(scene), by=by)
    tell(
        PatientCalled(
            visit_id=scene.visit.public_id, call_id=call.public_id, queue_id=scene.queue().public_id
        )
    )
    return settle(
        scene, [(Command.RECALL, State.CALLED)], kind="patient_called", by=by, call_id=call.public_id
    )


def hold_entry_scene(entry_id: UUID, *, version: int | None, by: Actor, next_queue: bool = False) -> Scene:
    """Hold the scene of an entry's command: right first, then the version that the page had seen."""
    queue_id, visit_id = queues.whereabouts(entry_id)
    scene = hold_scene(visit_id, also={queue_id}, next_queue=next_queue)
    require(by, Permission.DRIVE_QUEUE, Facts(unit=scene.queues[queue_id].unit))
    if scene.entry is None or scene.entry.public_id != entry_id:
        scene.entry = queues.hold_entry(entry_id)  # it has ended; the table will say what that means
    check_version(scene.entry.version, version, **scene.now)
    return scene


def opened(scene: Scene) -> queues.Entry:
    """Return the scene's open entry."""
    if scene.entry is None:
        raise NotFoundError(kind="entry")
    return scene.entry


def _call(scene: Scene, service_point_id: UUID, *, by: Actor, reason: str | None = None) -> Outcome:
    check(Command.CALL, scene.state, scene.entry_status)
    queue = scene.queue()
    call = queues.call(queue, opened(scene), service_point_id, by=by)
    tell(PatientCalled(visit_id=scene.visit.public_id, call_id=call.public_id, queue_id=queue.public_id))
    return settle(
        scene,
        [(Command.CALL, State.CALLED)],
        kind="patient_called",
        by=by,
        reason=reason,
        call_id=call.public_id,
    )
