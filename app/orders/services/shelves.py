"""What a line takes from a shelf, promised first and handed out later: by conditional UPDATE, items in sorted order.

The row count decides, so neither the isolation level nor a stale look can sell one box twice (records.md 4.2); sorted,
two orders of the same items in opposite order never wait for each other in a circle.
"""

from collections.abc import Collection, Iterable
from typing import Any, cast

from sqlalchemy import CursorResult, insert, select, update

from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import InsufficientStockError
from app.core.transaction import command_id, tell
from app.orders.events import StockLowered
from app.orders.models import CatalogueItem, OrderLine, Stock, StockMovement
from app.orders.rules import STOCKED, Effect, MovementKind, effect


def reserve(lines: Iterable[OrderLine], *, by: Actor) -> None:
    """Promise to each line what it needs, whole from one shelf. Raise InsufficientStockError naming all that lack.

    Lines of what lies on no shelf (a blood test) need nothing. 2 statements and 2 per line.
    """
    wanted = sorted(lines, key=lambda line: line.item_id)
    kept = _kept([line.item_id for line in wanted])
    lacking: list[tuple[OrderLine, int]] = []
    taken: list[tuple[int, int]] = []
    for line in wanted:
        if line.item_id not in kept:
            continue
        shelf = next((one for one in kept[line.item_id] if _take(one, line.quantity)), None)
        if shelf is None:
            lacking.append((line, line.quantity))
            continue
        line.stock_id = shelf
        taken.append((shelf, line.quantity))
        note(shelf, MovementKind.RESERVE, line.quantity, line=line, by=by)
    if lacking:
        raise InsufficientStockError(items=_lack(lacking))
    warn(taken)


def reserve_more(lines: Collection[tuple[OrderLine, int]], *, by: Actor) -> None:
    """Let lines be promised so many more (or fewer) from their own shelf. Raise InsufficientStockError."""
    lacking: list[tuple[OrderLine, int]] = []
    for line, more in sorted(lines, key=lambda one: one[0].item_id):
        if line.stock_id is None:
            continue
        if more < 0:
            _move(line, MovementKind.RELEASE, -more, by=by)
        elif _take(line.stock_id, more):
            note(line.stock_id, MovementKind.RESERVE, more, line=line, by=by)
        else:
            lacking.append((line, more))
    if lacking:
        raise InsufficientStockError(items=_lack(lacking))
    warn([(line.stock_id, more) for line, more in lines if line.stock_id is not None and more > 0])


def release(lines: Iterable[OrderLine], *, by: Actor) -> None:
    """Give back what was promised to lines."""
    for line in _of_shelves(lines):
        _move(line, MovementKind.RELEASE, line.quantity, by=by)


def issue(lines: Iterable[OrderLine], *, by: Actor) -> None:
    """Hand out what was promised to lines."""
    for line in _of_shelves(lines):
        _move(line, MovementKind.ISSUE, line.quantity, by=by)


def take_back(lines: Iterable[OrderLine], *, by: Actor) -> None:
    """Lay back onto the shelf what was handed out by mistake, and promise it again."""
    for line in _of_shelves(lines):
        _move(line, MovementKind.RECEIVE, line.quantity, by=by)
        _move(line, MovementKind.RESERVE, line.quantity, by=by)


def change(stock_id: int, of: Effect, *where: Any) -> bool:
    """Change one shelf where it can be; whether it could. Its version rises with what lies there."""
    changed = cast(
        "CursorResult[Any]",
        db.session.execute(
            update(Stock)
            .where(
                Stock.id == stock_id,
                Stock.on_hand + of.on_hand >= Stock.reserved + of.reserved,
                Stock.reserved + of.reserved >= 0,
                *where,
            )
            .values(
                on_hand=Stock.on_hand + of.on_hand,
                reserved=Stock.reserved + of.reserved,
                version=Stock.version + (1 if of.on_hand else 0),
            )
            .execution_options(synchronize_session=False)
        ),
    )
    return changed.rowcount == 1


def note(
    stock_id: int,
    kind: MovementKind,
    quantity: int,
    *,
    line: OrderLine | None = None,
    reason: str | None = None,
    by: Actor,
) -> None:
    """Write what happened on a shelf."""
    db.session.execute(
        insert(StockMovement).values(
            stock_id=stock_id,
            kind=kind,
            quantity=quantity,
            line_id=None if line is None else line.id,
            actor_id=by.id,
            actor_role=by.role,
            reason=reason,
            command_id=command_id(),
            at=clock.utcnow(),
        )
    )


def warn(taken: Collection[tuple[int, int]]) -> None:
    """Tell of shelves that fell to their reorder point just now: (shelf, how many less may be promised)."""
    if not taken:
        return
    less = dict(taken)
    for row in db.session.execute(
        select(Stock.id, Stock.public_id, Stock.on_hand - Stock.reserved, Stock.reorder_point).where(
            Stock.id.in_(sorted(less))
        )
    ):
        stock_id, public_id, left, point = row
        if left <= point < left + less[stock_id]:
            tell(StockLowered(stock_id=public_id))


def _take(stock_id: int, quantity: int) -> bool:
    return change(stock_id, effect(MovementKind.RESERVE, quantity, of_line=True))


def _move(line: OrderLine, kind: MovementKind, quantity: int, *, by: Actor) -> None:
    if line.stock_id is None or not change(line.stock_id, effect(kind, quantity, of_line=True)):
        raise LookupError(f"shelf {line.stock_id} does not hold what line {line.id} was promised")
    note(line.stock_id, kind, quantity, line=line, by=by)


def _of_shelves(lines: Iterable[OrderLine]) -> list[OrderLine]:
    return sorted((line for line in lines if line.stock_id is not None), key=lambda line: line.item_id)


def _kept(item_ids: Collection[int]) -> dict[int, list[int]]:
    """Return the shelves of those items that lie on shelves; 1 statement."""
    found: dict[int, list[int]] = {}
    for item_id, stock_id in db.session.execute(
        select(CatalogueItem.id, Stock.id)
        .outerjoin(Stock, Stock.item_id == CatalogueItem.id)
        .where(CatalogueItem.id.in_(item_ids), CatalogueItem.category.in_(STOCKED))
        .order_by(CatalogueItem.id, Stock.id)
    ):
        found.setdefault(item_id, []).extend([] if stock_id is None else [stock_id])
    return found


def _lack(lacking: Collection[tuple[OrderLine, int]]) -> list[dict[str, Any]]:
    """Return what a refusal tells: of which item how many were wanted, and how many one shelf could give."""
    wanted = {line.item_id: quantity for line, quantity in lacking}
    rows = db.session.execute(
        select(CatalogueItem, Stock.on_hand - Stock.reserved)
        .outerjoin(Stock, Stock.item_id == CatalogueItem.id)
        .where(CatalogueItem.id.in_(sorted(wanted)))
        .order_by(CatalogueItem.id)
    ).all()
    most: dict[int, int] = {}
    for item, left in rows:
        most[item.id] = max(most.get(item.id, 0), left or 0)
    named = {item.id: item for item, _ in rows}
    return [
        {
            "code": item.code,
            "name_ko": item.name_ko,
            "name_en": item.name_en,
            "wanted": wanted[item_id],
            "available": most[item_id],
        }
        for item_id, item in named.items()
    ]
