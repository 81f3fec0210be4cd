"""The shelves by hand: received, issued, put right, counted, and when to order anew."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from app.accounts.roles import Permission, require
from app.core import audit
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import InsufficientStockError, InvalidError, NotFoundError, TransitionRefusedError
from app.core.idempotency import command
from app.core.locking import check_version
from app.core.transaction import savepoint
from app.orders import rules
from app.orders.models import CatalogueItem, Stock
from app.orders.rules import MOST_ON_A_SHELF, Effect, MovementKind, effect
from app.orders.services.shelves import change, note, warn

LONGEST_LOCATION = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelved:
    """A shelf as a command has left it."""

    stock_id: UUID
    on_hand: int
    reserved: int
    version: int


@command
def receive(item: str, *, location: str, quantity: int, reason: str | None = None, by: Actor) -> Shelved:
    """Lay so many of an item onto a shelf, which is put up where there was none. Raise InvalidError."""
    require(by, Permission.MANAGE_STOCK)
    rules.check_quantity(quantity, most=MOST_ON_A_SHELF)
    stock_id = _shelf_for(item, location)
    fits = Stock.on_hand <= MOST_ON_A_SHELF - quantity
    if not change(stock_id, effect(MovementKind.RECEIVE, quantity, of_line=False), fits):
        raise InvalidError(field="quantity", why="range", most=MOST_ON_A_SHELF)
    note(stock_id, MovementKind.RECEIVE, quantity, reason=_noted(reason), by=by)
    return _shelved(stock_id, "receive", by=by)


@command
def issue_stock(stock_id: UUID, *, quantity: int, reason: str | None, by: Actor) -> Shelved:
    """Hand out what no order had asked for (a ward's cupboard). Raise InsufficientStockError: promised is not free."""
    require(by, Permission.MANAGE_STOCK)
    shelf, said = _shelf(stock_id), rules.said(reason)
    rules.check_quantity(quantity)
    if not change(shelf, effect(MovementKind.ISSUE, quantity, of_line=False)):
        raise InsufficientStockError(items=[_named(shelf, quantity)])
    note(shelf, MovementKind.ISSUE, quantity, reason=said, by=by)
    warn([(shelf, quantity)])
    return _shelved(shelf, "issue", reason=said, by=by)


@command
def adjust(stock_id: UUID, *, difference: int, reason: str | None, by: Actor) -> Shelved:
    """Put a shelf right by so many more or fewer: broken, expired, found. Raise InsufficientStockError."""
    require(by, Permission.MANAGE_STOCK)
    shelf, said = _shelf(stock_id), rules.said(reason)
    if difference == 0 or abs(difference) > MOST_ON_A_SHELF:
        raise InvalidError(field="difference", why="range", most=MOST_ON_A_SHELF)
    fits = Stock.on_hand <= MOST_ON_A_SHELF - difference
    if not change(shelf, effect(MovementKind.ADJUST, difference, of_line=False), fits):
        raise InsufficientStockError(items=[_named(shelf, -difference)])
    note(shelf, MovementKind.ADJUST, difference, reason=said, by=by)
    warn([(shelf, -difference)])
    return _shelved(shelf, "adjust", reason=said, by=by)


@command
def count(stock_id: UUID, *, counted: int, version: int | None, reason: str | None, by: Actor) -> Shelved:
    """Say how many lie there. What was handed out since the page was rendered makes it stale: count again.

    Raise VersionStaleError; TransitionRefusedError where more is promised than lies there.
    """
    require(by, Permission.MANAGE_STOCK)
    shelf = _shelf(stock_id)
    now = _held(shelf)
    check_version(now.version, version, on_hand=now.on_hand)
    said = rules.said(reason)
    rules.check_quantity(counted, least=0, most=MOST_ON_A_SHELF)
    if not change(shelf, Effect(counted - now.on_hand, 0), Stock.version == version):
        raise TransitionRefusedError(command="count", why="promised", reserved=now.reserved)
    note(shelf, MovementKind.COUNT, counted - now.on_hand, reason=said, by=by)
    warn([(shelf, now.on_hand - counted)])
    return _shelved(shelf, "count", reason=said, by=by)


@command
def set_reorder_point(stock_id: UUID, *, point: int, version: int | None, by: Actor) -> Shelved:
    """Say from how few that may still be promised a shelf is on the list of what to order."""
    require(by, Permission.MANAGE_STOCK)
    shelf = _shelf(stock_id)
    now = _held(shelf)
    check_version(now.version, version)
    rules.check_quantity(point, least=0, most=MOST_ON_A_SHELF)
    db.session.execute(
        update(Stock)
        .where(Stock.id == shelf)
        .values(reorder_point=point, version=Stock.version + 1)
        .execution_options(synchronize_session=False)
    )
    return _shelved(shelf, "reorder-point", by=by)


def _shelf(stock_id: UUID) -> int:
    found = db.session.execute(select(Stock.id).where(Stock.public_id == stock_id)).scalar_one_or_none()
    if found is None:
        raise NotFoundError(kind="stock")
    return found


def _shelf_for(item: str, location: str) -> int:
    """Return the shelf of an item at a place; two who come first together make one."""
    place = location.strip()
    if not place or len(place) > LONGEST_LOCATION or not place.isascii():
        raise InvalidError(field="location", why="form")
    row = db.session.execute(
        select(CatalogueItem.id, CatalogueItem.category).where(CatalogueItem.code == item)
    ).one_or_none()
    if row is None or row.category not in rules.STOCKED:
        raise InvalidError(field="item", why="unknown" if row is None else "no_shelf")
    wanted = select(Stock.id).where(Stock.item_id == row.id, Stock.location == place)
    if (found := db.session.execute(wanted).scalar_one_or_none()) is not None:
        return found
    try:
        with savepoint():
            db.session.add(
                Stock(item_id=row.id, location=place, on_hand=0, reserved=0, reorder_point=0, version=1)
            )
    except IntegrityError:
        pass  # a colleague has put it up just now
    return db.session.execute(wanted).scalar_one()


def _held(stock_id: int) -> Stock:
    """Lock a shelf and read it fresh."""
    return db.session.execute(
        select(Stock).where(Stock.id == stock_id).with_for_update().execution_options(populate_existing=True)
    ).scalar_one()


def _named(stock_id: int, wanted: int) -> dict[str, object]:
    row = db.session.execute(
        select(
            CatalogueItem.code,
            CatalogueItem.name_ko,
            CatalogueItem.name_en,
            (Stock.on_hand - Stock.reserved).label("available"),
        )
        .join(Stock, Stock.item_id == CatalogueItem.id)
        .where(Stock.id == stock_id)
    ).one()
    return {**row._asdict(), "wanted": wanted}


def _noted(reason: str | None) -> str | None:
    return (reason or "").strip()[: rules.LONGEST_REASON] or None


def _shelved(stock_id: int, deed: str, *, reason: str | None = None, by: Actor) -> Shelved:
    row = db.session.execute(
        select(Stock.public_id, Stock.on_hand, Stock.reserved, Stock.version).where(Stock.id == stock_id)
    ).one()
    audit.record(f"orders:stock:{deed}", by=by, object_=f"stock:{row.public_id}", reason=reason)
    return Shelved(stock_id=row.public_id, on_hand=row.on_hand, reserved=row.reserved, version=row.version)
