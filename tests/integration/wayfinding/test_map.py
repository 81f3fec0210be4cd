"""The map in the database: drawn once, never stale, never changed outside a service."""

import pytest
from sqlalchemy import event, func, select

from app.core.actor import SYSTEM
from app.core.audit import AuditRow
from app.core.db import db
from app.core.errors import InvalidError, NotFoundError
from app.demo import hospital
from app.wayfinding import queries, services
from app.wayfinding.models import Edge, Floor, Node, Site
from app.wayfinding.plans import EdgePlan, FloorPlan, NodePlan
from app.wayfinding.queries import Name, Profile
from app.wayfinding.rules import NodeKind, NoRouteError
from app.wayfinding.svg import PlanRefusedError
from tests.unit.wayfinding.moments import HOUR, NOON

pytestmark = pytest.mark.usefixtures("house")


def counts() -> list[int]:
    found = [
        db.session.execute(select(func.count()).select_from(table)).scalar_one()
        for table in (Site, Floor, Node, Edge, AuditRow)
    ]
    db.session.rollback()
    return found


def seconds(origin: str, goal: str, profile: Profile = Profile.WALKING) -> int:
    a, b = (queries.place_of(code).id for code in (origin, goal))
    return queries.route(a, b, profile, NOON).seconds


def test_building_the_hospital_again_changes_nothing() -> None:
    codes = hospital.build()
    built = counts()
    assert hospital.build() == codes
    assert counts() == built
    assert built[:2] == [1, 3]


def test_the_demo_hospital_keeps_every_promise() -> None:
    hospital.build()
    assert queries.reachability(hospital.SITE) == ()


def test_a_route_costs_two_statements_once_the_map_is_known() -> None:
    hospital.build()
    a, b = (queries.place_of(code).id for code in ("tag-1f-main-entrance", "2f-demo-2"))
    queries.route(a, b)
    said: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: said.append(args[2]))
    route = queries.route(a, b, Profile.STEP_FREE)
    assert len(said) == 2
    assert [leg.floor.ordinal for leg in route.legs] == [1, 2]
    assert route.legs[1].svg_points == "740,600 740,640 270,640 270,680"


def test_an_edited_way_is_walked_at_once() -> None:
    hospital.build()
    before = seconds("1f-west-entrance", "1f-cashier")
    plan = EdgePlan(a="1f-c-165-640", b="1f-c-100-640", seconds=500)
    services.connect(hospital.SITE, plan, by=SYSTEM)
    assert seconds("1f-west-entrance", "1f-cashier") > before


def test_a_change_that_was_refused_leaves_the_map_as_it_was() -> None:
    hospital.build()
    before = seconds("1f-west-entrance", "1f-cashier")
    with pytest.raises(InvalidError):
        services.connect(hospital.SITE, EdgePlan(a="1f-cashier", b="1f-cashier", seconds=1), by=SYSTEM)
    assert seconds("1f-west-entrance", "1f-cashier") == before


def test_with_both_lifts_closed_wheelchairs_are_offered_staff_until_they_open() -> None:
    hospital.build()
    lifts = [way.public_id for way in queries.ways(hospital.SITE) if way.kind == "lift"]
    for lift in lifts:
        services.close_edge(lift, since=NOON - HOUR, until=NOON + HOUR, by=SYSTEM)
    with pytest.raises(NoRouteError):
        seconds("1f-main-entrance", "2f-demo-1", Profile.STEP_FREE)
    broken = queries.reachability(hospital.SITE, NOON)
    assert {gap.profile for gap in broken} == {Profile.STEP_FREE, Profile.STRETCHER}
    assert queries.reachability(hospital.SITE, NOON + HOUR) == ()
    for lift in lifts:
        services.open_edge(lift, by=SYSTEM)
    assert seconds("1f-main-entrance", "2f-demo-1", Profile.STEP_FREE)


def test_a_place_can_move_and_keeps_its_id() -> None:
    hospital.build()
    before = queries.place_of("2f-demo-1")
    moved = NodePlan(
        code="2f-demo-1",
        floor=2,
        x=131,
        y=680,
        kind=NodeKind.ROOM,
        name=Name("데모 진료실 1", "Demo Room One"),
    )
    services.place_node(hospital.SITE, moved, by=SYSTEM)
    after = queries.place(before.public_id)
    assert (after.id, after.x, after.name) == (before.id, 131, Name("데모 진료실 1", "Demo Room One"))


def test_a_place_off_the_plan_is_refused() -> None:
    hospital.build()
    with pytest.raises(InvalidError):
        services.place_node(
            hospital.SITE, NodePlan(code="x", floor=1, x=1601, y=0, kind=NodeKind.CORRIDOR), by=SYSTEM
        )


def test_a_removed_place_is_gone_with_its_ways() -> None:
    hospital.build()
    services.remove_node(hospital.SITE, "1f-shop", by=SYSTEM)
    with pytest.raises(NotFoundError):
        queries.place_of("1f-shop")
    assert not [way for way in queries.ways(hospital.SITE) if "1f-shop" in {way.a, way.b}]


def test_a_plan_with_a_script_is_not_stored() -> None:
    hospital.build()
    floor = queries.floors(hospital.SITE)[0]
    svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><script/></svg>'
    with pytest.raises(PlanRefusedError):
        services.draw_floor(
            hospital.SITE,
            FloorPlan(ordinal=1, name=floor.name, svg=svg, width=9, height=9),
            by=SYSTEM,
        )
    assert "<script" not in queries.floor_svg(floor.public_id)


def test_the_nearest_restroom_is_on_the_same_floor() -> None:
    hospital.build()
    here = queries.place_of("3f-recovery")
    found = queries.nearest(here.id, NodeKind.RESTROOM, Profile.STEP_FREE)
    assert found.floor.ordinal == 3


def test_every_change_of_the_map_is_audited_once() -> None:
    hospital.build()
    before = counts()[4]
    services.connect(hospital.SITE, EdgePlan(a="1f-cashier", b="1f-registration", seconds=9), by=SYSTEM)
    services.connect(hospital.SITE, EdgePlan(a="1f-registration", b="1f-cashier", seconds=9), by=SYSTEM)
    assert counts()[4] == before + 1
