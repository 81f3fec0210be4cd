"""A site's map as a graph in seconds; kept until the site's revision changes."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import pairwise
from uuid import UUID

import networkx as nx

from app.core.errors import NotFoundError
from app.wayfinding.rules import EdgeKind, NoRouteError, Passage, Place, Profile, cost

Hops = tuple[tuple[Place, ...], tuple[Passage, ...]]


class SiteMap:
    """Places joined by passages; answers who gets where, how fast."""

    def __init__(self, places: Iterable[Place], passages: Iterable[Passage]) -> None:
        self.places = {place.id: place for place in places}
        self._codes = {place.code: place for place in self.places.values()}
        self._ways: nx.DiGraph[int] = nx.DiGraph()
        self._ways.add_nodes_from(self.places)
        for passage in passages:
            self._join(passage.a, passage.b, passage)
            if not passage.is_one_way:
                self._join(passage.b, passage.a, passage)

    def _join(self, a: int, b: int, passage: Passage) -> None:
        """Add a way; two points may be joined twice (stairs beside an escalator)."""
        if self._ways.has_edge(a, b):
            self._ways[a][b]["passages"] += (passage,)
        else:
            self._ways.add_edge(a, b, passages=(passage,))

    def coded(self, code: str) -> Place:
        """Return the place with this code. Raise NotFoundError."""
        if code not in self._codes:
            raise NotFoundError(kind="place")
        return self._codes[code]

    def way(self, a: int, b: int, profile: Profile, at: datetime) -> Hops:
        """Return the quickest way, O(E log V); NoRouteError where none exists."""
        if a not in self.places or b not in self.places:
            raise NotFoundError
        try:
            nodes = nx.dijkstra_path(self._ways, a, b, weight=_weight(profile, at))
        except nx.NetworkXNoPath:
            raise NoRouteError(profile) from None
        return self._hops(nodes, profile, at)

    def reach(self, a: int, profile: Profile, at: datetime) -> dict[int, tuple[Passage, ...]]:
        """Return every place that can be reached, with the passages of the quickest way."""
        found = nx.single_source_dijkstra_path(self._ways, a, weight=_weight(profile, at))
        return {goal: self._hops(nodes, profile, at)[1] for goal, nodes in found.items()}

    def _hops(self, nodes: list[int], profile: Profile, at: datetime) -> Hops:
        """Return places and passages of a path of node ids."""
        passages = (
            min(_open(self._ways[a][b]["passages"], profile, at), key=lambda option: option[0])[1]
            for a, b in pairwise(nodes)
        )
        return tuple(self.places[node] for node in nodes), tuple(passages)


def _open(passages: Iterable[Passage], profile: Profile, at: datetime) -> Iterator[tuple[int, Passage]]:
    """Yield what can be passed, with its seconds."""
    for passage in passages:
        seconds = cost(passage, profile, at)
        if seconds is not None:
            yield seconds, passage


def _weight(
    profile: Profile, at: datetime
) -> Callable[[int, int, dict[str, tuple[Passage, ...]]], int | None]:
    """Return networkx's weight function; None hides an edge."""

    def weight(_a: int, _b: int, edge: dict[str, tuple[Passage, ...]]) -> int | None:
        return min((seconds for seconds, _ in _open(edge["passages"], profile, at)), default=None)

    return weight


def kinds(passages: Iterable[Passage]) -> tuple[EdgeKind, ...]:
    """Return what is passed."""
    return tuple(passage.kind for passage in passages)


# One map per site. The revision is a fresh token for every change, so that neither a rolled back
# change nor another database can ever be taken for the present one.
_maps: dict[int, tuple[UUID, SiteMap]] = {}


def site_map(site_id: int, revision: UUID, draw: Callable[[], SiteMap]) -> SiteMap:
    """Return the map of a site at a revision; drawn once per process and revision."""
    kept = _maps.get(site_id)
    if kept and kept[0] == revision:
        return kept[1]
    drawn = draw()
    _maps[site_id] = (revision, drawn)
    return drawn
