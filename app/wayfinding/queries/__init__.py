"""What the map can tell: places, floors, the quickest route, and what nobody can reach."""

from app.wayfinding.queries.locations import Way, floor_svg, floors, place, place_of, places, sites, ways
from app.wayfinding.queries.routes import Gap, Leg, Route, guide, nearest, reachability, route, walk_seconds
from app.wayfinding.rules import FloorRef, Name, Place, Profile

__all__ = [
    "FloorRef",
    "Gap",
    "Leg",
    "Name",
    "Place",
    "Profile",
    "Route",
    "Way",
    "floor_svg",
    "floors",
    "guide",
    "nearest",
    "place",
    "place_of",
    "places",
    "reachability",
    "route",
    "sites",
    "walk_seconds",
    "ways",
]
