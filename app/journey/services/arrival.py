"""From the door to the line: expected, arrived, registered, waiting."""

from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.accounts.roles import Facts, Permission, Role, may, require
from app.core import audit, clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import InvalidError, NotAllowedError, TransitionRefusedError
from app.core.idempotency import command
from app.core.locking import check_version
from app.core.transaction import (
    RerunError,
    command_id,
    now_or_never,
    promise,
    savepoint,
    tell,
    transactional,
)
from app.emr import services as emr
from app.emr.rules import is_inside_window
from app.journey import rules
from app.journey.events import VisitArrived
from app.journey.models import Visit, VisitStep
from app.journey.services.moving import enter, join_next, settle, step_for, visit_first_service
from app.journey.services.permitting import permit
from app.journey.services.scene import Outcome, Scene, hold_scene, hold_visit, visit_id_of
from app.journey.states import Command, State, StepStatus, check
from app.queues import services as queues

ON_THEIR_OWN = frozenset({"patient", "kiosk"})
DESK = "desk"


@transactional
def expect(appointment_id: UUID, *, site: str, by: Actor) -> UUID:
    """Expect today's booked patient: a visit without number, its steps planned. Repeating it changes nothing."""
    require(by, Permission.BOOK_VISIT)
    booked = emr.booked(appointment_id)
    known = db.session.execute(
        select(Visit.public_id).where(
            Visit.patient_id == booked.patient_id,
            Visit.business_date == booked.business_date,
            Visit.appointment_key == booked.id,
        )
    ).scalar_one_or_none()
    if known is not None:
        return known
    visit = begin(
        site,
        booked.business_date,
        patient_id=booked.patient_id,
        planned=booked.planned,
        appointment=(booked.id, booked.starts_at),
    )
    promise(visit, "visit.expected")
    return visit.public_id


@command
def walk_in(patient_id: UUID, *, services: tuple[str, ...], site: str, by: Actor) -> Outcome:
    """Begin the visit of somebody without an appointment; the same person has one such open visit a day."""
    require(by, Permission.BOOK_VISIT)
    patient = emr.known(patient_id)
    day = clock.today()
    if db.session.execute(
        select(Visit.id).where(
            Visit.patient_id == patient.id,
            Visit.business_date == day,
            Visit.appointment_key == 0,
            Visit.open_slot == 1,
        )
    ).first():
        raise TransitionRefusedError(command="walk-in", why="already_open")
    if not services:
        raise InvalidError(field="service", why="missing")
    visit = begin(site, day, patient_id=patient.id, planned=services, appointment=None)
    promise(visit, "visit.expected")
    audit.record("journey:visit:walk-in", by=by, patients=[patient_id], object_=f"visit:{visit.public_id}")
    return Outcome(visit_id=visit.public_id, command_id=command_id())


@command
def arrive(visit_id: UUID, *, place: str | None = None, version: int | None = None, by: Actor) -> Outcome:
    """Note that the patient is in the house and give the day's number; a second tap changes nothing (V1, V1b).

    Outside the check-in window a patient is sent to the desk: nothing is written (NHS rule C72).
    """
    require(by, Permission.GUIDE_OWN_VISIT, Facts(visit=visit_id))
    scene = hold_scene(visit_id_of(visit_id))
    visit = scene.visit
    if scene.state is not State.UNREGISTERED:
        return _unchanged(scene)
    if version is not None:
        check_version(visit.version, version, **scene.now)
    check(Command.ARRIVE, scene.state, scene.entry_status)
    if by.role in ON_THEIR_OWN and not _is_in_window(visit):
        return Outcome(visit_id=visit.public_id, command_id=command_id(), advice=DESK)
    return settle(scene, _come(scene, place), kind="state.changed", by=by)


@command
def register(visit_id: UUID, *, version: int | None, by: Actor) -> Outcome:
    """Register an arrived visit, and join at once where exactly one open queue offers the first step (V2, V3)."""
    require(by, Permission.REGISTER_VISIT, Facts(visit=visit_id))
    scene = hold_scene(visit_id_of(visit_id), next_queue=True)
    check_version(scene.visit.version, version, **scene.now)
    check(Command.REGISTER, scene.state, scene.entry_status)
    if by.role in ON_THEIR_OWN and emr.sees_desk_first(scene.visit.patient_id):
        raise NotAllowedError(why="desk_first", next=DESK)
    return settle(scene, _enrol(scene), kind="queue.update", by=by)


@command
def check_in(visit_id: UUID, *, place: str | None = None, by: Actor) -> Outcome:
    """Arrive and register at once: what the one big button on phone and kiosk does (V1-V3).

    What was done before is left alone. `advice` is "desk" where the patient must go there: outside the window
    nothing is written; where insurance or consent is open, the arrival stands and the number is given.
    """
    require(by, Permission.REGISTER_VISIT, Facts(visit=visit_id))
    scene = hold_scene(visit_id_of(visit_id), next_queue=True)
    visit, hops = scene.visit, list[tuple[Command, State]]()
    if scene.state is State.UNREGISTERED:
        if by.role in ON_THEIR_OWN and not _is_in_window(visit):
            return Outcome(visit_id=visit.public_id, command_id=command_id(), advice=DESK)
        hops += _come(scene, place)
    is_for_desk = by.role in ON_THEIR_OWN and emr.sees_desk_first(visit.patient_id)
    if scene.state in {State.UNREGISTERED, State.ARRIVED} and not is_for_desk:
        hops += _enrol(scene)
    outcome = settle(scene, hops, kind="queue.update", by=by) if hops else _unchanged(scene)
    is_at_door = State(visit.state) is State.ARRIVED
    return replace(outcome, advice=DESK) if is_for_desk and is_at_door else outcome


