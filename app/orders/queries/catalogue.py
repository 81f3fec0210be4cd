"""What can be ordered, and what is ordered together. Nobody's data."""

from collections.abc import Collection
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select

from app.accounts.roles import Permission, may, require
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFoundError
from app.orders.models import CatalogueItem, OrderSet, OrderSetItem
from app.orders.rules import Wanted

MOST_ROWS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item as a form shows it; `version` is what the form posts."""

    public_id: UUID
    code: str
    category: str
    name_ko: str
    name_en: str
    service_code: str | None
    preparation_ko: str
    preparation_en: str
    after_care_ko: str
    after_care_en: str
    price_won: int
    is_active: bool
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Set:
    """One order set with its items."""

    public_id: UUID
    code: str
    name_ko: str
    name_en: str
    version: int
    items: tuple[Wanted, ...]


COLUMNS = tuple(getattr(CatalogueItem, name) for name in Item.__dataclass_fields__)


def catalogue(
    *, search: str = "", category: str | None = None, with_withdrawn: bool = False, by: Actor
) -> tuple[Item, ...]:
    """Return items by category and code, those that fit a piece of code or name; 1 statement."""
    may_look_up(by)
    which = fits(search=search, category=category, with_withdrawn=with_withdrawn)
    wanted = (
        select(*COLUMNS).where(*which).order_by(CatalogueItem.category, CatalogueItem.code).limit(MOST_ROWS)
    )
    return tuple(Item(**row._asdict()) for row in db.session.execute(wanted))


def fits(*, search: str, category: str | None, with_withdrawn: bool) -> list[ColumnElement[bool]]:
    """Return what an item must be for a search to find it."""
    which: list[ColumnElement[bool]] = []
    if not with_withdrawn:
        which.append(CatalogueItem.is_active.is_(True))
    if category is not None:
        which.append(CatalogueItem.category == category)
    if piece := search.strip():
        columns = (CatalogueItem.name_ko, CatalogueItem.name_en, CatalogueItem.code)
        which.append(or_(*(column.contains(piece, autoescape=True) for column in columns)))
    return which


def items_named(codes: Collection[str], *, by: Actor) -> dict[str, Item]:
    """Return items by their codes, withdrawn ones too; 1 statement, none for no codes."""
    may_look_up(by)
    if not codes:
        return {}
    rows = db.session.execute(select(*COLUMNS).where(CatalogueItem.code.in_(sorted(codes))))
    return {row.code: Item(**row._asdict()) for row in rows}


def item(item_id: UUID, *, by: Actor) -> Item:
    """Return one item. Raise NotFoundError; 1 statement."""
    may_look_up(by)
    row = db.session.execute(select(*COLUMNS).where(CatalogueItem.public_id == item_id)).one_or_none()
    if row is None:
        raise NotFoundError(kind="item")
    return Item(**row._asdict())


def order_sets(*, by: Actor) -> tuple[Set, ...]:
    """Return the sets with their items, by code; 1 statement."""
    may_look_up(by)
    rows = db.session.execute(
        select(
            OrderSet.public_id,
            OrderSet.code,
            OrderSet.name_ko,
            OrderSet.name_en,
            OrderSet.version,
            CatalogueItem.code.label("item"),
            OrderSetItem.quantity,
        )
        .join(OrderSetItem, OrderSetItem.set_id == OrderSet.id)
        .join(CatalogueItem, CatalogueItem.id == OrderSetItem.item_id)
        .order_by(OrderSet.code, CatalogueItem.code)
    ).all()
    found: list[Set] = []
    for code, group in groupby(rows, key=lambda row: str(row.code)):
        members = list(group)
        first = members[0]
        found.append(
            Set(
                public_id=first.public_id,
                code=code,
                name_ko=first.name_ko,
                name_en=first.name_en,
                version=first.version,
                items=tuple(Wanted(row.item, row.quantity) for row in members),
            )
        )
    return tuple(found)


def may_look_up(by: Actor) -> None:
    """Raise NotAllowedError for who has nothing to do with orders."""
    if not may(by, Permission.SEE_ORDERS):
        require(by, Permission.MANAGE_CATALOGUE)
