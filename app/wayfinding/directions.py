"""A path told in words: steps without language, which doors translate."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from math import atan2, degrees

from app.core.words import N_
from app.wayfinding.rules import EdgeKind, FloorRef, Name, NodeKind, Place

# Corridors bend; under 40 degrees nobody feels to have turned.
TURN_DEGREES = 40
BACK_DEGREES = 150

Point = tuple[int, int]


class StepKind(StrEnum):
    """What a step asks for."""

    START = "start"
    STRAIGHT = "straight"
    LEFT = "left"
    RIGHT = "right"
    BACK = "back"
    LIFT_UP = "lift_up"
    LIFT_DOWN = "lift_down"
    STAIRS_UP = "stairs_up"
    STAIRS_DOWN = "stairs_down"
    ESCALATOR_UP = "escalator_up"
    ESCALATOR_DOWN = "escalator_down"
    ONWARD = "onward"
    ARRIVE = "arrive"


# Message ids; the catalogues hold the sentences. Those of a nameless corner stand in NAMELESS.
SENTENCES = {
    StepKind.START: N_("From %(place)s on %(floor)s, go toward %(toward)s."),
    StepKind.STRAIGHT: N_("Go straight to %(toward)s."),
    StepKind.LEFT: N_("Turn left at %(place)s."),
    StepKind.RIGHT: N_("Turn right at %(place)s."),
    StepKind.BACK: N_("Turn around at %(place)s."),
    StepKind.LIFT_UP: N_("Take the lift up to %(floor)s."),
    StepKind.LIFT_DOWN: N_("Take the lift down to %(floor)s."),
    StepKind.STAIRS_UP: N_("Take the stairs up to %(floor)s."),
    StepKind.STAIRS_DOWN: N_("Take the stairs down to %(floor)s."),
    StepKind.ESCALATOR_UP: N_("Take the escalator up to %(floor)s."),
    StepKind.ESCALATOR_DOWN: N_("Take the escalator down to %(floor)s."),
    StepKind.ONWARD: N_("Go on to %(floor)s."),
    StepKind.ARRIVE: N_("Arrived: %(place)s"),
}
NAMELESS = {
    StepKind.LEFT: N_("Turn left."),
    StepKind.RIGHT: N_("Turn right."),
    StepKind.BACK: N_("Turn around."),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction; `leg` is the index of the floor map it belongs to."""

    kind: StepKind
    leg: int
    floor: Name
    place: Name | None = None
    toward: Name | None = None

    @property
    def sentence(self) -> str:
        """Return the message id to translate."""
        return NAMELESS[self.kind] if self.kind in NAMELESS and self.place is None else SENTENCES[self.kind]

    def words(self, locale: str) -> dict[str, str]:
        """Return what fills the sentence in this language."""
        named = {"floor": self.floor, "place": self.place, "toward": self.toward}
        return {key: name.in_(locale) for key, name in named.items() if name}


@dataclass(frozen=True, slots=True)
class Stretch:
    """The part of a path on one floor, and how it leaves it."""

    places: tuple[Place, ...]
    leaves_by: EdgeKind | None

    @property
    def floor(self) -> FloorRef:
        """Return the floor of the stretch."""
        return self.places[0].floor


def stretches(path: Sequence[Place], kinds: Sequence[EdgeKind]) -> tuple[Stretch, ...]:
    """Cut a path by floors; a floor that a lift or staircase only passes is no stretch."""
    cut: list[Stretch] = []
    begin = 0
    for i, place in enumerate(path):
        is_last = i == len(path) - 1
        if not is_last and path[i + 1].floor == place.floor:
            continue
        leaves_by = None if is_last else kinds[i]
        only_passed = begin == i and bool(cut) and cut[-1].leaves_by == leaves_by
        if not only_passed:
            cut.append(Stretch(tuple(path[begin : i + 1]), leaves_by))
        begin = i + 1
    return tuple(cut)


