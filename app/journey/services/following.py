"""What the EMR says of bookings and people, as far as a visit of today hangs on it.

Until somebody has come, the EMR is the truth; from the arrival on this house is, but for a booking that is
called off while the patient still waits (V17).
"""

from uuid import UUID

from sqlalchemy import exists, select

from app.accounts.roles import Permission, require
from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.locking import hold
from app.core.transaction import move, promise, transactional
from app.emr import services as emr
from app.imaging import services as imaging
from app.journey.models import Visit
from app.journey.queries import is_of_today
from app.journey.services.arrival import begin
from app.journey.services.leaving import finish, has_begun
from app.journey.services.moving import settle
from app.journey.services.permitting import permit
from app.journey.services.planning import changed_plan, replan
from app.journey.services.scene import Scene, hold_scene
from app.journey.states import Command, Disposition, State, check
from app.orders import services as orders
from app.queues.states import EntryStatus

BOOKED = "booked"
NO_SHOW = "noshow"
OFF = frozenset({"cancelled", NO_SHOW})
BY_EMR, MOVED = "emr", "emr_moved"


@transactional
def follow_booking(appointment_id: UUID, said: emr.SaidBooking, *, site: str, by: Actor) -> bool:
    """Let a booking, and whoever is expected for it, be what the EMR says; False where nothing is new.

    Who is booked for today is expected at once, with the new time and plan; who is called off, or booked for
    another day, no longer is. Whoever has come stays as this house has it, but for a cancellation before care.
    """
    require(by, Permission.BOOK_VISIT)
    booking = emr.booked(appointment_id)
    open_id = _open_visit(booking.id)
    scene = hold_scene(open_id) if open_id is not None else None  # queues and visit come before the booking
    if scene is not None and scene.state is not State.UNREGISTERED:
        return said.status in OFF and not has_begun(scene) and _call_off(scene, said.status, by=by)
    is_news = emr.follow_appointment(appointment_id, said, by=by)
    now = emr.booked(appointment_id)
    is_today = said.status == BOOKED and now.business_date == clock.today()
    if scene is not None:
        if said.status != BOOKED or now.business_date != scene.visit.business_date:
            return _call_off(scene, said.status, by=by)
        return _adapt(scene, now, by=by) or is_news
    if is_today and not _has_come(now):
        visit = begin(
            site,
            now.business_date,
            patient_id=now.patient_id,
            planned=now.planned,
            appointment=(now.id, now.starts_at),
        )
        promise(visit, "visit.expected")
        return True
    return is_news


@transactional
def hand_over(patient_id: UUID, *, into: UUID, by: Actor) -> int:
    """Give a duplicate's bookings, who is expected for them, what is ordered, and all pictures, to who lives on.

    Return how many bookings and visits. Whoever has come already stays under the record that the desk, the slip and
    the ward know: staff see the hint.
    """
    require(by, Permission.BOOK_VISIT)
    old, new = emr.known(patient_id), emr.known(into)
    expected = db.session.execute(
        select(Visit.id)
        .where(
            Visit.patient_id == old.id,
            Visit.state == State.UNREGISTERED,
            Visit.business_date >= clock.today(),
        )
        .order_by(Visit.id)
    ).scalars()
    moved = []
    for row_id in expected.all():
        visit = hold(Visit, row_id)
        if visit.state != State.UNREGISTERED or _has_such(new.id, visit):
            continue
        visit.patient_id = new.id
        visit.version += 1
        promise(visit, "visit.expected")
        moved.append(visit.public_id)
    orders.follow_visits(moved, patient_id=into, by=by)
    imaging.hand_over(patient_id, into=into, by=by)
    emr.note_in_trail(patient_id, Visit.__tablename__, tuple(moved))
    return len(moved) + emr.hand_over_appointments(patient_id, into=into, by=by)


@transactional
def show_anew(patient_id: UUID) -> int:
    """Let the pages that show a patient be painted again, as the name has changed; return how many visits move."""
    rows = db.session.execute(
        select(Visit.id).where(
            Visit.patient_id == emr.known(patient_id).id, is_of_today(), Visit.state != State.FINISHED
        )
    ).scalars()
    count = 0
    for row_id in sorted(rows):
        scene = hold_scene(row_id)
        promise(scene.visit, "visit.renamed")
        for queue in scene.queues.values():
            promise(queue, "queue.update")
        count += 1
    return count


@transactional
def show_visit_anew(visit_id: UUID) -> None:
    """Let the lines in which a visit stands be painted again, as something that is shown beside it has changed."""
    row_id = db.session.execute(
        select(Visit.id).where(Visit.public_id == visit_id, Visit.state != State.FINISHED)
    ).scalar_one_or_none()
    if row_id is not None:
        for queue in hold_scene(row_id).queues.values():
            move(queue, "queue.update")


def _open_visit(appointment_id: int) -> int | None:
    """Return the open visit of a booking, without a lock."""
    return db.session.execute(
        select(Visit.id)
        .where(Visit.appointment_id == appointment_id, Visit.open_slot == 1)
        .order_by(Visit.id.desc())
        .limit(1)
    ).scalar_one_or_none()


def _has_come(booking: emr.Booked) -> bool:
    """Whether somebody came for this booking today, and is gone again: nobody expects them twice."""
    return bool(
        db.session.execute(
            select(
                exists().where(
                    Visit.appointment_id == booking.id,
                    Visit.business_date == booking.business_date,
                    Visit.arrived_at.is_not(None),
                )
            )
        ).scalar()
    )


def _has_such(patient_id: int, visit: Visit) -> bool:
    """Whether the patient has such a visit already (a walk-in of the same day)."""
    same = exists().where(
        Visit.patient_id == patient_id,
        Visit.business_date == visit.business_date,
        Visit.appointment_key == visit.appointment_key,
        Visit.open_slot == 1,
    )
    return bool(db.session.execute(select(same)).scalar())


def _call_off(scene: Scene, status: str, *, by: Actor) -> bool:
    """End a visit whose booking was called off, or moved to another day."""
    visit = scene.visit
    permit(Command.CANCEL, visit_id=visit.public_id, units=scene.units(), by=by)
    check(Command.CANCEL, scene.state, scene.entry_status)
    never_came = scene.state is State.UNREGISTERED
    how = Disposition.NO_SHOW_VISIT if status == NO_SHOW and never_came else Disposition.CANCELLED_BY_STAFF
    finish(scene, how, EntryStatus.CANCELLED)
    if visit.appointment_id is not None and status != BOOKED:
        emr.set_appointment_status(visit.appointment_id, status if never_came else "cancelled")
    settle(
        scene,
        [(Command.CANCEL, State.FINISHED)],
        kind="state.changed",
        by=by,
        reason=MOVED if status == BOOKED else BY_EMR,
    )
    return True


def _adapt(scene: Scene, booking: emr.Booked, *, by: Actor) -> bool:
    """Let an expected visit have its booking's time and plan."""
    is_replanned = replan(scene, booking.planned)
    if scene.visit.expected_at == booking.starts_at and not is_replanned:
        return False
    scene.visit.expected_at = booking.starts_at
    changed_plan(scene, by=by)
    return True
