"""Calling: the next patient, a named one, once more, not after all, in vain."""

from uuid import UUID

from app.accounts.roles import Facts, Permission, require
from app.core.actor import Actor
from app.core.errors import ConfirmationNeededError, InvalidError, NotFoundError
from app.core.idempotency import command
from app.core.locking import check_version
from app.core.transaction import tell
from app.journey.events import PatientCalled
from app.journey.services.moving import settle
from app.journey.services.permitting import permit, reason_for
from app.journey.services.scene import Outcome, Scene, hold_scene, hold_visit
from app.journey.states import Command, State, check
from app.queues import services as queues
from app.queues.states import EntryStatus
from app.waits import services as waits

OVERTAKING = "overtaking"


@command
def call_next(queue_id: UUID, service_point_id: UUID, *, by: Actor) -> Outcome:
    """Call the first in line into a room: the queue row is locked, then the patient chosen (V4).

    Raise QueueEmptyError, RoomBusyError or QueueClosedError; nobody is ever called into two rooms.
    """
    queue = queues.hold_queue(queue_id)
    require(by, Permission.DRIVE_QUEUE, Facts(unit=queue.unit))
    first = queues.first_in_line(queue, service_point_id)
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
    scene = hold_entry_scene(Command.CALL, entry_id, version=version, by=by)
    reason = check_overtaking(Command.CALL, scene, service_point_id, confirm=confirm, reason=reason)
    return _call(scene, service_point_id, by=by, reason=reason)


@command
def recall(entry_id: UUID, *, version: int | None, by: Actor) -> Outcome:
    """Call the same patient again, under a new call id, so that every board speaks it again (V5)."""
    scene = hold_entry_scene(Command.RECALL, entry_id, version=version, by=by)
    call = queues.recall(scene.queue(), opened(scene), by=by)
    tell(
        PatientCalled(
            visit_id=scene.visit.public_id, call_id=call.public_id, queue_id=scene.queue().public_id
        )
    )
    return settle(
        scene, [(Command.RECALL, State.CALLED)], kind="patient_called", by=by, call_id=call.public_id
    )


@command
def uncall(entry_id: UUID, *, version: int | None, by: Actor) -> Outcome:
    """Take back a call that was a mistake: the patient waits again at the same place (V7)."""
    scene = hold_entry_scene(Command.UNCALL, entry_id, version=version, by=by)
    queues.withdraw(opened(scene), EntryStatus.WAITING)
    return settle(scene, [(Command.UNCALL, State.WAITING)], kind="queue.update", by=by)


@command
def miss(entry_id: UUID, *, version: int | None, by: Actor) -> Outcome:
    """Note that a called patient did not come: the turn is lost, number and visit are kept (V6)."""
    scene = hold_entry_scene(Command.MISS, entry_id, version=version, by=by)
    queues.withdraw(opened(scene), EntryStatus.NO_SHOW)
    return settle(scene, [(Command.MISS, State.WAITING)], kind="queue.update", by=by)


def hold_entry_scene(
    command: Command,
    entry_id: UUID,
    *,
    version: int | None,
    by: Actor,
    also: frozenset[int] = frozenset(),
    next_queue: bool = False,
) -> Scene:
    """Hold the scene of an entry's command: its right first, then the version that was seen, then the table."""
    queue_id, visit_id = queues.whereabouts(entry_id)
    scene = hold_scene(visit_id, also={queue_id, *also}, next_queue=next_queue)
    permit(command, visit_id=scene.visit.public_id, units={scene.queues[queue_id].unit}, by=by)
    if scene.entry is None or scene.entry.public_id != entry_id:
        scene.entry = queues.hold_entry(entry_id)  # it has ended; the table will say what that means
    check_version(scene.entry.version, version, **scene.now)
    check(command, scene.state, scene.entry_status)
    return scene


def opened(scene: Scene) -> queues.Entry:
    """Return the scene's open entry."""
    if scene.entry is None:
        raise NotFoundError(kind="entry")
    return scene.entry


def check_overtaking(
    command: Command,
    scene: Scene,
    service_point_id: UUID,
    *,
    confirm: frozenset[str],
    reason: str | None,
) -> str | None:
    """Return the reason as it is kept; whoever lets a patient overtake others gives one and says it is meant."""
    is_overtaking = not queues.is_first(opened(scene), service_point_id)
    try:
        said = reason_for(command, reason, is_needed=is_overtaking)
    except InvalidError as error:
        raise InvalidError(**error.details, confirm=[OVERTAKING] if is_overtaking else []) from error
    if is_overtaking and OVERTAKING not in confirm:
        raise ConfirmationNeededError(confirm=[OVERTAKING])
    return said


def _call(scene: Scene, service_point_id: UUID, *, by: Actor, reason: str | None = None) -> Outcome:
    check(Command.CALL, scene.state, scene.entry_status)
    queue = scene.queue()
    call, passed = queues.call(queue, opened(scene), service_point_id, by=by)
    scene.before["passed"] = passed
    waits.note_called(queue, opened(scene))
    tell(PatientCalled(visit_id=scene.visit.public_id, call_id=call.public_id, queue_id=queue.public_id))
    return settle(
        scene,
        [(Command.CALL, State.CALLED)],
        kind="patient_called",
        by=by,
        reason=reason,
        call_id=call.public_id,
    )