def polyline(places: Sequence[Place]) -> tuple[Point, ...]:
    """Return the points to draw, without those that lie on a straight line."""
    points = [point for point, _ in groupby((place.x, place.y) for place in places)]
    inner = [b for a, b, c in zip(points, points[1:], points[2:], strict=False) if _angle(a, b, c) != 0]
    return tuple(points if len(points) <= 1 else [points[0], *inner, points[-1]])


def directions(path: Sequence[Place], kinds: Sequence[EdgeKind]) -> tuple[Step, ...]:
    """Tell a path in words, straight hops merged; ends with the arrival."""
    told: list[Step] = []
    parts = stretches(path, kinds)
    for leg, part in enumerate(parts):
        told += _start(part) if leg == 0 else ()
        told += _turns(part, leg)
        if part.leaves_by:
            told.append(_ride(part, parts[leg + 1], leg))
    last = path[-1]
    told.append(Step(StepKind.ARRIVE, len(parts) - 1, last.floor.name, place=last.name))
    return tuple(told)


def _start(part: Stretch) -> Iterator[Step]:
    """Send the person off toward the first turn; whoever tapped a tag faces the wall, so no left or right."""
    origin = part.places[0]
    corners = _corners(part.places, first=_off_the_wall(part))
    toward = _name_from(part.places, corners[0][0] if corners else len(part.places) - 1)
    if origin.name and toward and toward != origin.name:
        yield Step(StepKind.START, 0, part.floor.name, place=origin.name, toward=toward)


def _turns(part: Stretch, leg: int) -> Iterator[Step]:
    """Tell the turns of one floor; after a ride also the straight way that precedes the first of them."""
    corners = _corners(part.places, first=_off_the_wall(part) if leg == 0 else 0)
    ahead = corners[0][0] if corners else len(part.places) - 1
    toward = _name_from(part.places, ahead)
    if leg > 0 and ahead > 1 and toward:
        yield Step(StepKind.STRAIGHT, leg, part.floor.name, toward=toward)
    for i, kind in corners:
        yield Step(kind, leg, part.floor.name, place=part.places[i].name)


def _ride(part: Stretch, then: Stretch, leg: int) -> Step:
    """Tell a change of floor, with the floor it leads to."""
    way = "up" if then.floor.ordinal > part.floor.ordinal else "down"
    if part.leaves_by in {EdgeKind.LIFT, EdgeKind.STAIRS, EdgeKind.ESCALATOR}:
        return Step(StepKind(f"{part.leaves_by}_{way}"), leg, then.floor.name)
    return Step(StepKind.ONWARD, leg, then.floor.name)


def _off_the_wall(part: Stretch) -> int:
    """Return the index of the first place that stands in a corridor."""
    is_stub = len(part.places) > 2 and part.places[0].kind is not NodeKind.CORRIDOR  # noqa: PLR2004
    return 1 if is_stub else 0


def _corners(places: Sequence[Place], *, first: int) -> list[tuple[int, StepKind]]:
    """Return index and side of every place where the way turns."""
    found: list[tuple[int, StepKind]] = []
    for i in range(first + 1, len(places) - 1):
        side = _side(_angle(*((p.x, p.y) for p in places[i - 1 : i + 2])))
        if side:
            found.append((i, side))
    return found


def _side(angle: float) -> StepKind | None:
    """Name a change of heading; y grows downward, so clockwise is positive and right."""
    if abs(angle) < TURN_DEGREES:
        return None
    if abs(angle) > BACK_DEGREES:
        return StepKind.BACK
    return StepKind.RIGHT if angle > 0 else StepKind.LEFT


def _angle(a: Point, b: Point, c: Point) -> float:
    """Return by how many degrees the heading changes at b."""
    ux, uy, vx, vy = b[0] - a[0], b[1] - a[1], c[0] - b[0], c[1] - b[1]
    return degrees(atan2(ux * vy - uy * vx, ux * vx + uy * vy))


def _name_from(places: Sequence[Place], i: int) -> Name | None:
    """Return the first name at or after an index."""
    return next((place.name for place in places[i:] if place.name), None)
