"""A visit's bill: charges and refunds follow the orders, payments the cashier; entries are only ever added."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import func, select

from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import InvalidError
from app.core.transaction import command_id, transactional
from app.orders.models import BillEntry, OrderLine, ServiceOrder
from app.orders.rules import PAYING, EntryKind, Method, check_won, due


def charge(order: ServiceOrder, lines: Iterable[tuple[OrderLine, int]], *, by: Actor) -> None:
    """Charge so much more for each line; less than nothing is a refund."""
    if order.visit_id is None:
        raise LookupError("a bill is a visit's")
    for line, amount in lines:
        _enter(
            order.visit_id,
            EntryKind.CHARGE if amount >= 0 else EntryKind.REFUND,
            abs(amount),
            line=line,
            part=order.version,
            by=by,
        )


def refund(order: ServiceOrder, lines: Iterable[OrderLine], *, by: Actor) -> None:
    """Take lines off the bill."""
    if order.visit_id is None:
        raise LookupError("a bill is a visit's")
    for line in lines:
        _enter(order.visit_id, EntryKind.REFUND, line.amount_won, line=line, part=order.version, by=by)


@transactional
def settle_bill(visit_id: UUID, *, amount: int, method: str, may_charge: bool = True, by: Actor) -> int:
    """Settle what is due of a visit, and return it in won; negative was paid back.

    Whoever calls holds the visit. `amount` 0 means what is due. Where nothing was ever billed, an amount is the
    cashier's own charge (`may_charge`). `deferred` moves no money. Raise InvalidError for another amount, and for
    `none` where something is due.
    """
    check_won(amount)
    left, entries = _standing(visit_id)
    if not entries and amount and may_charge and method != Method.NONE:
        _enter(visit_id, EntryKind.CHARGE, amount, by=by)
        left = amount
    elif entries and amount not in {0, abs(left)}:
        raise InvalidError(field="amount", why="differs", due=left)
    if method == Method.NONE and left:
        raise InvalidError(field="method", why="due", due=left)
    if method in PAYING and left:
        _enter(visit_id, EntryKind.PAYMENT, left, method=method, by=by)
    return left


@transactional
def take_back_bill(visit_id: UUID, command: UUID, *, by: Actor) -> None:
    """Undo what a command of the cashier entered: money goes back as it came, a charge by hand is refunded."""
    rows = db.session.execute(
        select(BillEntry)
        .where(BillEntry.visit_id == visit_id, BillEntry.command_id == command, BillEntry.line_id.is_(None))
        .order_by(BillEntry.id)
    ).scalars()
    for row in list(rows):
        if row.kind == EntryKind.PAYMENT:
            _enter(visit_id, EntryKind.PAYMENT, -row.amount_won, method=row.method, by=by)
        elif row.kind == EntryKind.CHARGE:
            _enter(visit_id, EntryKind.REFUND, row.amount_won, by=by)


def _standing(visit_id: UUID) -> tuple[int, int]:
    """Return what is due and how many entries say so; 1 statement."""
    rows = db.session.execute(
        select(BillEntry.kind, func.sum(BillEntry.amount_won), func.count())
        .where(BillEntry.visit_id == visit_id)
        .group_by(BillEntry.kind)
    ).all()
    return due((EntryKind(kind), int(amount)) for kind, amount, _ in rows), sum(count for *_, count in rows)


def _enter(
    visit_id: UUID,
    kind: EntryKind,
    amount: int,
    *,
    line: OrderLine | None = None,
    part: int | None = None,
    method: str | None = None,
    by: Actor,
) -> None:
    db.session.add(
        BillEntry(
            visit_id=visit_id,
            kind=kind,
            line_id=None if line is None else line.id,
            part=part,
            amount_won=amount,
            method=method,
            command_id=command_id(),
            actor_id=by.id,
            actor_role=by.role,
            at=clock.utcnow(),
        )
    )
