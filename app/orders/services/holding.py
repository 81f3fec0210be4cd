"""An order with its lines, held and fresh, and what every command leaves written: status, version, word, audit."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from app.accounts.roles import Facts, Permission, may, require
from app.core import audit, clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotAllowedError
from app.core.locking import check_version, hold
from app.core.transaction import command_id, tell, touch
from app.orders import rules
from app.orders.events import OrderMoved
from app.orders.models import OrderLine, ServiceOrder
from app.orders.states import CLOSED, Command, LineStatus, OrderStatus, check, status_after


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a command on an order answers, also when it is repeated."""

    order_id: UUID
    order_no: int
    status: str
    version: int


@dataclass(slots=True)
class Held:
    """An order and its lines, locked; `reason` is what was said of the command."""

    order: ServiceOrder
    lines: list[OrderLine]
    reason: str | None = None

    @property
    def status(self) -> OrderStatus:
        """Where the order stands."""
        return OrderStatus(self.order.status)

    def opened(self) -> list[OrderLine]:
        """Return the lines that are still to be done."""
        return [line for line in self.lines if line.status == LineStatus.ACTIVE]

    def close(self, lines: Collection[OrderLine], status: LineStatus) -> None:
        """End lines by this command."""
        for line in lines:
            line.status, line.closed_command = status, command_id()


def hold_order(order_id: UUID | int) -> Held:
    """Lock an order and read its lines. Raise NotFoundError; 2 statements."""
    order = hold(ServiceOrder, order_id)
    lines = db.session.execute(
        select(OrderLine)
        .where(OrderLine.order_id == order.id)
        .order_by(OrderLine.id)
        .execution_options(populate_existing=True)
    ).scalars()
    return Held(order, list(lines))


def begin(
    order_id: UUID,
    command: Command,
    *,
    version: int | None,
    rights: Collection[Permission],
    reason: str | None = None,
    by: Actor,
) -> Held:
    """Hold an order for a command of somebody: right, version, table, reason, in this order; its version rises.

    Any of the rights will do. Raise NotAllowedError, NotFoundError, VersionStaleError, TransitionRefusedError,
    InvalidError.
    """
    if not any(may(by, one) for one in rights):
        raise NotAllowedError(permission=str(min(rights)))
    held = hold_order(order_id)
    facts = Facts(unit=held.order.unit)
    if not any(may(by, one, facts) for one in rights):
        require(by, next(one for one in rights if may(by, one)), facts)
    check_version(held.order.version, version, status=held.order.status)
    way = check(command, held.status)
    if way.needs_reason:
        held.reason = rules.said(reason)
    held.order.version += 1
    return held


def settle(held: Held, command: Command, *, by: Actor) -> Done:
    """Write where the order stands now, tell of it, and who did it."""
    order = held.order
    after = status_after(command, held.status, [LineStatus(line.status) for line in held.lines])
    order.status = after
    order.closed_at = (order.closed_at or clock.utcnow()) if after in CLOSED else None
    order.revoked_reason = held.reason if after is OrderStatus.REVOKED else None
    touch(order)  # its lines are told with it, also where it stands as before
    tell(OrderMoved(order_id=order.public_id))
    record(command, order, reason=held.reason, by=by)
    return done(order)


def record(command: Command | str, order: ServiceOrder, *, reason: str | None = None, by: Actor) -> None:
    """Write who did what to an order, by patient."""
    audit.record(
        f"orders:order:{command}",
        by=by,
        patients=[order.patient_id],
        object_=f"order:{order.public_id}",
        reason=reason,
    )


def done(order: ServiceOrder) -> Done:
    """Return what a command answers."""
    return Done(
        order_id=order.public_id, order_no=order.order_no, status=str(order.status), version=order.version
    )
