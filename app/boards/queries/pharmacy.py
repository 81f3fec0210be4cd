"""At the pharmacy's counter: what waits to be handed out, and to whom."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import func, select

from app.accounts.roles import Permission, require
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFoundError
from app.emr.models import Patient
from app.emr.rules import masked
from app.journey.models import Visit
from app.orders import queries as orders
from app.orders.models import CatalogueItem, OrderLine, ServiceOrder, Stock
from app.orders.queries import Line, Order
from app.orders.states import LineStatus, OrderStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An order of which something waits on a shelf; the list shows nobody's whole name."""

    order: Order
    number: int | None
    masked_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOutList:
    """What waits to be handed out; `low`: how many shelves want to be filled."""

    rows: tuple[Waiting, ...]
    low: int
    mark: str

    @property
    def discloses(self) -> tuple[UUID, ...]:
        """Return the patients that this value shows."""
        return tuple(dict.fromkeys(row.order.patient_id for row in self.rows))


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOut:
    """One order as it is handed out: to whom, by name and birth date, and what of it lies ready."""

    order: Order
    number: int | None
    name: str
    birth_date: date
    phone_last4: str

    @property
    def discloses(self) -> tuple[UUID, ...]:
        """Return the patient that this value shows."""
        return (self.order.patient_id,)

    @property
    def ready(self) -> tuple[Line, ...]:
        """Return the lines that may be handed out now."""
        return tuple(line for line in self._open if line.location is not None and line.step_id is None)

    @property
    def is_all_ready(self) -> bool:
        """Whether everything that is open of the order may be handed out at once."""
        return len(self.ready) == len(self._open) > 1

    @property
    def _open(self) -> tuple[Line, ...]:
        if self.order.status is not OrderStatus.ACTIVE:
            return ()
        return tuple(line for line in self.order.lines if line.status is LineStatus.ACTIVE)


def hand_out_list(*, by: Actor) -> HandOutList:
    """Return what waits to be handed out, the most urgent first; 4 statements, however long it is."""
    found = orders.to_hand_out(by=by).orders
    numbers = _numbers({one.visit_id for one in found if one.visit_id is not None})
    names = {
        row.public_id: row.name
        for row in db.session.execute(
            select(Patient.public_id, Patient.name).where(
                Patient.public_id.in_(sorted({one.patient_id for one in found}))
            )
        )
    }
    low, mark = _mark()
    return HandOutList(
        rows=tuple(
            Waiting(
                order=one,
                number=numbers.get(one.visit_id) if one.visit_id else None,
                masked_name=masked(names[one.patient_id]),
            )
            for one in found
            if one.patient_id in names
        ),
        low=low,
        mark=mark,
    )


def hand_out_mark(*, by: Actor) -> str:
    """Return what changes when the list does, and shows nobody; 1 statement."""
    require(by, Permission.FULFIL_ORDER)
    return _mark()[1]


def hand_out(order_id: UUID, *, by: Actor) -> HandOut:
    """Return one order with the patient's two identifiers; 2 statements. Raise NotFoundError."""
    require(by, Permission.FULFIL_ORDER)
    one = orders.order(order_id, by=by)
    row = db.session.execute(
        select(Patient.name, Patient.birth_date, Patient.phone_last4, Visit.day_number)
        .outerjoin(Visit, Visit.public_id == one.visit_id)
        .where(Patient.public_id == one.patient_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError(kind="patient")
    return HandOut(
        order=one,
        number=row.day_number,
        name=row.name,
        birth_date=row.birth_date,
        phone_last4=row.phone_last4 or "",
    )


def _mark() -> tuple[int, str]:
    """Count the low shelves, and mark the list: every order that comes, moves or ends changes it."""
    low = (
        select(func.count(Stock.id))
        .join(CatalogueItem, CatalogueItem.id == Stock.item_id)
        .where(Stock.on_hand - Stock.reserved <= Stock.reorder_point, CatalogueItem.is_active)
        .scalar_subquery()
    )
    many, versions, ids, few = db.session.execute(
        select(
            func.count(OrderLine.id),
            func.coalesce(func.sum(ServiceOrder.version), 0),
            func.coalesce(func.sum(OrderLine.id), 0),
            low,
        )
        .join(ServiceOrder, ServiceOrder.id == OrderLine.order_id)
        .where(
            ServiceOrder.status == OrderStatus.ACTIVE,
            OrderLine.status == LineStatus.ACTIVE,
            OrderLine.stock_id.is_not(None),
        )
    ).one()
    return few, f"{many}-{versions}-{ids}-{few}"


def _numbers(visits: Collection[UUID]) -> dict[UUID, int]:
    rows = db.session.execute(
        select(Visit.public_id, Visit.day_number).where(Visit.public_id.in_(sorted(visits)))
    )
    return {row.public_id: row.day_number for row in rows if row.day_number is not None}
