"""What happens to a visit happens to its orders: a step finished or dropped, a visit over, a command undone.

All of it inside the visit's own command, which has looked at the right; nobody posts an order's version here.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from app.accounts.roles import Permission, require
from app.core.actor import Actor
from app.core.db import db
from app.core.transaction import touch, transactional
from app.orders.models import OrderLine, ServiceOrder
from app.orders.services import billing, shelves
from app.orders.services.changing import drop
from app.orders.services.holding import Held, hold_order, settle
from app.orders.states import OPEN, UNDER_WAY, Command, LineStatus, may_start

UNDONE = "undo"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an order stands, before anything is locked; `steps` are those of its open lines."""

    visit_id: UUID | None
    unit: UUID | None
    steps: tuple[UUID, ...]


def standing(order_id: UUID) -> Standing | None:
    """Return where an order stands, or None for one that is not there; 1 statement, no lock."""
    rows = db.session.execute(
        select(ServiceOrder.visit_id, ServiceOrder.unit, OrderLine.step_ref, OrderLine.status)
        .outerjoin(OrderLine, OrderLine.order_id == ServiceOrder.id)
        .where(ServiceOrder.public_id == order_id)
        .order_by(OrderLine.id)
    ).all()
    if not rows:
        return None
    steps = [row.step_ref for row in rows if row.step_ref and row.status == LineStatus.ACTIVE]
    return Standing(rows[0].visit_id, rows[0].unit, tuple(dict.fromkeys(steps)))


@transactional
def finish_steps(steps: Collection[UUID], *, by: Actor) -> None:
    """Complete the lines that finished steps have served."""
    for held in _behind(steps):
        lines = _served(held, steps)
        if not lines or not may_start(Command.FINISH_STEP, held.status):
            continue
        held.order.version += 1
        shelves.issue(lines, by=by)
        held.close(lines, LineStatus.COMPLETED)
        settle(held, Command.FINISH_STEP, by=by)


@transactional
def drop_steps(steps: Collection[UUID], *, reason: str | None, by: Actor) -> None:
    """Take back the lines whose steps the visit does without."""
    for held in _behind(steps):
        lines = _served(held, steps)
        if lines and may_start(Command.DROP_STEP, held.status):
            _take_back(held, lines, Command.DROP_STEP, reason=reason, by=by)


@transactional
def revoke_of_visit(visit_id: UUID, *, reason: str, by: Actor) -> None:
    """Take back what is open of a visit that is over without having been served: nothing is kept for who has left."""
    wanted = ServiceOrder.visit_id == visit_id, ServiceOrder.status.in_(sorted(UNDER_WAY))
    for held in [hold_order(one) for one in _ids(*wanted)]:
        if held.status in UNDER_WAY:
            _take_back(held, held.opened(), Command.REVOKE, reason=reason, by=by)


@transactional
def take_back(order_id: UUID, *, reason: str, by: Actor) -> None:
    """Take back what of an order is open, as the EMR that had been told of it says; what was done stays done.

    Its steps are the visit's: whoever calls this has revoked them before. Raise NotFoundError.
    """
    require(by, Permission.REVOKE_STEP)
    held = hold_order(order_id)
    if held.status in OPEN:
        _take_back(held, held.opened(), Command.REVOKE, reason=reason, by=by)


@transactional
def tell_of_visit(visit_id: UUID) -> None:
    """Tell partners anew of all orders of a visit: it never was, or was after all, and so they with it."""
    for order in db.session.execute(select(ServiceOrder).where(ServiceOrder.visit_id == visit_id)).scalars():
        touch(order)


@transactional
def undo_of_visit(visit_id: UUID, command: UUID, *, by: Actor) -> None:
    """Bring the orders and the bill of a visit back to before a command of it.

    What it placed is taken back; what it completed or took back is open again. Raise InsufficientStockError where what
    was free meanwhile is gone.
    """
    for held in [hold_order(one) for one in _ids(ServiceOrder.visit_id == visit_id)]:
        ended = [line for line in held.lines if line.closed_command == command]
        if ended:
            _reopen(held, ended, by=by)
        if held.order.command_id == command and held.status in OPEN:
            _take_back(held, held.opened(), Command.REVOKE, reason=UNDONE, by=by)
    billing.take_back_bill(visit_id, command, by=by)


def _reopen(held: Held, lines: Sequence[OrderLine], *, by: Actor) -> None:
    held.order.version += 1
    revoked = [line for line in lines if line.status == LineStatus.REVOKED]
    shelves.take_back([line for line in lines if line.status == LineStatus.COMPLETED], by=by)
    for line in lines:
        line.status, line.closed_command = LineStatus.ACTIVE, None
    shelves.reserve(revoked, by=by)
    billing.charge(held.order, [(line, line.amount_won) for line in revoked], by=by)
    held.reason = UNDONE
    settle(held, Command.REOPEN, by=by)


def _take_back(
    held: Held, lines: list[OrderLine], command: Command, *, reason: str | None, by: Actor
) -> None:
    held.order.version += 1
    held.reason = reason
    drop(held, lines, by=by)
    settle(held, command, by=by)


def _behind(steps: Collection[UUID]) -> list[Held]:
    """Hold the orders that have a line served by these steps, in the order of their rows."""
    lines = select(OrderLine.order_id).where(OrderLine.step_ref.in_(sorted(steps)))
    return [hold_order(one) for one in _ids(ServiceOrder.id.in_(lines))]


def _served(held: Held, steps: Collection[UUID]) -> list[OrderLine]:
    return [line for line in held.opened() if line.step_ref in steps]


def _ids(*wanted: object) -> list[int]:
    found = db.session.execute(select(ServiceOrder.id).where(*wanted).order_by(ServiceOrder.id))  # type: ignore[arg-type]
    return list(found.scalars())
