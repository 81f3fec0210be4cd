"""Orders and bills."""

from datetime import datetime
from uuid import UUID

from app.orders.rules import EntryKind, Method
from app.orders.states import LineStatus, OrderStatus, Priority
from app.web.api.shapes.base import Paged, Told, Versioned


class OrderLineShape(Told):
    """One ordered item; `step_id`: the visit's step that completes it, `location`: the shelf that keeps it."""

    id: UUID
    item: str
    name: str
    category: str
    quantity: int
    unit_price_won: int
    amount_won: int
    status: LineStatus
    step_id: UUID | None
    location: str | None


class OrderShape(Versioned):
    """An order; `version` is what a change names."""

    order_no: int
    patient_id: UUID
    visit_id: UUID | None
    status: OrderStatus
    priority: Priority
    note: str
    reason: str | None
    created_at: datetime
    closed_at: datetime | None
    lines: list[OrderLineShape]


class OrdersShape(Paged):
    """A page of orders, the newest first."""

    orders: list[OrderShape]


class BillLineShape(Told):
    """One entry of a bill; `item` is null for money, and for what the cashier charged by hand."""

    kind: EntryKind
    amount_won: int
    method: Method | None
    order_no: int | None
    item: str | None
    name: str | None
    at: datetime


class BillShape(Told):
    """What a visit costs; `due_won` below zero is owed to the patient."""

    visit_id: UUID
    charged_won: int
    refunded_won: int
    paid_won: int
    due_won: int
    lines: list[BillLineShape]
