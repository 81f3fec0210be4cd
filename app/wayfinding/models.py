"""Tables of the map: a site, its floors, the places on them and the ways between."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import AsciiKey, Identified, MediumText, Model
from app.wayfinding.rules import EdgeKind, NodeKind


def _one_of(column: str, values: type[NodeKind] | type[EdgeKind]) -> str:
    """Return the CHECK that a column holds a known word."""
    return f"{column} IN ({', '.join(repr(value.value) for value in values)})"


class Site(Identified, Model):
    """A hospital under one roof and one clock."""

    __tablename__ = "site"
    __table_args__ = (UniqueConstraint("code"), Model.__table_args__)

    code: Mapped[str] = mapped_column(AsciiKey(32))
    name_ko: Mapped[str] = mapped_column(String(80))
    name_en: Mapped[str] = mapped_column(String(80))
    timezone: Mapped[str] = mapped_column(AsciiKey(40))
    # A fresh token for every change of the map: graphs kept in memory are drawn anew when it differs.
    revision: Mapped[UUID] = mapped_column(default=uuid4)


class Floor(Identified, Model):
    """A storey with its drawing; ordinal 1 is the ground floor, below it 0 and less."""

    __tablename__ = "map_floor"
    __table_args__ = (
        UniqueConstraint("site_id", "ordinal"),
        CheckConstraint("width > 0 AND height > 0", name="view_box"),
        Model.__table_args__,
    )

    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    ordinal: Mapped[int] = mapped_column(Integer)
    name_ko: Mapped[str] = mapped_column(String(40))
    name_en: Mapped[str] = mapped_column(String(40))
    width: Mapped[int] = mapped_column(Integer)
    height: Mapped[int] = mapped_column(Integer)
    svg: Mapped[str] = mapped_column(MediumText)


class Node(Identified, Model):
    """A place one can stand at; `code` is what signs, tags and rooms are known by."""

    __tablename__ = "map_node"
    __table_args__ = (
        UniqueConstraint("site_id", "code"),
        CheckConstraint(_one_of("kind", NodeKind), name="kind"),
        CheckConstraint("kind = 'corridor' OR (name_ko IS NOT NULL AND name_en IS NOT NULL)", name="named"),
        Index("ix_map_node_floor_id", "floor_id"),  # drawing a site's graph
        Model.__table_args__,
    )

    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    floor_id: Mapped[int] = mapped_column(ForeignKey("map_floor.id"))
    code: Mapped[str] = mapped_column(AsciiKey(64))
    kind: Mapped[str] = mapped_column(AsciiKey(16))
    x: Mapped[int] = mapped_column(Integer)
    y: Mapped[int] = mapped_column(Integer)
    name_ko: Mapped[str | None] = mapped_column(String(80))
    name_en: Mapped[str | None] = mapped_column(String(80))


class Edge(Identified, Model):
    """A way of so many seconds between two places; both ways unless `is_one_way`."""

    __tablename__ = "map_edge"
    __table_args__ = (
        UniqueConstraint("a_id", "b_id", "kind"),
        CheckConstraint("a_id <> b_id", name="two_ends"),
        CheckConstraint("seconds > 0", name="seconds"),
        CheckConstraint(_one_of("kind", EdgeKind), name="kind"),
        CheckConstraint("width_cm > 0", name="width"),
        CheckConstraint("closed_until > closed_from", name="closed"),
        Index("ix_map_edge_b_id", "b_id"),  # taking a place and its ways off the map
        Model.__table_args__,
    )

    a_id: Mapped[int] = mapped_column(ForeignKey("map_node.id"))
    b_id: Mapped[int] = mapped_column(ForeignKey("map_node.id"))
    seconds: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(AsciiKey(16))
    width_cm: Mapped[int | None] = mapped_column(Integer)
    is_one_way: Mapped[bool] = mapped_column(default=False)
    closed_from: Mapped[datetime | None]
    closed_until: Mapped[datetime | None]
