"""What an architect hands in: a site as plain data, floors and places named by ordinals and codes."""

from dataclasses import dataclass

from app.wayfinding.rules import EdgeKind, Name, NodeKind


@dataclass(frozen=True, slots=True, kw_only=True)
class FloorPlan:
    """A floor and its drawing; places use the coordinates of the drawing's view box."""

    ordinal: int
    name: Name
    svg: str
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePlan:
    """A place; its code is unique in the site and stays when it moves."""

    code: str
    floor: int
    x: int
    y: int
    kind: NodeKind
    name: Name | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgePlan:
    """A way between two places, by their codes."""

    a: str
    b: str
    seconds: int
    kind: EdgeKind = EdgeKind.CORRIDOR
    width_cm: int | None = None
    is_one_way: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SitePlan:
    """A whole site."""

    code: str
    name: Name
    timezone: str
    floors: tuple[FloorPlan, ...]
    nodes: tuple[NodePlan, ...]
    edges: tuple[EdgePlan, ...]
