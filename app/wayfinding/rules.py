"""The map's words, and who may pass where and when; plain values in, plain values out."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from app.core.errors import RefusedError


class Profile(StrEnum):
    """How somebody moves; a filter on edges, never a discount on them."""

    WALKING = "walking"
    STEP_FREE = "step_free"
    STRETCHER = "stretcher"


class NodeKind(StrEnum):
    """What a point of the map is."""

    ENTRANCE = "entrance"
    DESK = "desk"
    CASHIER = "cashier"
    ROOM = "room"
    WAITING = "waiting"
    CORRIDOR = "corridor"
    LIFT = "lift"
    STAIRS = "stairs"
    ESCALATOR = "escalator"
    RESTROOM = "restroom"
    EXIT = "exit"
    TAG = "tag"


class EdgeKind(StrEnum):
    """What one passes between two points."""

    CORRIDOR = "corridor"
    LIFT = "lift"
    STAIRS = "stairs"
    ESCALATOR = "escalator"
    DOOR = "door"
    RAMP = "ramp"


# `flask map check` proves each of these reachable from every entrance, in every profile.
PROMISED = frozenset(
    {
        NodeKind.ROOM,
        NodeKind.WAITING,
        NodeKind.DESK,
        NodeKind.CASHIER,
        NodeKind.RESTROOM,
        NodeKind.EXIT,
        NodeKind.TAG,
    }
)
STEPS = frozenset({EdgeKind.STAIRS, EdgeKind.ESCALATOR})
# Clear width in cm: 90 is the Korean door width for wheelchairs; a bed of 100 needs 10 either side.
NARROWEST_CM = {Profile.WALKING: 0, Profile.STEP_FREE: 90, Profile.STRETCHER: 120}


class NoRouteError(RefusedError):
    """Nothing leads there in this profile; the offer is a member of staff, never a worse route in silence."""

    code, status = "NO_ROUTE", 409

    def __init__(self, profile: Profile) -> None:
        super().__init__(profile=profile.value, offer="staff")


@dataclass(frozen=True, slots=True)
class Name:
    """A name in the languages of the house."""

    ko: str
    en: str

    def in_(self, locale: str) -> str:
        """Return the name for a locale; Korean is what the signs on the wall say."""
        return self.en if locale.startswith("en") else self.ko


@dataclass(frozen=True, slots=True)
class FloorRef:
    """A floor as routes and views speak of it."""

    public_id: UUID
    ordinal: int
    name: Name
    width: int
    height: int

    @property
    def view_box(self) -> str:
        """Return the SVG view box that plan and route share."""
        return f"0 0 {self.width} {self.height}"


@dataclass(frozen=True, slots=True)
class Place:
    """A point of the map; only corridors may be nameless."""

    id: int
    public_id: UUID
    code: str
    kind: NodeKind
    name: Name | None
    floor: FloorRef
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Passage:
    """A way from `a` to `b`, and back unless one-way; `width_cm` is None where nothing is narrow."""

    a: int
    b: int
    seconds: int
    kind: EdgeKind
    width_cm: int | None = None
    is_one_way: bool = False
    closed_from: datetime | None = None
    closed_until: datetime | None = None


def is_open(passage: Passage, at: datetime) -> bool:
    """Say whether nobody has closed the passage at this moment; a closing without end stays."""
    if passage.closed_from is None or at < passage.closed_from:
        return True
    return passage.closed_until is not None and at >= passage.closed_until


def may_pass(passage: Passage, profile: Profile) -> bool:
    """Say whether somebody who moves like this gets through."""
    if profile is not Profile.WALKING and passage.kind in STEPS:
        return False
    return passage.width_cm is None or passage.width_cm >= NARROWEST_CM[profile]


def cost(passage: Passage, profile: Profile, at: datetime) -> int | None:
    """Return the seconds it takes, or None where there is no way now."""
    return passage.seconds if may_pass(passage, profile) and is_open(passage, at) else None
