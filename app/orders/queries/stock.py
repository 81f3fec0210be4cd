"""The shelves: what lies there, what is promised, what to order, and how it came to be. Nobody's data."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.accounts.roles import Permission, may, require
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFoundError
from app.orders.models import CatalogueItem, Stock, StockMovement
from app.orders.rules import MovementKind

MOST_ROWS = 1000
MOVEMENTS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """One item at one place; `version` is what a count or a reorder point posts."""

    stock_id: UUID
    code: str
    name_ko: str
    name_en: str
    location: str
    on_hand: int
    reserved: int
    reorder_point: int
    version: int

    @property
    def available(self) -> int:
        """How many may still be promised."""
        return self.on_hand - self.reserved

    @property
    def is_low(self) -> bool:
        """Whether it should be ordered anew."""
        return self.available <= self.reorder_point


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """One thing that happened on a shelf; no patient: who asks for whom looks at the order."""

    kind: MovementKind
    quantity: int
    is_of_order: bool
    actor_id: UUID | None
    actor_role: str
    reason: str | None
    at: datetime


SHELF = (
    Stock.public_id.label("stock_id"),
    CatalogueItem.code,
    CatalogueItem.name_ko,
    CatalogueItem.name_en,
    Stock.location,
    Stock.on_hand,
    Stock.reserved,
    Stock.reorder_point,
    Stock.version,
)


def shelves(*, by: Actor) -> tuple[Shelf, ...]:
    """Return all shelves, by item and place; 1 statement."""
    return _read(by=by)


def to_reorder(*, by: Actor) -> tuple[Shelf, ...]:
    """Return the shelves of which no more may be promised than their reorder point says; 1 statement."""
    return _read(Stock.on_hand - Stock.reserved <= Stock.reorder_point, CatalogueItem.is_active, by=by)


def movements(stock_id: UUID, *, by: Actor) -> tuple[Movement, ...]:
    """Return what happened on a shelf, the newest first. Raise NotFoundError; 2 statements."""
    may_see_shelves(by)
    shelf = db.session.execute(select(Stock.id).where(Stock.public_id == stock_id)).scalar_one_or_none()
    if shelf is None:
        raise NotFoundError(kind="stock")
    rows = db.session.execute(
        select(StockMovement)
        .where(StockMovement.stock_id == shelf)
        .order_by(StockMovement.id.desc())
        .limit(MOVEMENTS)
    ).scalars()
    return tuple(movement_of(row) for row in rows)


def movement_of(row: StockMovement) -> Movement:
    """Return a movement as it is shown."""
    return Movement(
        kind=MovementKind(row.kind),
        quantity=row.quantity,
        is_of_order=row.line_id is not None,
        actor_id=row.actor_id,
        actor_role=row.actor_role,
        reason=row.reason,
        at=row.at,
    )


def _read(*wanted: Any, by: Actor) -> tuple[Shelf, ...]:
    may_see_shelves(by)
    rows = db.session.execute(
        select(*SHELF)
        .join(CatalogueItem, CatalogueItem.id == Stock.item_id)
        .where(*wanted)
        .order_by(CatalogueItem.code, Stock.location)
        .limit(MOST_ROWS)
    )
    return tuple(Shelf(**row._asdict()) for row in rows)


def may_see_shelves(by: Actor) -> None:
    """Raise NotAllowedError for who has nothing to do with shelves."""
    if not may(by, Permission.FULFIL_ORDER):
        require(by, Permission.MANAGE_STOCK)
