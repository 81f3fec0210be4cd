"""Orders and bills as partners read them: of a visit, of a patient, one; somebody else's is not found."""

from uuid import UUID

from sqlalchemy import select

from app.accounts.roles import DRIVERS, Permission, require
from app.boards.queries.relations import has_record_open, has_to_do_with
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFoundError
from app.emr import queries as emr
from app.emr.models import Patient
from app.journey.models import Visit
from app.orders import queries as orders
from app.orders.models import ServiceOrder
from app.orders.queries import Bill, Order, Page


def visit_page(visit_id: UUID, *, page: int, per_page: int, by: Actor) -> Page[Order]:
    """Return a page of a visit's orders; 5 statements. Raise NotFoundError for somebody else's patient."""
    require(by, Permission.SEE_ORDERS)
    is_near = _is_near(visit_id, by=by)
    found = orders.orders_page(visit_id=visit_id, is_near=is_near, page=page, per_page=per_page, by=by)
    if not is_near and not found.total:
        raise NotFoundError(kind="visit")
    return found


def patient_page(patient_id: UUID, *, page: int, per_page: int, by: Actor) -> Page[Order]:
    """Return a page of a patient's orders of all visits; 5 statements. Raise NotFoundError for somebody else's."""
    require(by, Permission.SEE_ORDERS)
    known = select(Patient.id).where(Patient.public_id == patient_id)
    if db.session.execute(known).scalar_one_or_none() is None:
        raise NotFoundError(kind="patient")
    emr.check_reach(patient_id, by=by)
    return orders.orders_page(patient_id=patient_id, is_near=True, page=page, per_page=per_page, by=by)


def one_order(order_id: UUID, *, by: Actor) -> Order:
    """Return one order; 4 statements. Raise NotFoundError for another unit's of a patient of others."""
    require(by, Permission.SEE_ORDERS)
    visit_id = db.session.execute(
        select(ServiceOrder.visit_id).where(ServiceOrder.public_id == order_id)
    ).scalar_one_or_none()
    is_near = visit_id is not None and _is_near(visit_id, by=by)
    return orders.order(order_id, is_near=is_near, by=by)


def visit_bill(visit_id: UUID, *, by: Actor) -> Bill:
    """Return a visit's bill; 3 statements. Raise NotFoundError for somebody else's."""
    require(by, Permission.SEE_ORDERS)
    if not _is_near(visit_id, by=by):
        raise NotFoundError(kind="visit")
    return orders.bill(visit_id, is_near=True, by=by)


def _is_near(visit_id: UUID, *, by: Actor) -> bool:
    """Whether all orders of a visit are open to the actor, as on its page. Raise NotFoundError where none can be.

    A unit to which they are not may still have ordered for it, and sees its own.
    """
    found = db.session.execute(
        select(Visit, Patient.public_id)
        .join(Patient, Patient.id == Visit.patient_id)
        .where(Visit.public_id == visit_id)
    ).one_or_none()
    if found is None:
        raise NotFoundError(kind="visit")
    visit, patient_id = found
    if has_to_do_with(visit, by=by) or has_record_open(patient_id, by=by):
        return True
    if by.role not in DRIVERS:
        raise NotFoundError(kind="visit")
    return False
