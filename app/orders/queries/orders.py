"""Orders as screens show them: of a visit, of a patient, and what waits to be handed out."""

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import case, select

from app.accounts.roles import Facts, Permission, may, require
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFoundError
from app.orders.models import CatalogueItem, OrderLine, ServiceOrder, Stock
from app.orders.states import LineStatus, OrderStatus, Priority

MOST_LINES = 500
FIRST = (Priority.STAT, Priority.ASAP, Priority.URGENT, Priority.ROUTINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line; `location`: the shelf that keeps it, `step_id`: the visit's step that completes it.

    What to do before and to mind after it stands with it, as the catalogue says today.
    """

    line_id: UUID
    code: str
    category: str
    name_ko: str
    name_en: str
    quantity: int
    unit_price_won: int
    status: LineStatus
    step_id: UUID | None
    location: str | None
    preparation_ko: str
    preparation_en: str
    after_care_ko: str
    after_care_en: str

    @property
    def amount_won(self) -> int:
        """What the line costs."""
        return self.quantity * self.unit_price_won


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order; `version` is what a form posts."""

    order_id: UUID
    order_no: int
    patient_id: UUID
    visit_id: UUID | None
    status: OrderStatus
    priority: Priority
    unit: UUID | None
    ordered_by: UUID | None
    note: str
    revoked_reason: str | None
    created_at: datetime
    closed_at: datetime | None
    version: int
    lines: tuple[Line, ...]

    @property
    def discloses(self) -> tuple[UUID, ...]:
        """Return the patients that this value shows."""
        return (self.patient_id,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """Several orders."""

    orders: tuple[Order, ...]

    @property
    def discloses(self) -> tuple[UUID, ...]:
        """Return the patients that this value shows."""
        return tuple(dict.fromkeys(one.patient_id for one in self.orders))


def order(order_id: UUID, *, is_near: bool = False, by: Actor) -> Order:
    """Return one order. `is_near`: the actor has to do with the patient, so another unit's is shown too.

    Raise NotFoundError, else for another unit's too; 1 statement.
    """
    require(by, Permission.SEE_ORDERS)
    found = _read(ServiceOrder.public_id == order_id, is_near=is_near, by=by).orders
    if not found:
        raise NotFoundError(kind="order")
    return found[0]


def orders_of_visit(visit_id: UUID, *, is_near: bool = False, by: Actor) -> Orders:
    """Return the orders of a visit that the actor may see, as they were placed; 1 statement."""
    require(by, Permission.SEE_ORDERS)
    return _read(ServiceOrder.visit_id == visit_id, is_near=is_near, by=by)


def to_hand_out(*, by: Actor) -> Orders:
    """Return what a shelf keeps for patients: the most urgent first, then the oldest; 1 statement."""
    require(by, Permission.FULFIL_ORDER)
    return _read(
        ServiceOrder.status == OrderStatus.ACTIVE,
        OrderLine.status == LineStatus.ACTIVE,
        OrderLine.stock_id.is_not(None),
        order_by=(
            case({str(one): place for place, one in enumerate(FIRST)}, value=ServiceOrder.priority),
            ServiceOrder.created_at,
        ),
        by=by,
    )


def _read(*wanted: Any, is_near: bool = False, order_by: tuple[Any, ...] = (), by: Actor) -> Orders:
    rows = db.session.execute(
        select(ServiceOrder, OrderLine, CatalogueItem, Stock.location)
        .join(OrderLine, OrderLine.order_id == ServiceOrder.id)
        .join(CatalogueItem, CatalogueItem.id == OrderLine.item_id)
        .outerjoin(Stock, Stock.id == OrderLine.stock_id)
        .where(*wanted)
        .order_by(*order_by, ServiceOrder.id, OrderLine.id)
        .limit(MOST_LINES)
    ).all()
    return Orders(
        orders=tuple(
            order_of(one, [line_of(*row[1:]) for row in lines])
            for one, lines in groupby(rows, key=lambda row: row[0])
            if is_near or may(by, Permission.SEE_ORDERS, Facts(unit=one.unit))
        )
    )


def line_of(line: OrderLine, of: CatalogueItem, location: str | None) -> Line:
    """Return a line as it is shown."""
    return Line(
        line_id=line.public_id,
        code=of.code,
        category=of.category,
        name_ko=of.name_ko,
        name_en=of.name_en,
        quantity=line.quantity,
        unit_price_won=line.unit_price_won,
        status=LineStatus(line.status),
        step_id=line.step_ref,
        location=location,
        preparation_ko=of.preparation_ko,
        preparation_en=of.preparation_en,
        after_care_ko=of.after_care_ko,
        after_care_en=of.after_care_en,
    )


def order_of(one: ServiceOrder, lines: list[Line]) -> Order:
    """Return an order as it is shown."""
    return Order(
        order_id=one.public_id,
        order_no=one.order_no,
        patient_id=one.patient_id,
        visit_id=one.visit_id,
        status=OrderStatus(one.status),
        priority=Priority(one.priority),
        unit=one.unit,
        ordered_by=one.ordered_by,
        note=one.note,
        revoked_reason=one.revoked_reason,
        created_at=one.created_at,
        closed_at=one.closed_at,
        version=one.version,
        lines=tuple(lines),
    )
