"""Drawing the map: floors, places and ways; every change, and only a change, renews its revision."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import delete, or_, select
from sqlalchemy.exc import IntegrityError

from app.core import audit
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import InvalidError, NotFoundError
from app.core.locking import hold
from app.core.transaction import savepoint, transactional
from app.wayfinding.models import Edge, Floor, Node, Site
from app.wayfinding.plans import EdgePlan, FloorPlan, NodePlan, SitePlan
from app.wayfinding.svg import check_svg


@transactional
def draw_map(plan: SitePlan, *, by: Actor) -> UUID:
    """Draw a whole site; drawing the same plan again changes nothing, and nothing is taken away."""
    site = _site(plan.code)
    with _audited("map:site:draw", site, plan.code, by=by):
        _set(site, site, name_ko=plan.name.ko, name_en=plan.name.en, timezone=plan.timezone)
        db.session.flush()
        floors = {floor.ordinal: _floor(site, floor) for floor in plan.floors}
        nodes = {node.code: node for node in _all_nodes(site)}
        nodes |= {one.code: _node(site, floors[one.floor], one, nodes.get(one.code)) for one in plan.nodes}
        db.session.flush()
        edges = {(edge.a_id, edge.b_id, edge.kind): edge for edge in _all_edges(site)}
        for one in plan.edges:
            a, b = _ends(nodes[one.a], nodes[one.b], one)
            _edge(site, one, a, b, edges.get((a.id, b.id, one.kind)))
    return site.public_id


@transactional
def draw_floor(site_code: str, plan: FloorPlan, *, by: Actor) -> UUID:
    """Draw a floor, or replace its drawing. Raise PlanRefusedError for an SVG that is more than a drawing."""
    site = _hold_site(site_code)
    with _audited("map:floor:draw", site, f"{site_code}/{plan.ordinal}", by=by):
        return _floor(site, plan).public_id


@transactional
def place_node(site_code: str, plan: NodePlan, *, by: Actor) -> UUID:
    """Put a place on a floor, or move and rename the one with this code."""
    site = _hold_site(site_code)
    floor = db.session.execute(
        select(Floor).where(Floor.site_id == site.id, Floor.ordinal == plan.floor)
    ).scalar_one_or_none()
    if floor is None:
        raise NotFoundError(kind="Floor")
    with _audited("map:node:place", site, plan.code, by=by):
        node = _node(site, floor, plan, _find_node(site, plan.code))
        db.session.flush()
        return node.public_id


@transactional
def remove_node(site_code: str, code: str, *, by: Actor) -> None:
    """Take a place and its ways off the map. Raise InvalidError while a room or tag stands there."""
    site = _hold_site(site_code)
    node = _node_called(site, code)
    try:
        with savepoint():
            db.session.execute(delete(Edge).where(or_(Edge.a_id == node.id, Edge.b_id == node.id)))
            db.session.execute(delete(Node).where(Node.id == node.id))
    except IntegrityError:
        raise InvalidError(fields=("code",), reason="in_use") from None
    with _audited("map:node:remove", site, code, by=by):
        site.revision = uuid4()


@transactional
def connect(site_code: str, plan: EdgePlan, *, by: Actor) -> UUID:
    """Join two places, or change the way of this kind between them."""
    site = _hold_site(site_code)
    a, b = _ends(_node_called(site, plan.a), _node_called(site, plan.b), plan)
    found = db.session.execute(
        select(Edge).where(Edge.a_id == a.id, Edge.b_id == b.id, Edge.kind == plan.kind)
    ).scalar_one_or_none()
    with _audited("map:edge:connect", site, f"{plan.a}-{plan.b}", by=by):
        edge = _edge(site, plan, a, b, found)
        db.session.flush()
        return edge.public_id


@transactional
def disconnect(edge_id: UUID, *, by: Actor) -> None:
    """Take a way off the map."""
    site, edge = _hold_edge(edge_id)
    with _audited("map:edge:disconnect", site, str(edge_id), by=by):
        db.session.delete(edge)
        site.revision = uuid4()


@transactional
def close_edge(edge_id: UUID, *, since: datetime, until: datetime | None = None, by: Actor) -> None:
    """Close a way from a moment on, until another or until it is opened."""
    if until is not None and until <= since:
        raise InvalidError(fields=("until",))
    site, edge = _hold_edge(edge_id)
    with _audited("map:edge:close", site, str(edge_id), by=by):
        _set(site, edge, closed_from=since, closed_until=until)


@transactional
def open_edge(edge_id: UUID, *, by: Actor) -> None:
    """Open a way at once."""
    site, edge = _hold_edge(edge_id)
    with _audited("map:edge:open", site, str(edge_id), by=by):
        _set(site, edge, closed_from=None, closed_until=None)


@contextmanager
def _audited(action: str, site: Site, object_: str, *, by: Actor) -> Iterator[None]:
    """Audit what was drawn if it changed the map."""
    before = site.revision
    yield
    if site.revision != before:
        audit.record(action, by=by, object_=object_)


def _set(site: Site, row: Site | Floor | Node | Edge, **values: object) -> None:
    """Set what differs and renew the map's revision; where nothing differs the map stays as it is."""
    for column, value in values.items():
        if getattr(row, column) != value:
            setattr(row, column, value)
            site.revision = uuid4()


