"""Where things are: sites, floors with their drawings, places, and the ways between them as an editor shows them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from app.core.db import db
from app.core.errors import InvalidError, NotFoundError
from app.wayfinding.models import Edge, Floor, Node, Site
from app.wayfinding.rules import EdgeKind, FloorRef, Name, NodeKind, Place


@dataclass(frozen=True, slots=True)
class Way:
    """An edge as the map editor shows it."""

    public_id: UUID
    a: str
    b: str
    seconds: int
    kind: EdgeKind
    width_cm: int | None
    is_one_way: bool
    closed_from: datetime | None
    closed_until: datetime | None


def sites() -> tuple[tuple[str, Name], ...]:
    """Return code and name of every site; one statement."""
    rows = db.session.execute(select(Site.code, Site.name_ko, Site.name_en).order_by(Site.id))
    return tuple((code, Name(ko, en)) for code, ko, en in rows)


def floors(site_code: str) -> tuple[FloorRef, ...]:
    """Return the floors from the lowest up; one statement."""
    rows = db.session.execute(
        select(Floor.public_id, Floor.ordinal, Floor.name_ko, Floor.name_en, Floor.width, Floor.height)
        .join(Site, Site.id == Floor.site_id)
        .where(Site.code == site_code)
        .order_by(Floor.ordinal)
    )
    return tuple(
        FloorRef(row.public_id, row.ordinal, Name(row.name_ko, row.name_en), row.width, row.height)
        for row in rows
    )


def floor_svg(floor_id: UUID) -> str:
    """Return a floor's drawing; one statement. Raise NotFoundError."""
    svg = db.session.execute(select(Floor.svg).where(Floor.public_id == floor_id)).scalar_one_or_none()
    if svg is None:
        raise NotFoundError
    return svg


def place(node_id: int | UUID) -> Place:
    """Return a place by its id inside or outside the house; one statement. Raise NotFoundError."""
    column = Node.public_id if isinstance(node_id, UUID) else Node.id
    return _one(located().where(column == node_id))


def place_of(code: str, *, site_code: str | None = None) -> Place:
    """Return the place with this code; one statement. Raise InvalidError if two sites have it."""
    wanted = located().where(Node.code == code)
    if site_code is not None:
        wanted = wanted.join(Site, Site.id == Node.site_id).where(Site.code == site_code)
    return _one(wanted)


def places(site_code: str, of_kinds: Collection[NodeKind] = ()) -> tuple[Place, ...]:
    """Return the places of a site, all or of some kinds, by code; one statement."""
    wanted = located().join(Site, Site.id == Node.site_id).where(Site.code == site_code).order_by(Node.code)
    if of_kinds:
        wanted = wanted.where(Node.kind.in_(of_kinds))
    return tuple(placed(row) for row in db.session.execute(wanted))


def ways(site_code: str) -> tuple[Way, ...]:
    """Return the edges of a site for its editor; two statements."""
    codes = {place.id: place.code for place in places(site_code)}
    rows = db.session.execute(
        select(Edge).join(Node, Node.id == Edge.a_id).join(Site).where(Site.code == site_code)
    )
    return tuple(
        Way(
            edge.public_id,
            codes[edge.a_id],
            codes[edge.b_id],
            edge.seconds,
            EdgeKind(edge.kind),
            edge.width_cm,
            edge.is_one_way,
            edge.closed_from,
            edge.closed_until,
        )
        for edge in rows.scalars()
    )


def located() -> Select[*tuple[Any, ...]]:
    """Return the statement that reads places with their floor."""
    return select(
        Node.id,
        Node.public_id,
        Node.code,
        Node.kind,
        Node.name_ko,
        Node.name_en,
        Node.x,
        Node.y,
        Floor.public_id.label("floor_id"),
        Floor.ordinal,
        Floor.name_ko.label("floor_ko"),
        Floor.name_en.label("floor_en"),
        Floor.width,
        Floor.height,
    ).join(Floor, Floor.id == Node.floor_id)


def placed(row: Any) -> Place:
    """Return a row of `located` as a place."""
    floor = FloorRef(row.floor_id, row.ordinal, Name(row.floor_ko, row.floor_en), row.width, row.height)
    name = Name(row.name_ko, row.name_en) if row.name_ko else None
    return Place(row.id, row.public_id, row.code, NodeKind(row.kind), name, floor, row.x, row.y)


def _one(wanted: Select[*tuple[Any, ...]]) -> Place:
    """Return the only place of a statement."""
    rows = db.session.execute(wanted.limit(2)).all()
    if not rows:
        raise NotFoundError
    if len(rows) > 1:
        raise InvalidError(fields=("site_code",))
    return placed(rows[0])
