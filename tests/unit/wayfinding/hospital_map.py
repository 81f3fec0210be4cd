"""The demo hospital as a graph in memory, without a database."""

from uuid import UUID

from app.demo.hospital import plan
from app.wayfinding.directions import Step, directions
from app.wayfinding.graph import SiteMap, kinds
from app.wayfinding.plans import SitePlan
from app.wayfinding.rules import FloorRef, Passage, Place, Profile
from tests.unit.wayfinding.moments import NOON

PLAN: SitePlan = plan()
IDS = {node.code: i for i, node in enumerate(PLAN.nodes)}


def draw(*, without: frozenset[str] = frozenset()) -> SiteMap:
    """Return the demo map, without the edges that touch some places."""
    floors = {
        floor.ordinal: FloorRef(UUID(int=floor.ordinal), floor.ordinal, floor.name, floor.width, floor.height)
        for floor in PLAN.floors
    }
    return SiteMap(
        (
            Place(IDS[one.code], UUID(int=0), one.code, one.kind, one.name, floors[one.floor], one.x, one.y)
            for one in PLAN.nodes
        ),
        (
            Passage(IDS[edge.a], IDS[edge.b], edge.seconds, edge.kind, edge.width_cm, edge.is_one_way)
            for edge in PLAN.edges
            if not {edge.a, edge.b} & without
        ),
    )


def told(origin: str, goal: str, profile: Profile = Profile.WALKING) -> tuple[Step, ...]:
    """Return the directions between two places of the demo hospital."""
    path, passages = draw().way(IDS[origin], IDS[goal], profile, NOON)
    return directions(path, kinds(passages))