def _site(code: str) -> Site:
    """Return the site, locked, or a new one."""
    site = db.session.execute(
        select(Site).where(Site.code == code).with_for_update().execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if site is None:
        site = Site(code=code)
        db.session.add(site)
    return site


def _floor(site: Site, plan: FloorPlan) -> Floor:
    """Return the floor as planned, its drawing checked."""
    svg = check_svg(plan.svg)
    floor = db.session.execute(
        select(Floor).where(Floor.site_id == site.id, Floor.ordinal == plan.ordinal)
    ).scalar_one_or_none()
    if floor is None:
        floor = Floor(site_id=site.id, ordinal=plan.ordinal)
    name = plan.name
    _set(site, floor, name_ko=name.ko, name_en=name.en, svg=svg, width=plan.width, height=plan.height)
    db.session.add(floor)
    db.session.flush()
    return floor


def _node(site: Site, floor: Floor, plan: NodePlan, node: Node | None) -> Node:
    """Return the place as planned."""
    if not (0 <= plan.x <= floor.width and 0 <= plan.y <= floor.height):
        raise InvalidError(fields=("x", "y"))
    node = node or Node(site_id=site.id, code=plan.code)
    ko, en = (plan.name.ko, plan.name.en) if plan.name else (None, None)
    _set(site, node, floor_id=floor.id, kind=plan.kind, x=plan.x, y=plan.y, name_ko=ko, name_en=en)
    db.session.add(node)
    return node


def _edge(site: Site, plan: EdgePlan, a: Node, b: Node, edge: Edge | None) -> Edge:
    """Return the way as planned; its closing stays."""
    if plan.seconds < 1 or a is b:
        raise InvalidError(fields=("seconds", "b"))
    edge = edge or Edge(a_id=a.id, b_id=b.id, kind=plan.kind)
    _set(site, edge, seconds=plan.seconds, width_cm=plan.width_cm, is_one_way=plan.is_one_way)
    db.session.add(edge)
    return edge


def _ends(a: Node, b: Node, plan: EdgePlan) -> tuple[Node, Node]:
    """Return the ends as stored: a way in both directions begins at the older place, so it exists once."""
    return (b, a) if not plan.is_one_way and b.id < a.id else (a, b)


def _hold_site(code: str) -> Site:
    site_id = db.session.execute(select(Site.id).where(Site.code == code)).scalar_one_or_none()
    if site_id is None:
        raise NotFoundError(kind="Site")
    return hold(Site, site_id)


def _hold_edge(edge_id: UUID) -> tuple[Site, Edge]:
    """Lock the site of an edge, then read the edge fresh."""
    site_id = db.session.execute(
        select(Node.site_id).join(Edge, Edge.a_id == Node.id).where(Edge.public_id == edge_id)
    ).scalar_one_or_none()
    if site_id is None:
        raise NotFoundError(kind="Edge")
    return hold(Site, site_id), hold(Edge, edge_id)


def _find_node(site: Site, code: str) -> Node | None:
    return db.session.execute(
        select(Node).where(Node.site_id == site.id, Node.code == code)
    ).scalar_one_or_none()


def _node_called(site: Site, code: str) -> Node:
    node = _find_node(site, code)
    if node is None:
        raise NotFoundError(kind="Node", code=code)
    return node


def _all_nodes(site: Site) -> list[Node]:
    return list(db.session.execute(select(Node).where(Node.site_id == site.id)).scalars())


def _all_edges(site: Site) -> list[Edge]:
    return list(
        db.session.execute(
            select(Edge).join(Node, Node.id == Edge.a_id).where(Node.site_id == site.id)
        ).scalars()
    )
