"""The shelves as the pharmacy sees them: the low ones first, and who moved what."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select

from app.accounts.models import Staff
from app.accounts.roles import Permission, require
from app.core import clock
from app.core.actor import Actor
from app.core.audit import AuditRow
from app.core.db import db
from app.orders import queries as orders
from app.orders.models import Stock, StockMovement
from app.orders.queries import Movement, Shelf

LOOKS_BACK = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelfList:
    """The shelves, those that are low first."""

    rows: tuple[Shelf, ...]
    low: int
    search: str
    mark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A movement with the name of who made it."""

    movement: Movement
    by_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelfPage:
    """One shelf with what happened on it, the newest first."""

    shelf: Shelf
    moved: tuple[Moved, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Who changed a thing last, and when; `by_name` empty where nobody can say."""

    by_name: str
    at: datetime | None


def shelf_list(*, search: str = "", by: Actor) -> ShelfList:
    """Return the shelves, those that are low first, those that fit a search; 2 statements."""
    rows = orders.shelves(by=by)
    piece = search.strip().casefold()
    fitting = [
        row for row in rows if piece in f"{row.code} {row.name_ko} {row.name_en} {row.location}".casefold()
    ]
    return ShelfList(
        rows=tuple(sorted(fitting, key=lambda row: not row.is_low)),
        low=sum(row.is_low for row in rows),
        search=search.strip(),
        mark="" if piece else shelves_mark(by=by),
    )


def shelves_mark(*, by: Actor) -> str:
    """Return what changes when a shelf does: the last movement, and the reorder points; 1 statement."""
    require(by, Permission.MANAGE_STOCK)
    last = select(func.coalesce(func.max(StockMovement.id), 0)).scalar_subquery()
    moved, versions = db.session.execute(
        select(last, func.coalesce(func.sum(Stock.version), 0)).select_from(Stock)
    ).one()
    return f"{moved}-{versions}"


def shelf_page(stock_id: UUID, *, by: Actor) -> ShelfPage:
    """Return one shelf with its movements and who made them; 4 statements. Raise NotFoundError."""
    require(by, Permission.MANAGE_STOCK)
    shelf = orders.shelf(stock_id, by=by)
    moved = orders.movements(stock_id, by=by)
    names = _names({one.actor_id for one in moved if one.actor_id is not None})
    return ShelfPage(
        shelf=shelf,
        moved=tuple(
            Moved(movement=one, by_name=names.get(one.actor_id, "") if one.actor_id else "") for one in moved
        ),
    )


def last_deed(object_: str) -> Deed:
    """Return who changed a shelf, an item or a set last, within a day, as the audit says; 1 statement."""
    row = db.session.execute(
        select(AuditRow.at, Staff.name)
        .outerjoin(Staff, Staff.public_id == AuditRow.actor_id)
        .where(AuditRow.object == object_, AuditRow.at > clock.utcnow() - LOOKS_BACK)
        .order_by(AuditRow.id.desc())
        .limit(1)
    ).one_or_none()
    return Deed(by_name=(row.name or "") if row else "", at=row.at if row else None)


def _names(ids: Collection[UUID]) -> dict[UUID, str]:
    rows = db.session.execute(select(Staff.public_id, Staff.name).where(Staff.public_id.in_(sorted(ids))))
    return {row.public_id: row.name for row in rows}
