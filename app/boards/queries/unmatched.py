"""Studies that are nobody's yet, and whose one may be: for whoever looks at the papers and decides."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, func, select

from app.accounts.roles import Permission, require
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFoundError
from app.emr.models import Patient
from app.imaging.models import Instance, Series, Study
from app.imaging.rules import UNMATCHED_SENTENCES, Unmatched, orders_by_accession
from app.orders.models import CatalogueItem, OrderLine, ServiceOrder
from app.orders.states import OrderStatus

ON_A_PAGE: Final = 50
MOST_ORDERS: Final = 20
LONGEST_NUMBER: Final = 64
IMAGING: Final = "imaging"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmatchedStudy:
    """A study without an owner, and what its pictures say; `why` is a stored reason."""

    study_id: UUID
    modality: str
    body_part: str
    description: str
    study_date: date | None
    received_at: datetime
    pictures: int
    said_patient_id: str
    said_issuer: str
    accession_number: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmatchedList:
    """One page of them, the newest first."""

    rows: tuple[UnmatchedStudy, ...]
    page: int
    pages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagingOrder:
    """An order of pictures of the patient; `is_named`: the study's own pictures name it."""

    order_id: UUID
    status: OrderStatus
    created_at: datetime
    items_ko: str
    items_en: str
    is_named: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Whose a study may be: what is compared with the paper, and the orders it may belong to."""

    patient_id: UUID
    mrn: str
    name: str
    birth_date: date
    gender: str | None
    orders: tuple[ImagingOrder, ...]

    @property
    def discloses(self) -> tuple[UUID, ...]:
        """Return the patients that this value shows."""
        return (self.patient_id,)


def unmatched_list(*, page: int = 1, by: Actor) -> UnmatchedList:
    """Return the studies that nobody owns yet; 2 statements."""
    require(by, Permission.UPLOAD_IMAGES)
    total = db.session.execute(select(func.count(Study.id)).where(Study.patient_id.is_(None))).scalar_one()
    pages = max(1, -(-total // ON_A_PAGE))
    page = min(page, pages)
    rows = db.session.execute(
        _unmatched()
        .order_by(Study.received_at.desc(), Study.id.desc())
        .limit(ON_A_PAGE)
        .offset((page - 1) * ON_A_PAGE)
    )
    return UnmatchedList(rows=tuple(_row(*row) for row in rows), page=page, pages=pages)


def unmatched_study(study_id: UUID, *, by: Actor) -> UnmatchedStudy:
    """Return one of them; 1 statement. Raise NotFoundError, also for one that has an owner meanwhile."""
    require(by, Permission.UPLOAD_IMAGES)
    row = db.session.execute(_unmatched().where(Study.public_id == study_id)).one_or_none()
    if row is None:
        raise NotFoundError(kind="study")
    return _row(*row)


def owner_by_number(number: str, study: UnmatchedStudy, *, by: Actor) -> Owner | None:
    """Return the living record with this number, and its orders of pictures; 2 statements."""
    require(by, Permission.UPLOAD_IMAGES)
    found = db.session.execute(
        select(Patient).where(
            Patient.mrn == number.strip()[:LONGEST_NUMBER], Patient.replaced_by_id.is_(None)
        )
    ).scalar_one_or_none()
    if found is None:
        return None
    return Owner(
        patient_id=found.public_id,
        mrn=found.mrn,
        name=found.name,
        birth_date=found.birth_date,
        gender=found.gender,
        orders=_orders(found.public_id, study.accession_number),
    )


def _unmatched() -> Select[*tuple[Any, ...]]:
    return (
        select(Study, func.count(Instance.id))
        .join(Series, Series.study_id == Study.id)
        .join(Instance, Instance.series_id == Series.id)
        .where(Study.patient_id.is_(None))
        .group_by(Study.id)
    )


def _row(study: Study, pictures: int) -> UnmatchedStudy:
    return UnmatchedStudy(
        study_id=study.public_id,
        modality=study.modality,
        body_part=study.body_part,
        description=study.description,
        study_date=study.study_date,
        received_at=study.received_at,
        pictures=pictures,
        said_patient_id=study.said_patient_id,
        said_issuer=study.said_issuer,
        accession_number=study.accession_number,
        why=UNMATCHED_SENTENCES[Unmatched(str(study.unmatched))],
    )


def _orders(patient_id: UUID, accession_number: str) -> tuple[ImagingOrder, ...]:
    """Return the newest orders that hold an examination with pictures; their names come joined."""
    rows = db.session.execute(
        select(ServiceOrder, CatalogueItem.name_ko, CatalogueItem.name_en)
        .join(OrderLine, OrderLine.order_id == ServiceOrder.id)
        .join(CatalogueItem, CatalogueItem.id == OrderLine.item_id)
        .where(
            ServiceOrder.patient_id == patient_id,
            CatalogueItem.category == IMAGING,
            ServiceOrder.status.in_((OrderStatus.ACTIVE, OrderStatus.ON_HOLD, OrderStatus.COMPLETED)),
        )
        .order_by(ServiceOrder.created_at.desc(), ServiceOrder.id.desc(), OrderLine.id)
        .limit(MOST_ORDERS)
    ).all()
    named = orders_by_accession(accession_number)
    names: dict[int, list[tuple[str, str]]] = {}
    orders: dict[int, ServiceOrder] = {}
    for order, ko, en in rows:
        orders[order.id] = order
        names.setdefault(order.id, []).append((ko, en))
    return tuple(
        ImagingOrder(
            order_id=order.public_id,
            status=OrderStatus(order.status),
            created_at=order.created_at,
            items_ko=", ".join(ko for ko, _ in names[order.id]),
            items_en=", ".join(en for _, en in names[order.id]),
            is_named=named is not None and named[0] <= order.public_id <= named[1],
        )
        for order in orders.values()
    )
