"""Which step comes next, and where: the one that ends soonest of those that may begin (domain 1.5). No lock."""

from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import select

from app.core.db import db
from app.core.errors import NotFoundError
from app.journey import rules
from app.journey.models import Visit, VisitStep
from app.journey.states import StepStatus
from app.queues import services as queues
from app.waits import queries as waits
from app.wayfinding import queries as wayfinding
from app.wayfinding.rules import NoRouteError

# What a command will make of the steps of a visit.
AsIf = Callable[[Sequence[rules.Step]], Sequence[rules.Step]]


def option_ahead(visit_id: int, as_if: AsIf | None = None) -> rules.Option | None:
    """Return where the visit would go once a command has changed its steps; else if its open entry were done now."""
    found = db.session.execute(
        select(VisitStep).where(VisitStep.visit_id == visit_id).order_by(VisitStep.ordinal)
    ).scalars()
    steps = seen(found)
    if as_if is not None:
        return choose(as_if(steps), visit_id)
    current = queues.step_of_open_entry(visit_id)
    return choose(rules.closed(steps, current, StepStatus.DONE), visit_id)


def choose(steps: Sequence[rules.Step], visit_id: int) -> rules.Option | None:
    """Return the best of the ready steps that exactly one open queue offers; where several do, staff choose."""
    ready = [(step, queue_for(step.service_code)) for step in rules.ready_steps(steps)]
    fits = [(step, queue_id) for step, queue_id in ready if queue_id is not None]
    if len(fits) == 1:
        return _free(*fits[0])
    if not fits:
        return None
    here = _whereabouts(visit_id)
    lasting = queues.offered({step.service_code for step, _ in fits})
    waiting = waits.newcomer_seconds([queue_id for _, queue_id in fits])
    return rules.best(
        [
            rules.Option(
                step_id=step.id,
                queue_id=queue_id,
                ordinal=step.ordinal,
                walk_seconds=_walk_seconds(here, queues.place_of(queue_id)),
                wait_seconds=waiting.get(queue_id),
                duration_seconds=lasting[step.service_code].duration_seconds,
            )
            for step, queue_id in fits
        ]
    )


def queue_for(service: str) -> int | None:
    """Return the one open queue that offers a service, or None where there is none or a choice."""
    fits = [fit for fit in queues.fits(service) if fit.is_open]
    return fits[0].id if len(fits) == 1 else None


def seen(steps: Iterable[VisitStep]) -> list[rules.Step]:
    """Return rows of steps as the rules see them."""
    return [
        rules.Step(
            id=step.id,
            ordinal=step.ordinal,
            service_code=step.service_code,
            is_mandatory=step.is_mandatory,
            status=StepStatus(step.status),
            after=tuple(step.after),
        )
        for step in steps
    ]


def _free(step: rules.Step, queue_id: int) -> rules.Option:
    """Return the only option: nothing is compared, so nothing is looked up."""
    return rules.Option(
        step_id=step.id,
        queue_id=queue_id,
        ordinal=step.ordinal,
        walk_seconds=0,
        wait_seconds=None,
        duration_seconds=0,
    )


def _whereabouts(visit_id: int) -> tuple[str, str | None]:
    """Return the visit's site, and the place where the patient is: in a room, or where the arrival was noted."""
    visit = db.session.execute(select(Visit.site, Visit.arrived_place).where(Visit.id == visit_id)).one()
    return visit.site, queues.last_room_place(visit_id) or visit.arrived_place


def _walk_seconds(here: tuple[str, str | None], place: str) -> float:
    """Return the seconds of walking, 0 where the map cannot say: the wait decides then."""
    site, origin = here
    if origin is None:
        return 0.0
    try:
        return wayfinding.guide(site, origin, place).seconds
    except (NoRouteError, NotFoundError):
        return 0.0
