"""What the map can tell: places, floors, the quickest route, and what nobody can reach."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from app.core import clock
from app.core.db import db
from app.core.errors import InvalidError, NotFoundError
from app.wayfinding.directions import Point, Step, directions, polyline, stretches
from app.wayfinding.graph import Hops, SiteMap, kinds, site_map
from app.wayfinding.models import Edge, Floor, Node, Site
from app.wayfinding.rules import (
    PROMISED,
    STEPS,
    EdgeKind,
    FloorRef,
    Name,
    NodeKind,
    NoRouteError,
    Passage,
    Place,
    Profile,
)

# Room around a route for the names beside it, and how much of a floor is shown at the least.
MARGIN, SMALLEST_SHARE = 140, 0.4

__all__ = ["FloorRef", "Gap", "Leg", "Name", "Place", "Profile", "Route", "Way"]


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
class Way:
    """An edge as the map editor shows it."""

    public_id: UUID
    a: str
    b: str
    seconds: int
    kind: EdgeKind
    width_cm: int | None
    is_one_way: bool
    closed_from: datetime | None
    closed_until: datetime | None


@dataclass(frozen=True, slots=True)
class Gap:
    """A promise the map breaks: `goal` cannot be reached from `origin`, or only over steps."""

    profile: Profile
    origin: Place
    goal: Place
    reason: str = "unreachable"


def sites() -> tuple[tuple[str, Name], ...]:
    """Return code and name of every site; one statement."""
    rows = db.session.execute(select(Site.code, Site.name_ko, Site.name_en).order_by(Site.id))
    return tuple((code, Name(ko, en)) for code, ko, en in rows)


def floors(site_code: str) -> tuple[FloorRef, ...]:
    """Return the floors from the lowest up; one statement."""
    rows = db.session.execute(
        select(Floor.public_id, Floor.ordinal, Floor.name_ko, Floor.name_en, Floor.width, Floor.height)
        .join(Site, Site.id == Floor.site_id)
        .where(Site.code == site_code)
        .order_by(Floor.ordinal)
    )
    return tuple(
        FloorRef(row.public_id, row.ordinal, Name(row.name_ko, row.name_en), row.width, row.height)
        for row in rows
    )


def floor_svg(floor_id: UUID) -> str:
    """Return a floor's drawing; one statement. Raise NotFoundError."""
    svg = db.session.execute(select(Floor.svg).where(Floor.public_id == floor_id)).scalar_one_or_none()
    if svg is None:
        raise NotFoundError
    return svg


def place(node_id: int | UUID) -> Place:
    """Return a place by its id inside or outside the house; one statement. Raise NotFoundError."""
    column = Node.public_id if isinstance(node_id, UUID) else Node.id
    return _one(_places().where(column == node_id))


def place_of(code: str, *, site_code: str | None = None) -> Place:
    """Return the place with this code; one statement. Raise InvalidError if two sites have it."""
    wanted = _places().where(Node.code == code)
    if site_code is not None:
        wanted = wanted.join(Site, Site.id == Node.site_id).where(Site.code == site_code)
    return _one(wanted)


def places(site_code: str, of_kinds: Collection[NodeKind] = ()) -> tuple[Place, ...]:
    """Return the places of a site, all or of some kinds, by code; one statement."""
    wanted = _places().join(Site, Site.id == Node.site_id).where(Site.code == site_code).order_by(Node.code)
    if of_kinds:
        wanted = wanted.where(Node.kind.in_(of_kinds))
    return tuple(_place(row) for row in db.session.execute(wanted))


def ways(site_code: str) -> tuple[Way, ...]:
    """Return the edges of a site for its editor; two statements."""
    codes = {place.id: place.code for place in places(site_code)}
    rows = db.session.execute(
        select(Edge).join(Node, Node.id == Edge.a_id).join(Site).where(Site.code == site_code)
    )
    return tuple(
        Way(
            edge.public_id,
            codes[edge.a_id],
            codes[edge.b_id],
            edge.seconds,
            EdgeKind(edge.kind),
            edge.width_cm,
            edge.is_one_way,
            edge.closed_from,
            edge.closed_until,
        )
        for edge in rows.scalars()
    )


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
    rows = db.session.execute(_places().where(Node.site_id == site_id).order_by(Node.id))
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
        (_place(row) for row in rows),
        (
            Passage(a, b, seconds, EdgeKind(kind), width_cm, is_one_way, since, until)
            for a, b, seconds, kind, width_cm, is_one_way, since, until in edges
        ),
    )


def _places() -> Select[*tuple[Any, ...]]:
    """Return the statement that reads places with their floor."""
    return select(
        Node.id,
        Node.public_id,
        Node.code,
        Node.kind,
        Node.name_ko,
        Node.name_en,
        Node.x,
        Node.y,
        Floor.public_id.label("floor_id"),
        Floor.ordinal,
        Floor.name_ko.label("floor_ko"),
        Floor.name_en.label("floor_en"),
        Floor.width,
        Floor.height,
    ).join(Floor, Floor.id == Node.floor_id)


def _place(row: Any) -> Place:
    """Return a row of `_places` as a place."""
    floor = FloorRef(row.floor_id, row.ordinal, Name(row.floor_ko, row.floor_en), row.width, row.height)
    name = Name(row.name_ko, row.name_en) if row.name_ko else None
    return Place(row.id, row.public_id, row.code, NodeKind(row.kind), name, floor, row.x, row.y)


def _one(wanted: Select[*tuple[Any, ...]]) -> Place:
    """Return the only place of a statement."""
    rows = db.session.execute(wanted.limit(2)).all()
    if not rows:
        raise NotFoundError
    if len(rows) > 1:
        raise InvalidError(fields=("site_code",))
    return _place(rows[0])
