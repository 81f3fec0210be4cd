"""Undo: a compensating event that brings state, position and counters back; history is never deleted."""

from uuid import UUID

from sqlalchemy import exists, select

from app.accounts.roles import Facts, Permission, may, require
from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotAllowedError, NotFoundError, TransitionRefusedError
from app.core.idempotency import command
from app.core.locking import check_version
from app.core.transaction import RerunError
from app.emr import services as emr
from app.journey import rules
from app.journey.models import FlowEvent, Visit
from app.journey.services.moving import derived, restore, settle
from app.journey.services.scene import Outcome, Scene, hold_visit, visit_id_of
from app.journey.states import Command, StepStatus
from app.orders import services as orders
from app.queues import services as queues
from app.queues.states import EntryStatus


@command
def undo(visit_id: UUID, *, version: int | None, by: Actor) -> Outcome:
    """Take back the visit's last command: 60 s by whoever gave it, 15 min by the charge nurse (V20)."""
    require(by, Permission.UNDO)
    row_id = visit_id_of(visit_id)
    last = _last_command(row_id)
    scene = _hold(row_id, last)
    units = {queue.unit for queue in scene.queues.values()} or {*scene.serving_units()}
    if units and not any(may(by, Permission.UNDO, Facts(unit=unit)) for unit in units):
        raise NotFoundError(kind="visit")
    check_version(scene.visit.version, version, **scene.now)
    if _last_command(row_id) != last:
        raise RerunError
    if not last or last[0].command == Command.UNDO:
        raise TransitionRefusedError(command="undo", why="nothing_to_undo", state=scene.visit.state)
    first = last[0]
    age = (clock.utcnow() - first.at).total_seconds()
    may_others = may(by, Permission.UNDO_OTHERS) and (not units or bool(units & by.units))
    if not rules.may_undo(
        age_seconds=age, is_own=by.id is not None and first.actor_id == by.id, may_undo_others=may_others
    ):
        raise NotAllowedError(why="undo_too_late", age_seconds=int(age))
    if first.before["visit"]["open_slot"] and _has_come_again(scene.visit):
        raise TransitionRefusedError(command="undo", why="next_visit_open", state=scene.visit.state)
    restore(scene, first.before)
    orders.undo_of_visit(visit_id, first.command_id, by=by)
    _let_appointment_follow(scene)
    return settle(scene, [(Command.UNDO, derived(scene))], kind="queue.update", by=by)


def _let_appointment_follow(scene: Scene) -> None:
    """Take the appointment back with its visit."""
    if scene.visit.appointment_id is None:
        return
    has_begun = scene.entry_status is EntryStatus.IN_SERVICE or any(
        step.status == StepStatus.DONE for step in scene.steps
    )
    emr.set_appointment_status(
        scene.visit.appointment_id, rules.appointment_status(derived(scene), has_begun=has_begun)
    )


def _has_come_again(visit: Visit) -> bool:
    """Whether the patient has another open visit for the same reason today (V22): the old one stays over."""
    another = exists().where(
        Visit.id != visit.id,
        Visit.patient_id == visit.patient_id,
        Visit.business_date == visit.business_date,
        Visit.appointment_key == visit.appointment_key,
        Visit.open_slot == 1,
    )
    return bool(db.session.execute(select(another)).scalar())


def _last_command(visit_id: int) -> list[FlowEvent]:
    """Return the lines of the visit's last command, first line first."""
    newest = (
        select(FlowEvent.command_id)
        .where(FlowEvent.visit_id == visit_id)
        .order_by(FlowEvent.seq.desc())
        .limit(1)
    ).scalar_subquery()
    return list(
        db.session.execute(
            select(FlowEvent)
            .where(FlowEvent.visit_id == visit_id, FlowEvent.command_id == newest)
            .order_by(FlowEvent.seq)
        ).scalars()
    )


def _hold(visit_id: int, lines: list[FlowEvent]) -> Scene:
    """Lock the queue of the open entry and the one that the undone command came from."""
    wanted = {queue_id for queue_id in (queues.queue_of_open_entry(visit_id),) if queue_id is not None}
    for line in lines:
        entry = line.before.get("entry") if line.before else None
        if entry:
            wanted.add(queues.queue_of(int(entry["entry_id"])))
    return hold_visit(visit_id, {queue_id: queues.hold_queue(queue_id) for queue_id in sorted(wanted)})
