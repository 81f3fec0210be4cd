"""Whose orders they are follows whose visit it is: two records made one, and parted again."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select

from app.core import audit
from app.core.actor import Actor
from app.core.db import db
from app.core.transaction import transactional
from app.orders.models import ServiceOrder


@transactional
def follow_visits(visits: Collection[UUID], *, patient_id: UUID, by: Actor) -> int:
    """Let the orders of visits be of the patient whose the visits now are; return how many were not.

    Whoever calls holds the visits, and so nobody orders for them meanwhile. No form posts whose an order is: its
    version stands. Partners are told, as of every change of an order.
    """
    if not visits:
        return 0
    rows = db.session.execute(
        select(ServiceOrder)
        .where(ServiceOrder.visit_id.in_(sorted(visits)), ServiceOrder.patient_id != patient_id)
        .order_by(ServiceOrder.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalars()
    moved = list(rows)
    for order in moved:
        both = (order.patient_id, patient_id)
        order.patient_id = patient_id
        audit.record("orders:order:hand-over", by=by, patients=both, object_=f"order:{order.public_id}")
    return len(moved)
