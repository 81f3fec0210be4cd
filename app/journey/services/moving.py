"""How every command moves a visit on: join the next line, derive the state, write the history, tell of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.core import audit, clock
from app.core.actor import Actor
from app.core.db import db
from app.core.transaction import RerunError, command_id, promise, touch
from app.emr import services as emr
from app.journey import rules
from app.journey.models import FlowEvent, VisitStep
from app.journey.services import choosing
from app.journey.services.alerting import alert
from app.journey.services.choosing import seen
from app.journey.services.fulfilling import follow
from app.journey.services.informing import inform
from app.journey.services.scene import TIMES, Outcome, Scene
from app.journey.states import Command, Disposition, State, StepStatus
from app.orders import services as orders
from app.queues import services as queues
from app.waits import services as waits

NOT_JOINED = frozenset({State.UNREGISTERED, State.ARRIVED, State.REGISTERED})
UNTOUCHED = frozenset({StepStatus.PLANNED, StepStatus.WAIVED, StepStatus.CANCELLED})


def derived(scene: Scene) -> State:
    """Derive the visit's state from what the command has left."""
    return rules.state_of(
        rules.VisitFacts(
            is_arrived=scene.visit.arrived_at is not None,
            is_registered=scene.visit.registered_at is not None,
            is_finished=scene.visit.disposition is not None,
            has_joined=State(scene.visit.state) not in NOT_JOINED
            or any(step.status not in UNTOUCHED for step in scene.steps),
            entry=scene.entry_status,
            steps=seen(scene.steps),
        )
    )


def join_next(scene: Scene) -> bool:
    """Join the queue of the next ready step, if one takes it; False where staff must choose."""
    ready = {step.id for step in rules.ready_steps(seen(scene.steps))}
    ahead = scene.ahead
    if ahead is None or ahead.step_id not in ready or not scene.queues[ahead.queue_id].is_open:
        ahead = choosing.choose(seen(scene.steps), scene.visit.id)
    if ahead is None:
        return False
    if ahead.queue_id not in scene.queues:
        raise RerunError
    enter(scene, scene.step(ahead.step_id), ahead.queue_id)
    return True


def next_open_step(scene: Scene) -> VisitStep | None:
    """Return the first step that may begin, or None where none is ready."""
    return step_for(scene, None)


def step_for(scene: Scene, service: str | None) -> VisitStep | None:
    """Return the ready step of a service, or the first ready one; None where none is ready."""
    ready = rules.ready_steps(seen(scene.steps))
    found = next((one for one in ready if service in {None, one.service_code}), None)
    return None if found is None else scene.step(found.id)


def visit_first_service(visit_id: int) -> str:
    """Return the code of the first planned service."""
    return db.session.execute(
        select(VisitStep.service_code)
        .where(VisitStep.visit_id == visit_id)
        .order_by(VisitStep.ordinal)
        .limit(1)
    ).scalar_one()


def enter(scene: Scene, step: VisitStep, queue_id: int) -> None:
    """Put the visit into a held queue for one of its steps."""
    visit = scene.visit
    if visit.day_number is None or visit.arrived_at is None:
        raise LookupError("a visit without number cannot wait")
    # The first line counts from the arrival; every later one from now, behind those who wait there already.
    is_first = all(one.status != StepStatus.DONE for one in scene.steps)
    since = visit.arrived_at if is_first else clock.utcnow()
    scene.entry = queues.join(
        scene.queues[queue_id],
        visit_id=visit.id,
        step_id=step.id,
        number=visit.day_number,
        since=since,
        booked_at=visit.expected_at if is_first else None,
        priority_class=0 if is_first else queues.last_priority(visit.id),
    )
    step.status = StepStatus.ACTIVE
    waits.note_join(scene.queues[queue_id], scene.entry)


def settle(
    scene: Scene,
    hops: Sequence[tuple[Command, State]],
    *,
    kind: str,
    by: Actor,
    reason: str | None = None,
    call_id: UUID | None = None,
) -> Outcome:
    """Write what the command did: derived state, history without gap, versions, promises, audit."""
    visit, first = scene.visit, hops[0][0]
    end = derived(scene)
    way = [*hops] if hops[-1][1] is end else [*hops, (first, end)]
    old_entry = scene.before["entry"]
    lines: list[FlowEvent] = []
    at = State(scene.before["visit"]["state"])
    for position, (command, to_state) in enumerate(way):
        visit.history_length += 1
        line = FlowEvent(
            visit_id=visit.id,
            entry_id=scene.entry.id if scene.entry is not None else (old_entry or {}).get("entry_id"),
            seq=visit.history_length,
            command=command,
            command_id=command_id(),
            from_state=at,
            to_state=to_state,
            entry_from=(old_entry or {}).get("status"),
            entry_to=scene.entry_status,
            actor_kind=by.kind,
            actor_id=by.id,
            actor_role=by.role,
            reason=reason,
            before=scene.before if position == 0 else {},
            at=clock.utcnow(),
        )
        db.session.add(line)
        lines.append(line)
        at = to_state
    visit.state = end
    visit.version += 1
    if Disposition.ENTERED_IN_ERROR in {visit.disposition, scene.before["visit"]["disposition"]}:
        for step in scene.steps:
            touch(step)  # orders of a visit that never was are no orders, the done ones too
        orders.tell_of_visit(visit.public_id)
    promise(visit, "state.changed", history=lambda: lines[0].id)
    for queue in scene.queues.values():
        promise(queue, kind, history=lambda: lines[0].id)
    audit.record(
        f"journey:visit:{first}",
        by=by,
        patients=[emr.public_id_of(visit.patient_id)],
        object_=f"visit:{visit.public_id}",
        reason=reason,
    )
    follow(scene, first, reason=reason, by=by)
    inform(scene, first, has_joined=hops[-1][0] is Command.JOIN, call_id=call_id, by=by)
    alert(scene, first, by=by)
    return Outcome(
        visit_id=visit.public_id,
        command_id=command_id(),
        entry_id=scene.entry.public_id if scene.entry is not None else None,
        call_id=call_id,
        visit_version=visit.version,
    )


def restore(scene: Scene, before: dict[str, Any]) -> None:
    """Bring visit, steps and entry back to what a snapshot says."""
    visit = scene.visit
    for name in TIMES:
        setattr(visit, name, _moment(before["visit"][name]))
    visit.state = before["visit"]["state"]
    visit.disposition = before["visit"]["disposition"]
    visit.open_slot = before["visit"]["open_slot"]
    for step in scene.steps:
        # A step that the undone command had added is taken back.
        step.status = before["steps"].get(str(step.id), StepStatus.CANCELLED)
    queues.give_back(before.get("passed", {}))
    queues.unvoid(before.get("voided", {}))
    old = before["entry"]
    if scene.entry is not None and (old is None or old["entry_id"] != scene.entry.id):
        queues.void_entry(scene.entry)
        scene.entry = None
        db.session.flush()  # the slots must be free before the old entry takes them back
    if old is not None:
        entry = scene.entry or queues.hold_entry(int(old["entry_id"]))
        queues.restore(entry, old)
        scene.entry = entry


def _moment(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None
