"""What to do before a station and to mind after it: what its service says, and each item that was ordered for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from app.core.db import db
from app.journey.models import VisitStep
from app.orders.models import CatalogueItem, OrderLine
from app.orders.states import LineStatus
from app.queues.models import Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """The words of one station."""

    preparation_ko: str
    preparation_en: str
    after_care_ko: str
    after_care_en: str


FIELDS = tuple(Advice.__dataclass_fields__)


def advice_of(steps: Sequence[tuple[VisitStep, Service]]) -> Mapping[UUID, Advice]:
    """Return the advice of each step, the same words once; 1 statement where a step was ordered, else none."""
    ordered = [step.public_id for step, _ in steps if step.order_ref is not None]
    items: dict[UUID | None, list[CatalogueItem]] = {}
    if ordered:
        for step_ref, item in db.session.execute(
            select(OrderLine.step_ref, CatalogueItem)
            .join(CatalogueItem, CatalogueItem.id == OrderLine.item_id)
            .where(OrderLine.step_ref.in_(sorted(ordered)), OrderLine.status != LineStatus.REVOKED)
            .order_by(OrderLine.id)
        ):
            items.setdefault(step_ref, []).append(item)
    return {
        step.public_id: Advice(
            **{name: _told(name, service, items.get(step.public_id, ())) for name in FIELDS}
        )
        for step, service in steps
    }


def _told(name: str, service: Service, items: Sequence[CatalogueItem]) -> str:
    said = (getattr(one, name).strip() for one in (service, *items))
    return " ".join(dict.fromkeys(words for words in said if words))
