"""Tables of orders: the catalogue, the orders, the shelves, the bill. Patients and visits by their public ids alone."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.audit import ONLY_GROWS
from app.core.db import AsciiKey, BigId, Identified, Model, Projected, Versioned
from app.orders.states import LineStatus, OrderStatus, Priority


class CatalogueItem(Identified, Versioned, Model):
    """What can be ordered, and its price; `service_code` names the service whose step it needs, if any."""

    __tablename__ = "catalogue_item"
    __table_args__ = (
        CheckConstraint("category IN ('lab','imaging','procedure','medication','supply')", name="category"),
        CheckConstraint("price_won >= 0", name="price_won"),
        Model.__table_args__,
    )

    code: Mapped[str] = mapped_column(AsciiKey(32), unique=True)
    category: Mapped[str] = mapped_column(AsciiKey(12))
    name_ko: Mapped[str] = mapped_column(String(80))
    name_en: Mapped[str] = mapped_column(String(80))
    service_code: Mapped[str | None] = mapped_column(AsciiKey(32))
    preparation_ko: Mapped[str] = mapped_column(Text, default="")
    preparation_en: Mapped[str] = mapped_column(Text, default="")
    after_care_ko: Mapped[str] = mapped_column(Text, default="")
    after_care_en: Mapped[str] = mapped_column(Text, default="")
    price_won: Mapped[int] = mapped_column(BigInteger)
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)


class OrderSet(Identified, Versioned, Model):
    """Items that are ordered together under one name (FHIR PlanDefinition, order-set)."""

    __tablename__ = "order_set"

    code: Mapped[str] = mapped_column(AsciiKey(32), unique=True)
    name_ko: Mapped[str] = mapped_column(String(80))
    name_en: Mapped[str] = mapped_column(String(80))


class OrderSetItem(Model):
    """One item of a set."""

    __tablename__ = "order_set_item"
    __table_args__ = (CheckConstraint("quantity > 0", name="quantity"), Model.__table_args__)

    set_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("order_set.id"), primary_key=True)
    item_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("catalogue_item.id"), primary_key=True)
    quantity: Mapped[int] = mapped_column(Integer)


class OrderCounter(Model):
    """The last number given to an order of one visit (of one patient, while there is no visit)."""

    __tablename__ = "order_counter"

    owner: Mapped[UUID] = mapped_column(Uuid(), primary_key=True)
    last: Mapped[int] = mapped_column(Integer, default=0)


class ServiceOrder(Projected, Versioned, Model):
    """An order with its lines (FHIR ServiceRequest); numbered per visit, so that no order is doubled."""

    __tablename__ = "service_order"
    __table_args__ = (
        UniqueConstraint("visit_id", "order_no"),
        Index("ix_service_order_patient", "patient_id", "created_at"),  # a patient's orders
        Index("ix_service_order_status", "status", "created_at"),  # what is to be done
        CheckConstraint("status IN ('draft','active','on-hold','completed','revoked')", name="status"),
        CheckConstraint("priority IN ('routine','urgent','asap','stat')", name="priority"),
        CheckConstraint("visit_id IS NOT NULL OR status IN ('draft','revoked')", name="active_has_visit"),
        CheckConstraint("(status IN ('completed','revoked')) = (closed_at IS NOT NULL)", name="closed_at"),
        Model.__table_args__,
    )
    topic_kind = "order"
    projected = frozenset({"status", "priority", "note", "visit_id", "patient_id"})

    order_no: Mapped[int] = mapped_column(Integer)
    patient_id: Mapped[UUID] = mapped_column(Uuid())
    visit_id: Mapped[UUID | None] = mapped_column(Uuid())
    status: Mapped[str] = mapped_column(AsciiKey(12), default=OrderStatus.DRAFT)
    priority: Mapped[str] = mapped_column(AsciiKey(8), default=Priority.ROUTINE)
    ordered_by: Mapped[UUID | None] = mapped_column(Uuid())
    unit: Mapped[UUID | None] = mapped_column(Uuid())  # accounts' unit, by its public id
    note: Mapped[str] = mapped_column(String(500), default="")
    revoked_reason: Mapped[str | None] = mapped_column(String(300))
    command_id: Mapped[UUID] = mapped_column(Uuid())  # what placed it, for an undo of it
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class OrderLine(Identified, Model):
    """One item of an order, at the price of that day; `stock_id`: the shelf that keeps it for the patient."""

    __tablename__ = "order_line"
    __table_args__ = (
        UniqueConstraint("order_id", "item_id"),
        Index("ix_order_line_step", "step_ref"),  # what a finished step means
        Index("ix_order_line_shelf", "stock_id", "status"),  # what is to be handed out
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("unit_price_won >= 0", name="unit_price_won"),
        CheckConstraint("status IN ('active','completed','revoked')", name="status"),
        CheckConstraint("(status = 'active') = (closed_command IS NULL)", name="closed_by_a_command"),
        Model.__table_args__,
    )

    order_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("service_order.id"))
    item_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("catalogue_item.id"))
    quantity: Mapped[int] = mapped_column(Integer)
    unit_price_won: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(AsciiKey(12), default=LineStatus.ACTIVE)
    step_ref: Mapped[UUID | None] = mapped_column(Uuid())  # the visit's step, by its public id
    stock_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("stock.id"))
    closed_command: Mapped[UUID | None] = mapped_column(Uuid())

    @property
    def amount_won(self) -> int:
        """What the line costs."""
        return self.quantity * self.unit_price_won


class Stock(Identified, Versioned, Model):
    """What lies on one shelf of one item, and how much of it is promised; changed by conditional UPDATE alone."""

    __tablename__ = "stock"
    __table_args__ = (
        UniqueConstraint("item_id", "location"),
        CheckConstraint("on_hand >= 0", name="on_hand"),
        CheckConstraint("reserved >= 0", name="reserved"),
        CheckConstraint("reserved <= on_hand", name="reserved_lies_there"),
        CheckConstraint("reorder_point >= 0", name="reorder_point"),
        Model.__table_args__,
    )

    item_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("catalogue_item.id"))
    location: Mapped[str] = mapped_column(AsciiKey(48))
    on_hand: Mapped[int] = mapped_column(Integer, default=0)
    reserved: Mapped[int] = mapped_column(Integer, default=0)
    reorder_point: Mapped[int] = mapped_column(Integer, default=0)


class StockMovement(Model):
    """What happened on a shelf; only ever added, and their sum is the shelf."""

    __tablename__ = "stock_movement"
    __table_args__ = (
        Index("ix_stock_movement_stock", "stock_id", "id"),  # the shelf's history
        CheckConstraint("kind IN ('receive','reserve','release','issue','adjust','count')", name="kind"),
        CheckConstraint("quantity > 0 OR kind IN ('adjust','count')", name="quantity"),
        {**Model.__table_args__, "info": ONLY_GROWS},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    stock_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("stock.id"))
    kind: Mapped[str] = mapped_column(AsciiKey(8))
    quantity: Mapped[int] = mapped_column(Integer)
    line_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("order_line.id"))
    actor_id: Mapped[UUID | None] = mapped_column(Uuid())
    actor_role: Mapped[str] = mapped_column(AsciiKey(24))
    reason: Mapped[str | None] = mapped_column(String(300))
    command_id: Mapped[UUID] = mapped_column(Uuid())
    at: Mapped[datetime]


class BillEntry(Model):
    """One line of a visit's bill; only ever added, and their sum is what is due.

    `part` is the order's version at that moment: a line is charged once for each.
    """

    __tablename__ = "bill_entry"
    __table_args__ = (
        UniqueConstraint("line_id", "kind", "part"),
        Index("ix_bill_entry_visit", "visit_id", "id"),  # the bill
        CheckConstraint("kind IN ('charge','refund','payment')", name="kind"),
        CheckConstraint("amount_won >= 0 OR kind = 'payment'", name="amount_won"),
        CheckConstraint("(method IS NOT NULL) = (kind = 'payment')", name="payment_has_method"),
        CheckConstraint("(line_id IS NULL) = (part IS NULL)", name="line_has_part"),
        {**Model.__table_args__, "info": ONLY_GROWS},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    visit_id: Mapped[UUID] = mapped_column(Uuid())
    kind: Mapped[str] = mapped_column(AsciiKey(8))
    line_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("order_line.id"))
    part: Mapped[int | None] = mapped_column(Integer)
    amount_won: Mapped[int] = mapped_column(BigInteger)
    method: Mapped[str | None] = mapped_column(AsciiKey(12))
    command_id: Mapped[UUID] = mapped_column(Uuid())
    actor_id: Mapped[UUID | None] = mapped_column(Uuid())
    actor_role: Mapped[str] = mapped_column(AsciiKey(24))
    at: Mapped[datetime]
