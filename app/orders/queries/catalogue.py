"""What can be ordered, and what is ordered together. Nobody's data."""

from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

from sqlalchemy import or_, select

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
    _may_look(by)
    wanted = select(*COLUMNS).order_by(CatalogueItem.category, CatalogueItem.code).limit(MOST_ROWS)
    if not with_withdrawn:
        wanted = wanted.where(CatalogueItem.is_active)
    if category is not None:
        wanted = wanted.where(CatalogueItem.category == category)
    if piece := search.strip():
        wanted = wanted.where(
            or_(
                *(
                    column.contains(piece, autoescape=True)
                    for column in (CatalogueItem.name_ko, CatalogueItem.name_en, CatalogueItem.code)
                )
            )
        )
    return tuple(Item(**row._asdict()) for row in db.session.execute(wanted))


def item(item_id: UUID, *, by: Actor) -> Item:
    """Return one item. Raise NotFoundError; 1 statement."""
    _may_look(by)
    row = db.session.execute(select(*COLUMNS).where(CatalogueItem.public_id == item_id)).one_or_none()
    if row is None:
        raise NotFoundError(kind="item")
    return Item(**row._asdict())


def order_sets(*, by: Actor) -> tuple[Set, ...]:
    """Return the sets with their items, by code; 1 statement."""
    _may_look(by)
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


def _may_look(by: Actor) -> None:
    if not may(by, Permission.SEE_ORDERS):
        require(by, Permission.MANAGE_CATALOGUE)