@command
def join(visit_id: UUID, *, service: str | None = None, queue_id: UUID | None = None, by: Actor) -> Outcome:
    """Join the queue of the next ready step; a repeat answers with the entry that stands (V3).

    Staff may name the queue where several offer the service; a named service must be the next one.
    """
    row_id = visit_id_of(visit_id)
    if queue_id is None:
        is_driver = may(by, Permission.DRIVE_QUEUE)
        if not is_driver:
            require(by, Permission.GUIDE_OWN_VISIT, Facts(visit=visit_id))
        scene = hold_scene(row_id, next_queue=True)
        if is_driver:
            permit(Command.JOIN, visit_id=visit_id, units=scene.units(), by=by)
    else:
        target = queues.hold_queue(queue_id)
        if by.role != Role.DESK:  # which of several lines is the staff's choice, at the desk too
            require(by, Permission.DRIVE_QUEUE, Facts(unit=target.unit))
        scene = hold_visit(row_id, {target.id: target})
    if scene.entry is not None:
        return _unchanged(scene)
    check(Command.JOIN, scene.state, scene.entry_status)
    offered = service if queue_id is None else queues.service_of(target)
    step = step_for(scene, offered)
    if step is None or service not in {None, step.service_code}:
        raise TransitionRefusedError(command="join", why="not_next", service=offered)
    if queue_id is not None:
        enter(scene, step, target.id)
    elif not join_next(scene):
        raise TransitionRefusedError(command="join", why="no_single_queue")
    return settle(scene, [(Command.JOIN, State.WAITING)], kind="queue.update", by=by)


def begin(
    site: str,
    day: date,
    *,
    patient_id: int,
    planned: tuple[str, ...],
    appointment: tuple[int, datetime] | None,
) -> Visit:
    """Write a visit in its first state, with its steps one after the other."""
    visit = Visit(
        site=site,
        business_date=day,
        patient_id=patient_id,
        appointment_id=appointment[0] if appointment else None,
        appointment_key=appointment[0] if appointment else 0,
        expected_at=appointment[1] if appointment else None,
        state=State.UNREGISTERED,
        open_slot=1,
        history_length=0,
        seq=0,
        version=1,
    )
    visit.previous_visit_id = _last_visit(patient_id, day)
    try:
        with savepoint():
            db.session.add(visit)
    except IntegrityError as error:
        now_or_never(error, "open_slot")
        raise RerunError from error  # somebody was faster: look again, and find it
    _plan(visit, planned)
    return visit


def _plan(visit: Visit, planned: tuple[str, ...]) -> None:
    """Write the steps of a visit, each with those that come before it."""
    known = queues.offered(planned)
    follows = {code: one.follows for code, one in known.items()}
    ordered = rules.in_order(planned, follows)
    any_order = {code for code, one in known.items() if one.is_any_order}
    before = rules.forerunners(ordered, any_order, follows)
    for ordinal, (code, after) in enumerate(zip(ordered, before, strict=True), start=1):
        db.session.add(
            VisitStep(
                visit_id=visit.id,
                service_id=known[code].id,
                service_code=code,
                ordinal=ordinal,
                after=after,
                status=StepStatus.PLANNED,
            )
        )


def _last_visit(patient_id: int, day: date) -> int | None:
    """Return the patient's last finished visit of the day, which a second one follows (V22)."""
    return db.session.execute(
        select(Visit.id)
        .where(Visit.patient_id == patient_id, Visit.business_date == day, Visit.state == State.FINISHED)
        .order_by(Visit.id.desc())
        .limit(1)
    ).scalar_one_or_none()


def _come(scene: Scene, place: str | None) -> list[tuple[Command, State]]:
    """Be in the house, with the day's number."""
    visit = scene.visit
    visit.arrived_at = clock.utcnow()
    visit.arrived_place = place
    if visit.day_number is None:
        visit.day_number = queues.take_number(visit.site, visit.business_date)
    _follow(visit, "arrived")
    tell(VisitArrived(visit_id=visit.public_id))
    return [(Command.ARRIVE, State.ARRIVED)]


def _enrol(scene: Scene) -> list[tuple[Command, State]]:
    """Be registered, and in line where exactly one open queue offers the first step."""
    scene.visit.registered_at = clock.utcnow()
    hops = [(Command.REGISTER, State.REGISTERED)]
    if join_next(scene):
        hops.append((Command.JOIN, State.WAITING))
    _follow(scene.visit, "checked-in")
    return hops


def _unchanged(scene: Scene) -> Outcome:
    """Answer a repeat: what stands, stands."""
    return Outcome(
        visit_id=scene.visit.public_id,
        command_id=command_id(),
        entry_id=scene.entry.public_id if scene.entry is not None else None,
        is_repeat=True,
    )


def _is_in_window(visit: Visit) -> bool:
    """Whether an arrival now belongs to the visit's appointment; a walk-in entered by the desk has no window."""
    if visit.expected_at is None:
        return True
    before, after = queues.check_in_window(visit_first_service(visit.id))
    return is_inside_window(clock.utcnow(), visit.expected_at, before, after)


def _follow(visit: Visit, appointment_status: str) -> None:
    """Let the appointment follow its visit."""
    if visit.appointment_id is not None:
        emr.set_appointment_status(visit.appointment_id, appointment_status)
