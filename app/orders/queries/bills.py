"""A visit's bill: what was charged, taken off and paid, and what is due."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from app.accounts.roles import Facts, Permission, may, require
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFoundError
from app.orders.models import BillEntry, CatalogueItem, OrderLine, ServiceOrder
from app.orders.rules import EntryKind, Method, due


@dataclass(frozen=True, slots=True, kw_only=True)
class BillLine:
    """One entry; `code`, names and quantity are None for money, and for what the cashier charged by hand."""

    kind: EntryKind
    amount_won: int
    quantity: int | None
    method: Method | None
    order_no: int | None
    code: str | None
    name_ko: str | None
    name_en: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What a visit costs, in won; `due_won` below zero is owed to the patient."""

    visit_id: UUID
    patient_id: UUID | None
    lines: tuple[BillLine, ...]
    charged_won: int
    refunded_won: int
    paid_won: int
    due_won: int

    @property
    def discloses(self) -> tuple[UUID, ...]:
        """Return the patients that this value shows."""
        return () if self.patient_id is None else (self.patient_id,)


def bill(visit_id: UUID, *, is_near: bool = False, by: Actor) -> Bill:
    """Return a visit's bill, empty where nothing was charged; 1 statement.

    Raise NotFoundError where none of its orders is of the actor's unit. `is_near`: the actor has to do with the
    visit, whichever units have ordered for it.
    """
    require(by, Permission.SEE_ORDERS)
    rows = db.session.execute(
        select(BillEntry, ServiceOrder, CatalogueItem, OrderLine)
        .outerjoin(OrderLine, OrderLine.id == BillEntry.line_id)
        .outerjoin(ServiceOrder, ServiceOrder.id == OrderLine.order_id)
        .outerjoin(CatalogueItem, CatalogueItem.id == OrderLine.item_id)
        .where(BillEntry.visit_id == visit_id)
        .order_by(BillEntry.id)
    ).all()
    units = {order.unit for _, order, *_ in rows if order is not None}
    if units and not is_near and not any(may(by, Permission.SEE_ORDERS, Facts(unit=unit)) for unit in units):
        raise NotFoundError(kind="bill")
    lines = tuple(
        BillLine(
            kind=EntryKind(entry.kind),
            amount_won=entry.amount_won,
            quantity=_quantity(entry, line) if line is not None else None,
            method=Method(entry.method) if entry.method else None,
            order_no=order.order_no if order is not None else None,
            code=item.code if item is not None else None,
            name_ko=item.name_ko if item is not None else None,
            name_en=item.name_en if item is not None else None,
            at=entry.at,
        )
        for entry, order, item, line in rows
    )
    summed = {kind: sum(one.amount_won for one in lines if one.kind is kind) for kind in EntryKind}
    return Bill(
        visit_id=visit_id,
        patient_id=next((order.patient_id for _, order, *_ in rows if order is not None), None),
        lines=lines,
        charged_won=summed[EntryKind.CHARGE],
        refunded_won=summed[EntryKind.REFUND],
        paid_won=summed[EntryKind.PAYMENT],
        due_won=due((one.kind, one.amount_won) for one in lines),
    )


def _quantity(entry: BillEntry, line: OrderLine) -> int:
    """Return how many an entry is for: a line's price never changes, its quantity may have."""
    return entry.amount_won // line.unit_price_won if line.unit_price_won else line.quantity
