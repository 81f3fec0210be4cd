"""An order on its way: changed, put aside, done, taken back."""

from collections.abc import Mapping
from uuid import UUID

from app.accounts.roles import Permission
from app.core.actor import Actor
from app.core.errors import NotFoundError, TransitionRefusedError
from app.core.idempotency import command
from app.orders import rules
from app.orders.models import OrderLine
from app.orders.rules import LONGEST_NOTE
from app.orders.services import billing, shelves
from app.orders.services.holding import Done, Held, begin, settle
from app.orders.states import Command, LineStatus, OrderStatus

CREATE, FULFIL = Permission.CREATE_ORDER, Permission.FULFIL_ORDER


@command
def change(
    order_id: UUID,
    *,
    version: int | None,
    quantities: Mapping[UUID, int] | None = None,
    priority: str | None = None,
    note: str | None = None,
    by: Actor,
) -> Done:
    """Change quantities by line, priority or note; what is kept and billed follows.

    Raise VersionStaleError for a stale form, InsufficientStockError where the line's shelf has no more.
    """
    held = begin(order_id, Command.CHANGE, version=version, rights=[CREATE], by=by)
    more = [(line, _more(line, wanted)) for line, wanted in _lines(held, quantities or {})]
    changed = [(line, by_how_many) for line, by_how_many in more if by_how_many]
    if priority is not None:
        held.order.priority = rules.check_priority(priority)
    if note is not None:
        held.order.note = note.strip()[:LONGEST_NOTE]
    for line, by_how_many in changed:
        line.quantity += by_how_many
    if changed and held.status is not OrderStatus.DRAFT:
        shelves.reserve_more(changed, by=by)
        billing.charge(
            held.order, [(line, by_how_many * line.unit_price_won) for line, by_how_many in changed], by=by
        )
    return settle(held, Command.CHANGE, by=by)


@command
def hold_order(order_id: UUID, *, version: int | None, reason: str | None, by: Actor) -> Done:
    """Put an order aside, with a reason; what is kept for it stays kept."""
    held = begin(order_id, Command.HOLD, version=version, rights=[CREATE, FULFIL], reason=reason, by=by)
    return settle(held, Command.HOLD, by=by)


@command
def resume(order_id: UUID, *, version: int | None, by: Actor) -> Done:
    """Go on with an order that was put aside."""
    held = begin(order_id, Command.RESUME, version=version, rights=[CREATE, FULFIL], by=by)
    return settle(held, Command.RESUME, by=by)


@command
def complete_line(order_id: UUID, line_id: UUID, *, version: int | None, by: Actor) -> Done:
    """Say that one item was handed out or done; what was kept for it leaves the shelf.

    Raise TransitionRefusedError for a line that is not open, or that a step of the visit completes.
    """
    held = begin(order_id, Command.COMPLETE_LINE, version=version, rights=[FULFIL], by=by)
    line = _line(held, line_id)
    if line.status != LineStatus.ACTIVE:
        raise TransitionRefusedError(
            command=str(Command.COMPLETE_LINE), why="line_closed", status=line.status
        )
    _complete(held, [line], Command.COMPLETE_LINE, by=by)
    return settle(held, Command.COMPLETE_LINE, by=by)


@command
def complete(order_id: UUID, *, version: int | None, by: Actor) -> Done:
    """Say that everything that is open of an order was handed out or done."""
    held = begin(order_id, Command.COMPLETE, version=version, rights=[FULFIL], by=by)
    _complete(held, held.opened(), Command.COMPLETE, by=by)
    return settle(held, Command.COMPLETE, by=by)


@command
def revoke(order_id: UUID, *, version: int | None, reason: str | None, by: Actor) -> Done:
    """Take back what of an order is open, with a reason: what was kept is free again, what was billed is refunded.

    Of a visit's order the steps go too: `journey.revoke_order` calls this.
    """
    held = begin(order_id, Command.REVOKE, version=version, rights=[CREATE], reason=reason, by=by)
    drop(held, held.opened(), by=by)
    return settle(held, Command.REVOKE, by=by)


def drop(held: Held, lines: list[OrderLine], *, by: Actor) -> None:
    """End lines without their being done: shelf, bill, status."""
    if held.status is not OrderStatus.DRAFT:
        shelves.release(lines, by=by)
        billing.refund(held.order, lines, by=by)
    held.close(lines, LineStatus.REVOKED)


def _complete(held: Held, lines: list[OrderLine], command_: Command, *, by: Actor) -> None:
    if any(line.step_ref is not None for line in lines):
        raise TransitionRefusedError(command=str(command_), why="by_step", status=str(held.status))
    shelves.issue(lines, by=by)
    held.close(lines, LineStatus.COMPLETED)


def _lines(held: Held, quantities: Mapping[UUID, int]) -> list[tuple[OrderLine, int]]:
    found = [(_line(held, line_id), wanted) for line_id, wanted in quantities.items()]
    if any(line.status != LineStatus.ACTIVE for line, _ in found):
        raise TransitionRefusedError(command=str(Command.CHANGE), why="line_closed", status=str(held.status))
    return found


def _more(line: OrderLine, wanted: int) -> int:
    return rules.check_quantity(wanted) - line.quantity


def _line(held: Held, line_id: UUID) -> OrderLine:
    found = next((line for line in held.lines if line.public_id == line_id), None)
    if found is None:
        raise NotFoundError(kind="line")
    return found
