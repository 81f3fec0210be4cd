"""Orders as they leave the house: the order, how its visit ended, and its lines."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import select

from app.core.db import db
from app.fhir.mappers.order import LineFacts, OrderFacts
from app.journey.models import Visit
from app.orders.models import CatalogueItem, OrderLine, ServiceOrder


def orders_of(ids: Sequence[UUID]) -> Iterable[OrderFacts]:
    """Return those of these orders that are there; 2 statements."""
    rows = db.session.execute(
        select(
            ServiceOrder.id.label("row_id"),
            ServiceOrder.public_id.label("id"),
            ServiceOrder.seq,
            ServiceOrder.patient_id,
            ServiceOrder.visit_id,
            Visit.disposition.label("visit_disposition"),
            ServiceOrder.status,
            ServiceOrder.priority,
            ServiceOrder.ordered_by,
            ServiceOrder.note,
            ServiceOrder.created_at,
        )
        .outerjoin(Visit, Visit.public_id == ServiceOrder.visit_id)
        .where(ServiceOrder.public_id.in_(ids))
    ).all()
    lines = _lines([row.row_id for row in rows])
    return [
        OrderFacts(
            **{name: value for name, value in row._asdict().items() if name != "row_id"},
            lines=tuple(lines.get(row.row_id, ())),
        )
        for row in rows
    ]


def _lines(order_ids: Sequence[int]) -> dict[int, list[LineFacts]]:
    """Return the lines of orders, as they were written."""
    found: dict[int, list[LineFacts]] = {}
    for row in db.session.execute(
        select(
            OrderLine.order_id,
            CatalogueItem.code,
            CatalogueItem.name_ko,
            CatalogueItem.category,
            OrderLine.quantity,
            OrderLine.status,
        )
        .join(CatalogueItem, CatalogueItem.id == OrderLine.item_id)
        .where(OrderLine.order_id.in_(order_ids))
        .order_by(OrderLine.id)
    ):
        found.setdefault(row.order_id, []).append(
            LineFacts(
                item_code=row.code,
                item_name=row.name_ko,
                category=row.category,
                quantity=row.quantity,
                status=row.status,
            )
        )
    return found
