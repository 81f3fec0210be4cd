"""Orders and what they do to the visit: a step for what needs a service, and the step gone when it is taken back."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import select

from app.core.actor import Actor
from app.core.db import db
from app.core.errors import TransitionRefusedError
from app.core.idempotency import command
from app.core.transaction import RerunError
from app.emr import services as emr
from app.journey import rules
from app.journey.models import VisitStep
from app.journey.services.moving import derived
from app.journey.services.permitting import permit
from app.journey.services.planning import BEFORE_THE_LINE, ENGAGED, changed_plan, extended, lead_on, plan_step
from app.journey.services.scene import Scene, hold_scene, visit_id_of
from app.journey.states import OPEN_STEPS, Command, State, StepStatus, check
from app.orders import services as orders
from app.orders.services import Done, Placed, Wanted
from app.queues import services as queues
from app.queues.states import EntryStatus


@command
def place_order(
    visit_id: UUID,
    *,
    items: Sequence[Wanted] = (),
    sets: Collection[str] = (),
    priority: str = "routine",
    note: str = "",
    unit: UUID | None = None,
    order_no: int | None = None,
    is_draft: bool = False,
    by: Actor,
) -> Placed:
    """Order for a visit; what needs a service joins its plan, and a visit about to pay goes back to wait (V13).

    One step serves all lines of the order that need the same service. `unit`: whose order it is, else the orderer's.
    """
    services = () if is_draft else orders.services_wanted(items, sets)
    scene = _hold(visit_id, services, by=by)
    placed = orders.place(
        patient_id=emr.public_id_of(scene.visit.patient_id),
        visit_id=visit_id,
        unit=unit or _unit_of(scene, by=by),
        items=items,
        sets=sets,
        priority=priority,
        note=note,
        order_no=order_no,
        is_draft=is_draft,
        by=by,
    )
    if placed.services != services:
        raise RerunError  # the catalogue was edited between the look and the order
    _add_steps(scene, placed.order_id, services, by=by)
    return placed


@command
def activate_order(order_id: UUID, *, version: int | None, visit_id: UUID | None = None, by: Actor) -> Done:
    """Let a draft take effect in its visit (or in the one that is named)."""
    known = orders.standing(order_id)
    chosen = visit_id or (known.visit_id if known else None)
    if known is None or chosen is None:
        return orders.activate(order_id, version=version, by=by)
    services = orders.services_of_order(order_id)
    scene = _hold(chosen, services, by=by)
    done = orders.activate(order_id, version=version, visit_id=chosen, by=by)
    _add_steps(scene, order_id, services, by=by)
    return done


@command
def revoke_order(order_id: UUID, *, version: int | None, reason: str | None, by: Actor) -> Done:
    """Take an order back, with its steps where they have not begun.

    Who has been called for one of them, or is inside, is not sent out of the room: that is refused, and the room
    decides. Raise NotFoundError, VersionStaleError, TransitionRefusedError.
    """
    known = orders.standing(order_id)
    if known is None or known.visit_id is None or not known.steps:
        return orders.revoke(order_id, version=version, reason=reason, by=by)
    row_id = visit_id_of(known.visit_id)
    scene = hold_scene(
        row_id,
        next_queue=True,
        as_if=lambda steps: _without(steps, _rows(row_id, known.steps)),
    )
    done = orders.revoke(order_id, version=version, reason=reason, by=by)
    dropped = [step for step in scene.steps if step.public_id in known.steps and step.status in OPEN_STEPS]
    if not dropped:
        return done
    has_registered = scene.state not in BEFORE_THE_LINE
    if has_registered:
        check(Command.REVOKE, scene.state, scene.entry_status)
    for step in dropped:
        if scene.entry is not None and scene.entry.step_id == step.id:
            if scene.entry_status in ENGAGED:
                raise TransitionRefusedError(command="revoke", why="in_room", **scene.now)
            queues.end(scene.entry, EntryStatus.CANCELLED, "revoked")
            scene.entry = None
        step.status = StepStatus.CANCELLED
    db.session.flush()  # the active slot must be free before the next line is joined
    if has_registered:
        lead_on(scene, [(Command.REVOKE, derived(scene))], by=by)
    else:
        changed_plan(scene, by=by)
    return done


def _hold(visit_id: UUID, services: Collection[str], *, by: Actor) -> Scene:
    """Hold the visit for an order: its line, and the one that it would join next."""
    row_id = visit_id_of(visit_id)
    is_in_line = queues.queue_of_open_entry(row_id) is not None
    scene = hold_scene(
        row_id,
        next_queue=bool(services) and not is_in_line,
        as_if=lambda steps: _with(steps, services),
    )
    permit(Command.ADD_STEP, visit_id=visit_id, units=scene.serving_units(), by=by)
    if scene.state is State.FINISHED:
        raise TransitionRefusedError(command="order", why="visit_over", **scene.now)
    return scene


def _add_steps(scene: Scene, order_id: UUID, services: Collection[str], *, by: Actor) -> None:
    if not services:
        return
    if scene.state not in BEFORE_THE_LINE:
        check(Command.ADD_STEP, scene.state, scene.entry_status)
    steps: dict[str, UUID] = {}
    for service in services:
        step = plan_step(scene, service, is_mandatory=True)
        step.order_ref = order_id
        steps[service] = step.public_id
    orders.bind_steps(order_id, steps)
    if scene.state in BEFORE_THE_LINE:
        changed_plan(scene, by=by)
    else:
        lead_on(scene, [(Command.ADD_STEP, derived(scene))], by=by)


def _unit_of(scene: Scene, *, by: Actor) -> UUID | None:
    """Return the orderer's unit: the one that has to do with the visit now, else the first."""
    return min(by.units & {*scene.units()}, default=None) or min(by.units, default=None)


def _with(steps: Sequence[rules.Step], services: Collection[str]) -> Sequence[rules.Step]:
    """Return the steps with those of an order at their end."""
    for service in services:
        *others, new = extended(steps, service, is_mandatory=True)
        steps = [*others, new]
    return steps


def _without(steps: Sequence[rules.Step], dropped: Collection[int]) -> Sequence[rules.Step]:
    for one in dropped:
        steps = rules.closed(steps, one, StepStatus.CANCELLED)
    return steps


def _rows(visit_id: int, steps: Collection[UUID]) -> list[int]:
    found = db.session.execute(
        select(VisitStep.id).where(VisitStep.visit_id == visit_id, VisitStep.public_id.in_(sorted(steps)))
    )
    return list(found.scalars())
