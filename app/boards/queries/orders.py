"""Orders of a visit and of a patient as staff see them, and what moves the page of a visit's orders."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ScalarSelect, func, select

from app.accounts.models import Staff
from app.accounts.roles import Permission, may, require
from app.boards.queries.order_cards import OrderCard, cards_of
from app.boards.queries.relations import has_record_open, has_to_do_with
from app.core.actor import Actor
from app.core.audit import AuditRow
from app.core.db import db
from app.core.errors import NotFoundError
from app.emr.models import Patient
from app.journey.models import Visit
from app.journey.states import State
from app.orders import queries as orders
from app.orders.models import ServiceOrder
from app.orders.queries import Order
from app.orders.states import OPEN
from app.queues.models import Queue, QueueEntry

OF_A_RECORD = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitOrders:
    """The orders of one visit; `line_*`: the line in which the patient waits, empty where in none."""

    visit_id: UUID
    seq: int
    patient_id: UUID
    name: str
    birth_date: date
    number: int | None
    state: State
    line_ko: str
    line_en: str
    orders: tuple[OrderCard, ...]
    may_order: bool

    @property
    def discloses(self) -> tuple[UUID, ...]:
        """Return the patient that this value shows."""
        return (self.patient_id,)

    @property
    def topic(self) -> str:
        """Return the topic that moves this page."""
        return f"orders:{self.visit_id}"

    @property
    def is_about_to_pay(self) -> bool:
        """Whether an examination that is ordered now sends the patient back to wait."""
        return self.state is State.PAYMENT


@dataclass(frozen=True, slots=True, kw_only=True)
class LastChange:
    """Who has moved an order last, and when."""

    by_name: str
    at: datetime | None


def visit_orders(visit_id: UUID, *, by: Actor, is_granted: bool = False) -> VisitOrders:
    """Return a visit with its orders, the newest first; at most 6 statements, however many orders there are.

    `is_granted`: the hub, which has looked at the door whether the reader has to do with the visit. Raise
    NotFoundError for somebody else's patient.
    """
    require(by, Permission.SEE_ORDERS)
    found = db.session.execute(
        select(Visit, Patient, Queue.name_ko, Queue.name_en, _versions())
        .join(Patient, Patient.id == Visit.patient_id)
        .outerjoin(QueueEntry, (QueueEntry.visit_id == Visit.id) & (QueueEntry.active_slot == 1))
        .outerjoin(Queue, Queue.id == QueueEntry.queue_id)
        .where(Visit.public_id == visit_id)
    ).one_or_none()
    if found is None:
        raise NotFoundError(kind="visit")
    visit, patient, line_ko, line_en, versions = found
    is_near = is_granted or has_to_do_with(visit, by=by)
    if not is_near and not has_record_open(patient.public_id, by=by):
        raise NotFoundError(kind="visit")
    return VisitOrders(
        visit_id=visit_id,
        seq=visit.seq + int(versions),
        patient_id=patient.public_id,
        name=patient.name,
        birth_date=patient.birth_date,
        number=visit.day_number,
        state=State(visit.state),
        line_ko=line_ko or "",
        line_en=line_en or "",
        orders=cards_of(orders.orders_of_visit(visit_id, is_near=True, by=by).orders, by=by)[::-1],
        may_order=is_near and may(by, Permission.CREATE_ORDER) and visit.state != State.FINISHED,
    )


def patient_orders(patient_id: UUID, *, by: Actor) -> tuple[tuple[OrderCard, ...], int]:
    """Return the newest orders of all visits to whom the record was opened, and how many there are; 5 statements."""
    if not may(by, Permission.SEE_ORDERS):
        return (), 0
    found = orders.orders_page(patient_id=patient_id, is_near=True, per_page=OF_A_RECORD, by=by)
    return cards_of(found.rows, by=by), found.total


def order_card(order_id: UUID, *, by: Actor) -> tuple[VisitOrders, OrderCard]:
    """Return one order of a visit with it; at most 7 statements. Raise NotFoundError, for another unit's too."""
    require(by, Permission.SEE_ORDERS)
    visit_id = db.session.execute(
        select(ServiceOrder.visit_id).where(ServiceOrder.public_id == order_id)
    ).scalar_one_or_none()
    if visit_id is None:
        raise NotFoundError(kind="order")
    board = visit_orders(visit_id, by=by)
    card = next((one for one in board.orders if one.order.order_id == order_id), None)
    if card is None:
        raise NotFoundError(kind="order")
    return board, card


def last_change(order: Order) -> LastChange:
    """Return who has moved an order last, as the audit says; 1 statement by the patient's rows."""
    row = db.session.execute(
        select(AuditRow.at, Staff.name)
        .outerjoin(Staff, Staff.public_id == AuditRow.actor_id)
        .where(
            AuditRow.patient == order.patient_id,
            AuditRow.object == f"order:{order.order_id}",
            AuditRow.action.startswith("orders:order:"),
        )
        .order_by(AuditRow.id.desc())
        .limit(1)
    ).one_or_none()
    return LastChange(by_name=(row.name or "") if row else "", at=row.at if row else None)


def open_orders(visit_id: UUID) -> int:
    """Count a visit's orders of which something is still to come; 1 statement."""
    return db.session.execute(
        select(func.count(ServiceOrder.id)).where(
            ServiceOrder.visit_id == visit_id, ServiceOrder.status.in_(sorted(OPEN))
        )
    ).scalar_one()


def order_seqs(visits: Collection[UUID]) -> dict[UUID, int]:
    """Return what rises whenever a visit or one of its orders moves, by visit; 1 statement."""
    versions = (
        select(func.coalesce(func.sum(ServiceOrder.version), 0))
        .where(ServiceOrder.visit_id == Visit.public_id)
        .scalar_subquery()
    )
    rows = db.session.execute(select(Visit.public_id, Visit.seq, versions).where(Visit.public_id.in_(visits)))
    return {row[0]: row[1] + int(row[2]) for row in rows}


def visit_of_order(order_id: UUID) -> tuple[UUID, int] | None:
    """Return the visit whose orders have moved and how far they are now, None where there is none; 2 statements."""
    visit_id = db.session.execute(
        select(ServiceOrder.visit_id).where(ServiceOrder.public_id == order_id)
    ).scalar_one_or_none()
    moved = None if visit_id is None else order_seqs([visit_id]).get(visit_id)
    return None if visit_id is None or moved is None else (visit_id, moved)


def _versions() -> ScalarSelect[int]:
    """Return the sum of the versions of a visit's orders, each of which only rises."""
    return (
        select(func.coalesce(func.sum(ServiceOrder.version), 0))
        .where(ServiceOrder.visit_id == Visit.public_id)
        .scalar_subquery()
    )
