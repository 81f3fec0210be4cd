"""An order is placed: numbered, kept from the shelves and billed, all of it or nothing."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from sqlalchemy import Table, case, select, update
from sqlalchemy.exc import IntegrityError

from app.accounts.roles import Facts, Permission, require
from app.core import clock
from app.core.actor import Actor
from app.core.counting import raise_by_one
from app.core.db import db
from app.core.errors import InvalidError, TransitionRefusedError
from app.core.idempotency import command
from app.core.transaction import command_id, now_or_never, savepoint, tell
from app.orders import rules
from app.orders.events import OrderPlaced
from app.orders.models import CatalogueItem, OrderCounter, OrderLine, ServiceOrder
from app.orders.rules import LONGEST_NOTE, Wanted
from app.orders.services import billing, shelves
from app.orders.services.catalogue import items_of, wanted_of
from app.orders.services.holding import Done, Held, begin, hold_order, record, settle
from app.orders.states import Command, LineStatus, OrderStatus, Priority


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """What placing an order answers, also when it is repeated; `services`: what its lines need of the visit."""

    order_id: UUID
    order_no: int
    status: str
    version: int
    services: tuple[str, ...] = ()


@command
def place(
    *,
    patient_id: UUID,
    visit_id: UUID | None,
    unit: UUID | None,
    items: Sequence[Wanted] = (),
    sets: Collection[str] = (),
    priority: str = Priority.ROUTINE,
    note: str = "",
    order_no: int | None = None,
    is_draft: bool = False,
    by: Actor,
) -> Placed:
    """Place an order of several items, by themselves or by sets: a number of the visit, stock kept, charges billed.

    A draft keeps and costs nothing, and needs no visit. `order_no`: the number that the caller knows it by, once per
    visit. Whoever moves the visit calls this inside that; lock order is number, shelves. Raise InvalidError,
    InsufficientStockError naming what lacks, TransitionRefusedError for a number that is taken.
    """
    require(by, Permission.CREATE_ORDER, Facts(unit=unit))
    if visit_id is None and not is_draft:
        raise InvalidError(field="visit_id", why="missing")
    chosen = rules.check_priority(priority)
    wanted = wanted_of(items, sets)
    found = items_of([one.item for one in wanted])
    order = ServiceOrder(
        order_no=number(visit_id or patient_id, order_no),
        patient_id=patient_id,
        visit_id=visit_id,
        status=OrderStatus.DRAFT if is_draft else OrderStatus.ACTIVE,
        priority=chosen,
        ordered_by=by.id,
        unit=unit,
        note=note.strip()[:LONGEST_NOTE],
        command_id=command_id(),
        created_at=clock.utcnow(),
        version=1,
    )
    try:
        with savepoint():
            db.session.add(order)
    except IntegrityError as error:
        now_or_never(error, "order_no")
        raise TransitionRefusedError(command="place", why="order_exists", order_no=order_no) from error
    lines = [
        OrderLine(
            order_id=order.id,
            item_id=found[one.item].id,
            quantity=one.quantity,
            unit_price_won=found[one.item].price_won,
            status=LineStatus.ACTIVE,
        )
        for one in wanted
    ]
    db.session.add_all(lines)
    db.session.flush()
    held = Held(order, lines)
    if not is_draft:
        _take_effect(held, by=by)
    tell(OrderPlaced(order_id=order.public_id))
    record("place", order, by=by)
    services = rules.services_of([found[one.item].service_code for one in wanted])
    return Placed(
        order_id=order.public_id,
        order_no=order.order_no,
        status=str(order.status),
        version=order.version,
        services=() if is_draft else services,
    )


@command
def activate(order_id: UUID, *, version: int | None, visit_id: UUID | None = None, by: Actor) -> Done:
    """Let a draft take effect: kept from the shelves and billed at today's prices; one without a visit gets its own.

    Raise InvalidError where an item was withdrawn meanwhile, InsufficientStockError.
    """
    held = begin(order_id, Command.ACTIVATE, version=version, rights=[Permission.CREATE_ORDER], by=by)
    order = held.order
    if visit_id is not None and order.visit_id not in {None, visit_id}:
        raise InvalidError(field="visit_id", why="other")
    if order.visit_id is None:
        if visit_id is None:
            raise InvalidError(field="visit_id", why="missing")
        order.order_no, order.visit_id = number(visit_id), visit_id
    items = _items(held)
    if withdrawn := sorted(item.code for item in items.values() if not item.is_active):
        raise InvalidError(field="items", why="withdrawn", items=withdrawn)
    for line in held.lines:
        line.unit_price_won = items[line.item_id].price_won
    db.session.flush()
    _take_effect(held, by=by)
    return settle(held, Command.ACTIVATE, by=by)


def services_of_order(order_id: UUID) -> tuple[str, ...]:
    """Return the services that a draft's lines would need of the visit; without a lock, 1 statement."""
    rows = db.session.execute(
        select(CatalogueItem.service_code)
        .join(OrderLine, OrderLine.item_id == CatalogueItem.id)
        .join(ServiceOrder, ServiceOrder.id == OrderLine.order_id)
        .where(ServiceOrder.public_id == order_id, OrderLine.status == LineStatus.ACTIVE)
        .order_by(OrderLine.id)
    )
    return rules.services_of(list(rows.scalars()))


def bind_steps(order_id: UUID, steps: Mapping[str, UUID]) -> None:
    """Let lines know the visit's steps that serve them: service to step; the caller has placed it just now."""
    held = hold_order(order_id)
    items = _items(held)
    for line in held.opened():
        line.step_ref = steps.get(items[line.item_id].service_code or "")


def number(owner: UUID, said: int | None = None) -> int:
    """Return the next order number of a visit (of a patient while there is none), or the one that the caller said."""
    if said is not None:
        rules.check_quantity(said, most=rules.MOST_ON_A_SHELF)
    table = cast("Table", OrderCounter.__table__)
    counter = table.c.owner == owner
    if said is not None:
        raised = (
            update(table).where(counter).values(last=case((table.c.last < said, said), else_=table.c.last))
        )
        if db.session.connection().execute(raised).rowcount:
            return said
    elif (given := raise_by_one(db.session(), table, "last", counter)) is not None:
        return given
    try:
        with savepoint():
            db.session.add(OrderCounter(owner=owner, last=said or 0))
    except IntegrityError:
        pass  # the first two orders came together; the row is there now
    if said is not None:
        return said
    given = raise_by_one(db.session(), table, "last", counter)
    if given is None:
        raise LookupError(f"no counter for {owner}")
    return given


def _take_effect(held: Held, *, by: Actor) -> None:
    shelves.reserve(held.lines, by=by)
    billing.charge(held.order, [(line, line.amount_won) for line in held.lines], by=by)


def _items(held: Held) -> dict[int, CatalogueItem]:
    rows = db.session.execute(
        select(CatalogueItem)
        .where(CatalogueItem.id.in_([line.item_id for line in held.lines]))
        .execution_options(populate_existing=True)
    ).scalars()
    return {item.id: item for item in rows}
