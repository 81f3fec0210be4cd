"""How to get there: the quickest route of a profile, the nearest place of a kind, and what nobody can reach."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.core import clock
from app.core.db import db
from app.core.errors import NotFoundError
from app.wayfinding.directions import Point, Step, directions, polyline, stretches
from app.wayfinding.graph import Hops, SiteMap, kinds, site_map
from app.wayfinding.models import Edge, Node, Site
from app.wayfinding.queries.locations import located, placed
from app.wayfinding.rules import (
    PROMISED,
    STEPS,
    EdgeKind,
    FloorRef,
    NodeKind,
    NoRouteError,
    Passage,
    Place,
    Profile,
)

# Room around a route for the names beside it, and how much of a floor is shown at the least.
MARGIN, SMALLEST_SHARE = 140, 0.4


@dataclass(frozen=True, slots=True)
class Leg:
    """The part of a route on one floor; points use the plan's view box."""

    floor: FloorRef
    points: tuple[Point, ...]

    @property
    def svg_points(self) -> str:
        """Return the points as `<polyline points=…>` wants them."""
        return " ".join(f"{x},{y}" for x, y in self.points)

    @property
    def view_box(self) -> str:
        """Return the part of the plan around the route; a whole floor is too small to read on a phone."""
        (left, right), (top, bottom) = ((min(axis), max(axis)) for axis in zip(*self.points, strict=True))
        share = max(
            (right - left + 2 * MARGIN) / self.floor.width,
            (bottom - top + 2 * MARGIN) / self.floor.height,
            SMALLEST_SHARE,
        )
        width, height = (round(side * min(share, 1)) for side in (self.floor.width, self.floor.height))
        x = min(max((left + right - width) // 2, 0), self.floor.width - width)
        y = min(max((top + bottom - height) // 2, 0), self.floor.height - height)
        return f"{x} {y} {width} {height}"


@dataclass(frozen=True, slots=True)
class Route:
    """The quickest way for a profile, to draw and to read."""

    seconds: int
    legs: tuple[Leg, ...]
    steps: tuple[Step, ...]
    origin: Place
    goal: Place
    profile: Profile


@dataclass(frozen=True, slots=True)
class Gap:
    """A promise the map breaks: `goal` cannot be reached from `origin`, or only over steps."""

    profile: Profile
    origin: Place
    goal: Place
    reason: str = "unreachable"


def route(
    from_node_id: int, to_node_id: int, profile: Profile = Profile.WALKING, at: datetime | None = None
) -> Route:
    """Return the quickest way now; two statements, four after the map changed.

    Raise NoRouteError (its offer is a member of staff), NotFoundError for places of different sites.
    """
    return _told(
        _map_around(from_node_id).way(from_node_id, to_node_id, profile, at or clock.utcnow()), profile
    )


def guide(
    site_code: str,
    origin: str,
    goal: str | NodeKind,
    profile: Profile = Profile.WALKING,
    at: datetime | None = None,
) -> Route:
    """Return the quickest way between two places by their codes, or to the nearest of a kind; one statement.

    Three after the map changed. Raise NoRouteError, NotFoundError.
    """
    site = db.session.execute(select(Site.id, Site.revision).where(Site.code == site_code)).one_or_none()
    if site is None:
        raise NotFoundError(kind="site")
    drawn = site_map(site.id, site.revision, lambda: _draw(site.id))
    moment, start = at or clock.utcnow(), drawn.coded(origin)
    end = (
        _nearest(drawn, start.id, goal, profile, moment) if isinstance(goal, NodeKind) else drawn.coded(goal)
    )
    return _told(drawn.way(start.id, end.id, profile, moment), profile)


def _told(way: Hops, profile: Profile) -> Route:
    """Return a path to draw and to read."""
    path, passages = way
    passed = kinds(passages)
    return Route(
        seconds=sum(passage.seconds for passage in passages),
        legs=tuple(Leg(part.floor, polyline(part.places)) for part in stretches(path, passed)),
        steps=directions(path, passed),
        origin=path[0],
        goal=path[-1],
        profile=profile,
    )


def walk_seconds(
    from_node_id: int, profile: Profile = Profile.WALKING, at: datetime | None = None
) -> dict[int, int]:
    """Return the seconds to every place in reach, by node id; two statements, four after a change."""
    reached = _map_around(from_node_id).reach(from_node_id, profile, at or clock.utcnow())
    return {goal: sum(passage.seconds for passage in passages) for goal, passages in reached.items()}


def nearest(
    from_node_id: int,
    kind: NodeKind,
    profile: Profile = Profile.WALKING,
    at: datetime | None = None,
) -> Place:
    """Return the nearest place of a kind (restroom, exit, cashier). Raise NoRouteError."""
    return _nearest(_map_around(from_node_id), from_node_id, kind, profile, at or clock.utcnow())


def reachability(site_code: str, at: datetime | None = None) -> tuple[Gap, ...]:
    """Return every broken promise of a site's map: each goal, from each entrance, in each profile."""
    site_id = db.session.execute(select(Site.id).where(Site.code == site_code)).scalar_one_or_none()
    if site_id is None:
        raise NotFoundError
    drawn, moment = _map_of(site_id), at or clock.utcnow()
    entrances = [place for place in drawn.places.values() if place.kind is NodeKind.ENTRANCE]
    return tuple(
        gap for profile in Profile for origin in entrances for gap in _gaps(drawn, origin, profile, moment)
    )


def _nearest(drawn: SiteMap, origin: int, kind: NodeKind, profile: Profile, at: datetime) -> Place:
    """Return the place of a kind that is reached first. Raise NoRouteError."""
    reached = drawn.reach(origin, profile, at)
    goals = [goal for goal in reached if drawn.places[goal].kind is kind]
    if not goals:
        raise NoRouteError(profile)
    quickest = min(goals, key=lambda goal: (sum(passage.seconds for passage in reached[goal]), goal))
    return drawn.places[quickest]


def _gaps(drawn: SiteMap, origin: Place, profile: Profile, at: datetime) -> Iterator[Gap]:
    """Yield what one entrance cannot reach, or reaches over steps that the profile must not meet."""
    reached = drawn.reach(origin.id, profile, at)
    for goal in drawn.places.values():
        if goal.kind not in PROMISED:
            continue
        if goal.id not in reached:
            yield Gap(profile, origin, goal)
        elif profile is not Profile.WALKING and STEPS & set(kinds(reached[goal.id])):
            yield Gap(profile, origin, goal, reason="steps")


def _map_around(node_id: int) -> SiteMap:
    """Return the map of the site that a node belongs to."""
    site_id = db.session.execute(select(Node.site_id).where(Node.id == node_id)).scalar_one_or_none()
    if site_id is None:
        raise NotFoundError
    return _map_of(site_id)


def _map_of(site_id: int) -> SiteMap:
    """Return a site's map; the revision is read before the rows, so a newer map is never kept as an older."""
    revision = db.session.execute(select(Site.revision).where(Site.id == site_id)).scalar_one()
    return site_map(site_id, revision, lambda: _draw(site_id))


def _draw(site_id: int) -> SiteMap:
    """Read places and passages of a site; two statements."""
    rows = db.session.execute(located().where(Node.site_id == site_id).order_by(Node.id))
    edges = db.session.execute(
        select(
            Edge.a_id,
            Edge.b_id,
            Edge.seconds,
            Edge.kind,
            Edge.width_cm,
            Edge.is_one_way,
            Edge.closed_from,
            Edge.closed_until,
        )
        .join(Node, Node.id == Edge.a_id)
        .where(Node.site_id == site_id)
        .order_by(Edge.id)
    )
    return SiteMap(
        (placed(row) for row in rows),
        (
            Passage(a, b, seconds, EdgeKind(kind), width_cm, is_one_way, since, until)
            for a, b, seconds, kind, width_cm, is_one_way, since, until in edges
        ),
    )
