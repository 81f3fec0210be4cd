"""What the clock does when nobody else does: unanswered calls, pauses that are over, the end of the day."""

from collections.abc import Callable, Mapping
from datetime import date
from uuid import UUID

import structlog

from app.core import clock
from app.core.actor import SYSTEM, Actor
from app.core.errors import RefusedError
from app.core.idempotency import command
from app.core.locking import check_version
from app.core.transaction import release
from app.emr import services as emr
from app.journey.queries import left_open
from app.journey.services.aside import resume
from app.journey.services.calling import miss, recall
from app.journey.services.leaving import finish
from app.journey.services.moving import settle
from app.journey.services.permitting import permit, reason_for
from app.journey.services.scene import Outcome, hold_scene, visit_id_of
from app.journey.states import Command, Disposition, State, check
from app.queues import services as queues
from app.queues.states import EntryStatus

log = structlog.get_logger(__name__)

DAY_OVER = "day_over"
ANSWERS: Mapping[queues.Overdue, Callable[..., Outcome]] = {
    queues.Overdue.RECALL: recall,
    queues.Overdue.MISS: miss,
}


def answer_for_the_absent(*, by: Actor = SYSTEM) -> int:
    """Call again who did not come, by the gap of the queue's rules; once the last call is over, let the turn pass.

    Return how many. Each call is a new one and is announced once: whoever was let in, called again or missed by
    somebody meanwhile (a nurse, another clock) has another version and is left alone. After a night switched off
    nobody is called twice in one go, as the next gap begins with the call that is made up for.
    """
    return sum(_try(ANSWERS[what], due, by=by) for due, what in queues.calls_over(clock.utcnow()))


def end_holds(*, by: Actor = SYSTEM) -> int:
    """Let those wait again whose time aside is over; return how many."""
    return sum(_try(resume, due, by=by) for due in queues.holds_over(clock.utcnow()))


def close_day(day: date, *, by: Actor = SYSTEM) -> tuple[UUID, ...]:
    """Close what is still open of a day that is over, each visit in a unit of its own; return the visits.

    A second run, also after a crash in the middle, finds only what is left. Queues that work through the night
    keep their patients.
    """
    closed: list[UUID] = []
    for visit_id, version in left_open(day):
        release()
        try:
            close(visit_id, version=version, reason=DAY_OVER, by=by)
        except RefusedError as error:
            log.warning("visit_not_closed", visit_id=str(visit_id), code=error.code)
        else:
            closed.append(visit_id)
    return tuple(closed)


@command
def close(visit_id: UUID, *, version: int | None, reason: str | None, by: Actor) -> Outcome:
    """Close a visit whose day is over; whoever was expected and never came is noted as such (V19)."""
    scene = hold_scene(visit_id_of(visit_id))
    permit(Command.CLOSE, visit_id=visit_id, units=scene.units(), by=by)
    check_version(scene.visit.version, version, **scene.now)
    check(Command.CLOSE, scene.state, scene.entry_status)
    said = reason_for(Command.CLOSE, reason)
    never_came = scene.state is State.UNREGISTERED
    how = Disposition.NO_SHOW_VISIT if never_came else Disposition.ADMIN_CLOSE
    finish(scene, how, EntryStatus.CANCELLED)
    if never_came and scene.visit.appointment_id is not None:
        emr.set_appointment_status(scene.visit.appointment_id, "noshow")
    return settle(scene, [(Command.CLOSE, State.FINISHED)], kind="state.changed", by=by, reason=said)


def _try(work: Callable[..., Outcome], due: queues.Due, *, by: Actor) -> bool:
    """Give one command; a refusal means that somebody was faster."""
    release()
    try:
        work(due.entry_id, version=due.version, by=by)
    except RefusedError as error:
        log.info("overdue_left_alone", entry_id=str(due.entry_id), code=error.code)
        return False
    return True
