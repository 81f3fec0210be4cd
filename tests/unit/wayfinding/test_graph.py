"""The quickest way, for everybody, or a plain no."""

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import NotFoundError
from app.wayfinding.graph import SiteMap, site_map
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
from tests.unit.wayfinding.hospital_map import IDS, draw
from tests.unit.wayfinding.moments import HOUR, NOON

GROUND = FloorRef(UUID(int=1), 1, Name("1층", "Floor 1"), 100, 100)
DEMO = draw()


def places(count: int) -> list[Place]:
    return [Place(i, UUID(int=i), str(i), NodeKind.CORRIDOR, None, GROUND, i, 0) for i in range(count)]


passages = st.lists(
    st.builds(
        Passage,
        a=st.integers(0, 7),
        b=st.integers(0, 7),
        seconds=st.integers(1, 60),
        kind=st.sampled_from(EdgeKind),
        width_cm=st.none() | st.integers(60, 200),
        is_one_way=st.booleans(),
    ),
    max_size=30,
)


@given(passages, st.sampled_from([Profile.STEP_FREE, Profile.STRETCHER]))
def test_whoever_cannot_climb_is_never_sent_over_steps(edges, profile) -> None:
    for way in SiteMap(places(8), edges).reach(0, profile, NOON).values():
        assert not STEPS & {passage.kind for passage in way}


@given(passages)
def test_walkers_get_everywhere_that_wheelchairs_do_and_never_later(edges) -> None:
    drawn = SiteMap(places(8), edges)
    walking, rolling = (drawn.reach(0, one, NOON) for one in (Profile.WALKING, Profile.STEP_FREE))
    for goal, way in rolling.items():
        assert sum(one.seconds for one in walking[goal]) <= sum(one.seconds for one in way)


@pytest.mark.parametrize("profile", Profile)
@pytest.mark.parametrize("entrance", ["1f-main-entrance", "1f-west-entrance"])
def test_every_place_of_the_demo_hospital_is_reachable_for_everybody(entrance, profile) -> None:
    reached = DEMO.reach(IDS[entrance], profile, NOON)
    assert {place.id for place in DEMO.places.values() if place.kind in PROMISED} <= set(reached)
    assert profile is Profile.WALKING or not any(
        STEPS & {one.kind for one in way} for way in reached.values()
    )


def test_without_lifts_a_wheelchair_gets_no_route_and_never_the_stairs() -> None:
    stuck = draw(without=frozenset({f"{floor}f-lift-{lift}" for floor in (1, 2, 3) for lift in (1, 2)}))
    with pytest.raises(NoRouteError) as refused:
        stuck.way(IDS["1f-main-entrance"], IDS["2f-room-1"], Profile.STEP_FREE, NOON)
    assert refused.value.details == {"profile": "step_free", "offer": "staff"}
    assert stuck.way(IDS["1f-main-entrance"], IDS["2f-room-1"], Profile.WALKING, NOON)


def test_beds_ride_the_bed_lift() -> None:
    _, ways = DEMO.way(IDS["1f-main-entrance"], IDS["3f-recovery"], Profile.STRETCHER, NOON)
    assert {IDS["1f-lift-2"], IDS["3f-lift-2"]} <= {end for way in ways for end in (way.a, way.b)}


def test_a_closed_corridor_is_walked_round_while_it_is_closed() -> None:
    short = Passage(0, 1, 5, EdgeKind.CORRIDOR, closed_from=NOON, closed_until=NOON + HOUR)
    drawn = SiteMap(
        places(3), [short, Passage(0, 2, 9, EdgeKind.CORRIDOR), Passage(2, 1, 9, EdgeKind.CORRIDOR)]
    )
    assert len(drawn.way(0, 1, Profile.WALKING, NOON)[0]) == 3
    assert len(drawn.way(0, 1, Profile.WALKING, NOON + HOUR)[0]) == 2


def test_of_two_ways_between_the_same_places_everybody_takes_their_own() -> None:
    drawn = SiteMap(
        places(2), [Passage(0, 1, 3, EdgeKind.STAIRS), Passage(1, 0, 9, EdgeKind.RAMP, width_cm=150)]
    )
    walked, rolled = (drawn.way(0, 1, one, NOON)[1][0].kind for one in (Profile.WALKING, Profile.STEP_FREE))
    assert (walked, rolled) == (EdgeKind.STAIRS, EdgeKind.RAMP)


def test_a_one_way_escalator_is_not_taken_backwards() -> None:
    drawn = SiteMap(places(2), [Passage(0, 1, 3, EdgeKind.ESCALATOR, is_one_way=True)])
    assert drawn.way(0, 1, Profile.WALKING, NOON)
    with pytest.raises(NoRouteError):
        drawn.way(1, 0, Profile.WALKING, NOON)


def test_a_place_of_another_site_is_not_found() -> None:
    with pytest.raises(NotFoundError):
        DEMO.way(IDS["1f-cashier"], 10_000, Profile.WALKING, NOON)


def test_a_map_is_drawn_once_per_revision() -> None:
    drawings: list[SiteMap] = []

    def draw_again() -> SiteMap:
        drawings.append(SiteMap(places(1), []))
        return drawings[-1]

    first, second = uuid4(), uuid4()
    site_map(-1, first, draw_again)
    site_map(-1, first, draw_again)
    assert len(drawings) == 1
    assert site_map(-1, second, draw_again) is drawings[1]
