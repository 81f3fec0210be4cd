"""Pages of what may be long: orders, the catalogue, shelves and what happened on them; rows, and how many there are."""

from dataclasses import dataclass
from itertools import groupby
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select

from app.accounts.roles import SITE_WIDE, Permission, require
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFoundError
from app.orders.models import CatalogueItem, OrderLine, ServiceOrder, Stock, StockMovement
from app.orders.queries.catalogue import COLUMNS, Item, fits, may_look_up
from app.orders.queries.orders import Order, line_of, order_of
from app.orders.queries.stock import SHELF, Movement, Shelf, may_see_shelves, movement_of

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """One page of a list; one behind the last is empty."""

    rows: tuple[T, ...]
    total: int
    page: int
    pages: int


def orders_page(
    *,
    visit_id: UUID | None = None,
    patient_id: UUID | None = None,
    is_near: bool = False,
    page: int = 1,
    per_page: int = 50,
    by: Actor,
) -> Page[Order]:
    """Return the orders of a visit or of a patient that the actor may see, the newest first; 3 statements.

    `is_near`: the actor has to do with the patient, so other units' orders are shown too.
    """
    require(by, Permission.SEE_ORDERS)
    which: list[ColumnElement[bool]] = [
        ServiceOrder.visit_id == visit_id if visit_id is not None else ServiceOrder.patient_id == patient_id
    ]
    if not is_near and by.role not in SITE_WIDE:
        which.append(or_(ServiceOrder.unit.is_(None), ServiceOrder.unit.in_(by.units)))
    newest = select(ServiceOrder.id).where(*which).order_by(ServiceOrder.id.desc())
    ids, total, pages = _page(newest, page, per_page)
    rows = db.session.execute(
        select(ServiceOrder, OrderLine, CatalogueItem, Stock.location)
        .join(OrderLine, OrderLine.order_id == ServiceOrder.id)
        .join(CatalogueItem, CatalogueItem.id == OrderLine.item_id)
        .outerjoin(Stock, Stock.id == OrderLine.stock_id)
        .where(ServiceOrder.id.in_([row.id for row in ids]))
        .order_by(ServiceOrder.id.desc(), OrderLine.id)
    )
    found = (
        order_of(one, [line_of(*row[1:]) for row in lines])
        for one, lines in groupby(rows, key=lambda row: row[0])
    )
    return Page(rows=tuple(found), total=total, page=page, pages=pages)


def catalogue_page(
    *,
    search: str = "",
    category: str | None = None,
    with_withdrawn: bool = False,
    page: int = 1,
    per_page: int = 50,
    by: Actor,
) -> Page[Item]:
    """Return items by category and code, those that fit a piece of code or name; 2 statements."""
    may_look_up(by)
    which = fits(search=search, category=category, with_withdrawn=with_withdrawn)
    ordered = select(*COLUMNS).where(*which).order_by(CatalogueItem.category, CatalogueItem.code)
    rows, total, pages = _page(ordered, page, per_page)
    return Page(rows=tuple(Item(**row._asdict()) for row in rows), total=total, page=page, pages=pages)


def stock_page(*, is_low: bool = False, page: int = 1, per_page: int = 50, by: Actor) -> Page[Shelf]:
    """Return the shelves by item and place, or those to be filled; 2 statements."""
    may_see_shelves(by)
    ordered = (
        select(*SHELF)
        .join(CatalogueItem, CatalogueItem.id == Stock.item_id)
        .order_by(CatalogueItem.code, Stock.location)
    )
    if is_low:
        ordered = ordered.where(
            Stock.on_hand - Stock.reserved <= Stock.reorder_point, CatalogueItem.is_active
        )
    rows, total, pages = _page(ordered, page, per_page)
    return Page(rows=tuple(Shelf(**row._asdict()) for row in rows), total=total, page=page, pages=pages)


def shelf(stock_id: UUID, *, by: Actor) -> Shelf:
    """Return one shelf. Raise NotFoundError; 1 statement."""
    may_see_shelves(by)
    row = db.session.execute(
        select(*SHELF)
        .join(CatalogueItem, CatalogueItem.id == Stock.item_id)
        .where(Stock.public_id == stock_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError(kind="stock")
    return Shelf(**row._asdict())


def movements_page(stock_id: UUID, *, page: int = 1, per_page: int = 50, by: Actor) -> Page[Movement]:
    """Return what happened on a shelf, the newest first. Raise NotFoundError; 3 statements."""
    shelf(stock_id, by=by)
    happened = (
        select(StockMovement)
        .join(Stock, Stock.id == StockMovement.stock_id)
        .where(Stock.public_id == stock_id)
        .order_by(StockMovement.id.desc())
    )
    rows, total, pages = _page(happened, page, per_page)
    return Page(rows=tuple(movement_of(row[0]) for row in rows), total=total, page=page, pages=pages)


def _page(wanted: Any, page: int, per_page: int) -> tuple[list[Any], int, int]:
    counted = select(func.count()).select_from(wanted.order_by(None).subquery())
    total = db.session.execute(counted).scalar_one()
    rows = db.session.execute(wanted.limit(per_page).offset((page - 1) * per_page)).all()
    return list(rows), total, max(1, -(-total // per_page))
