"""Where a patient goes next: from where they were seen last, to where the visit goes on. No name in it."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, union_all

from app.boards.queries.patient import MyVisit
from app.core.db import db
from app.core.errors import NotFoundError
from app.journey.models import Visit
from app.journey.states import State
from app.queues.models import QueueEntry, ServicePoint
from app.tags.models import Tap, Touchpoint
from app.wayfinding import queries as wayfinding
from app.wayfinding.directions import Step
from app.wayfinding.queries import Leg, Place, Profile, Route
from app.wayfinding.rules import NodeKind, NoRouteError

# By convention of the map: of all desks, the one where people register has a code that ends so.
REGISTRATION = "registration"
GOALS = {State.PAYMENT: NodeKind.CASHIER, State.FINISHED: NodeKind.ENTRANCE}
AT_THE_DESK = frozenset({State.UNREGISTERED, State.ARRIVED, State.REGISTERED, State.WAITING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Guidance:
    """The way from here, for one way of moving; `is_blocked` where there is none and staff must help."""

    profile: Profile
    route: Route | None = None
    is_blocked: bool = False

    @property
    def legs(self) -> tuple[Leg, ...]:
        """Return the parts of the way, one per floor."""
        return self.route.legs if self.route else ()

    @property
    def is_there(self) -> bool:
        """Whether the patient stands at the goal."""
        return self.route is not None and self.route.origin == self.route.goal

    @property
    def minutes(self) -> int:
        """Return the minutes of walking, at least one."""
        return max(1, round(self.route.seconds / 60)) if self.route else 0

    def steps_of(self, leg: int) -> tuple[Step, ...]:
        """Return the words of one part of the way."""
        return tuple(step for step in self.route.steps if step.leg == leg) if self.route else ()


def guidance(visit: MyVisit, profile: Profile = Profile.WALKING) -> Guidance:
    """Return a patient's way from the last tag, room or arrival: 2 statements, 3 to the desk."""
    site, here = _whereabouts(visit.id)
    goal = visit.goal or GOALS.get(visit.state)
    if site is None:
        return Guidance(profile=profile)
    if here is None and visit.arrived_at is not None:
        here = registration_desk(site)  # whom no tag and no kiosk has seen, the desk has
    if (goal is None and visit.state in AT_THE_DESK) or visit.is_for_desk:
        goal = registration_desk(site)
    if here is None or goal is None:
        return Guidance(profile=profile)
    return way(site, here, goal, profile)


def way(site: str, here: str, goal: str | NodeKind, profile: Profile = Profile.WALKING) -> Guidance:
    """Return the way between two places of a site; 1 statement. A place that no map knows has no way."""
    try:
        return Guidance(profile=profile, route=wayfinding.guide(site, here, goal, profile))
    except NoRouteError:
        return Guidance(profile=profile, is_blocked=True)
    except NotFoundError:
        return Guidance(profile=profile)


def registration_desk(site: str) -> str | None:
    """Return the place where people register, or None where the map shows none; 1 statement."""
    desks: tuple[Place, ...] = wayfinding.places(site, (NodeKind.DESK,))
    return next((desk.code for desk in desks if desk.code.endswith(REGISTRATION)), None)


def way_to_desk(here: str, profile: Profile = Profile.WALKING) -> Guidance:
    """Return the way from a place to where people register; 3 statements."""
    for site, _name in wayfinding.sites():
        desk = registration_desk(site)
        if desk is not None:
            found = way(site, here, desk, profile)
            if found.route is not None or found.is_blocked:
                return found
    return Guidance(profile=profile)


def _whereabouts(visit_id: UUID) -> tuple[str | None, str | None]:
    """Return a visit's site and where its patient was seen last: tag, room or arrival; 1 statement."""
    tapped = (
        select(Visit.site, Touchpoint.place.label("place"), Tap.at.label("at"))
        .join(Touchpoint, Touchpoint.id == Tap.touchpoint_id)
        .join(Visit, Visit.public_id == Tap.visit_id)
        .where(Tap.visit_id == visit_id)
    )
    served = (
        select(Visit.site, ServicePoint.place, QueueEntry.started_at)
        .join(Visit, Visit.id == QueueEntry.visit_id)
        .join(ServicePoint, ServicePoint.id == QueueEntry.service_point_id)
        .where(Visit.public_id == visit_id, QueueEntry.started_at.is_not(None))
    )
    arrived = select(Visit.site, Visit.arrived_place, Visit.arrived_at).where(Visit.public_id == visit_id)
    seen = union_all(tapped, served, arrived).subquery()
    row = db.session.execute(
        select(seen.c.site, seen.c.place).order_by(seen.c.place.is_(None), seen.c.at.desc()).limit(1)
    ).one_or_none()
    return (row.site, row.place) if row else (None, None)
