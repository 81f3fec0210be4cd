"""Where somebody stands, and the way."""

from typing import Literal
from uuid import UUID

from app.tags.rules import TagKind
from app.wayfinding.rules import NodeKind, Profile
from app.web.api.shapes.base import Told
from app.web.api.shapes.visits import Entry, Visit


class PlaceShape(Told):
    """Where somebody stands."""

    code: str
    name: str
    kind: NodeKind
    tag_kind: TagKind
    floor: str


class OpeningShape(Told):
    """A queue of the house, and whether it takes anybody now."""

    queue_id: UUID
    name: str
    place: str
    is_open: bool


class LegShape(Told):
    """The part of a way on one floor; `points` use the plan's view box."""

    floor: str
    plan: str
    view_box: str
    points: list[tuple[int, int]]


class DirectionShape(Told):
    """One instruction in the language of the request; `leg` is the index of its floor."""

    leg: int
    text: str


class RouteShape(Told):
    """The quickest way; `is_blocked`: there is none for this profile, and staff should help."""

    profile: Profile
    is_blocked: bool
    minutes: int
    legs: list[LegShape]
    directions: list[DirectionShape]


Next = Literal[
    "sign-in", "desk", "arrive", "register", "join", "wait", "re-enter", "go-in", "stay", "pay", "go-home"
]


class TapAnswer(Told):
    """Where I am, what comes next, and the way there; `nonce` proves the scan for ten minutes."""

    place: PlaceShape
    opening: list[OpeningShape]
    next: Next
    route: RouteShape | None
    nonce: str
    visit: Visit | None
    entry: Entry | None
