"""Ends before the end: left, cancelled, taken elsewhere, entered in error, closed with the day."""

from uuid import UUID

from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotAllowedError, TransitionRefusedError
from app.core.idempotency import command
from app.core.locking import check_version
from app.core.transaction import tell
from app.emr import services as emr
from app.journey.events import VisitFinished
from app.journey.services.moving import settle
from app.journey.services.permitting import is_on_the_patients_word, permit, reason_for
from app.journey.services.scene import Outcome, Scene, hold_scene, visit_id_of
from app.journey.states import OPEN_STEPS, Command, Disposition, State, StepStatus, check
from app.queues import services as queues
from app.queues.states import EntryStatus


@command
def leave(visit_id: UUID, *, version: int | None, reason: str | None = None, by: Actor) -> Outcome:
    """Note that the patient has gone: without being seen, or after care had begun (V16)."""
    scene = _hold(Command.LEAVE, visit_id, version=version, by=by)
    said = reason_for(Command.LEAVE, reason)
    how = Disposition.LEFT_DURING_CARE if has_begun(scene) else Disposition.LWBS
    finish(scene, how, EntryStatus.LEFT)
    return settle(scene, [(Command.LEAVE, State.FINISHED)], kind="state.changed", by=by, reason=said)


@command
def cancel(visit_id: UUID, *, version: int | None, reason: str | None, by: Actor) -> Outcome:
    """Call the visit off: by the patient until the examination begins, by staff at any time (V17)."""
    scene = _hold(Command.CANCEL, visit_id, version=version, by=by)
    said = reason_for(Command.CANCEL, reason)
    is_own = is_on_the_patients_word(Command.CANCEL, by=by)
    if is_own and has_begun(scene):
        raise NotAllowedError(why="examination_has_begun")
    how = Disposition.CANCELLED_BY_PATIENT if is_own else Disposition.CANCELLED_BY_STAFF
    finish(scene, how, EntryStatus.CANCELLED)
    if scene.visit.appointment_id is not None and not has_begun(scene):
        emr.set_appointment_status(scene.visit.appointment_id, "cancelled")
    return settle(scene, [(Command.CANCEL, State.FINISHED)], kind="state.changed", by=by, reason=said)


@command
def transfer_out(visit_id: UUID, *, version: int | None, reason: str | None, by: Actor) -> Outcome:
    """Hand the patient over to the emergency room or a ward: all calls stop (V18)."""
    scene = _hold(Command.TRANSFER_OUT, visit_id, version=version, by=by)
    said = reason_for(Command.TRANSFER_OUT, reason)
    finish(scene, Disposition.TRANSFERRED_OUT, EntryStatus.CANCELLED)
    return settle(scene, [(Command.TRANSFER_OUT, State.FINISHED)], kind="state.changed", by=by, reason=said)


@command
def void(visit_id: UUID, *, version: int | None, reason: str | None, by: Actor) -> Outcome:
    """Mark a visit as entered in error, with all its entries; its number is not given out again (V21, E8)."""
    scene = _hold(Command.VOID, visit_id, version=version, by=by)
    if scene.visit.disposition == Disposition.ENTERED_IN_ERROR:
        raise TransitionRefusedError(command="void", why="already_void", state=str(scene.state))
    said = reason_for(Command.VOID, reason)
    finish(scene, Disposition.ENTERED_IN_ERROR, EntryStatus.ENTERED_IN_ERROR)
    db.session.flush()
    scene.before["voided"] = queues.void_all(scene.visit.id, "voided")
    return settle(scene, [(Command.VOID, State.FINISHED)], kind="state.changed", by=by, reason=said)


def finish(scene: Scene, how: Disposition, status: EntryStatus) -> None:
    """End a held visit: its open entry gives its slots back, what was planned is revoked."""
    visit = scene.visit
    if scene.entry is not None and scene.entry.active_slot is not None:
        queues.end(scene.entry, status, how)
        scene.entry = None
    for step in scene.steps:
        if step.status in OPEN_STEPS:
            step.status = StepStatus.CANCELLED
    visit.state, visit.disposition = State.FINISHED, how
    visit.closed_at = visit.closed_at or clock.utcnow()
    visit.open_slot = None
    tell(VisitFinished(visit_id=visit.public_id))


def _hold(command_: Command, visit_id: UUID, *, version: int | None, by: Actor) -> Scene:
    scene = hold_scene(visit_id_of(visit_id))
    permit(command_, visit_id=visit_id, units=scene.units(), by=by)
    check_version(scene.visit.version, version, **scene.now)
    check(command_, scene.state, scene.entry_status)
    return scene


def has_begun(scene: Scene) -> bool:
    """Whether any care has been given: a step done, somebody in the room, or a service that was interrupted."""
    entry = scene.before["entry"] or {}
    is_inside = entry.get("status") == EntryStatus.IN_SERVICE or bool(entry.get("served_seconds"))
    return is_inside or StepStatus.DONE in scene.before["steps"].values()
