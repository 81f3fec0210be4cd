"""Bills of visits that are over and not even: owed to the patient, or put off; found by the cashier."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, case, func, select

from app.accounts.roles import Permission, require
from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.emr.models import Patient
from app.journey.models import Visit
from app.journey.states import State
from app.orders.models import BillEntry
from app.orders.rules import EntryKind

LOOKS_BACK_DAYS = 90
MOST_ROWS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBill:
    """A visit that is over with a bill that is not even; `due_won` below zero is owed to the patient."""

    id: UUID
    patient_id: UUID
    day: date
    number: int | None
    name: str
    birth_year: int
    phone_last4: str
    due_won: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBills:
    """What is still to be settled, what is owed to patients first."""

    rows: tuple[OpenBill, ...]

    @property
    def discloses(self) -> tuple[UUID, ...]:
        """Return the patients that this value shows."""
        return tuple(dict.fromkeys(row.patient_id for row in self.rows))


def open_bills(*, by: Actor) -> OpenBills:
    """Return the bills of the last 90 days that are not even, though the visit is over; 1 statement."""
    require(by, Permission.PAY_VISIT)
    uneven = (
        select(BillEntry.visit_id, _left().label("due"))
        .join(Visit, Visit.public_id == BillEntry.visit_id)
        .where(
            Visit.state == State.FINISHED,
            Visit.business_date >= clock.today() - timedelta(days=LOOKS_BACK_DAYS),
        )
        .group_by(BillEntry.visit_id)
        .having(_left() != 0)
        .subquery()
    )
    rows = db.session.execute(
        select(Visit, Patient, uneven.c.due)
        .join(uneven, uneven.c.visit_id == Visit.public_id)
        .join(Patient, Patient.id == Visit.patient_id)
        .order_by(uneven.c.due > 0, Visit.business_date.desc(), Visit.id.desc())
        .limit(MOST_ROWS)
    ).all()
    return OpenBills(
        rows=tuple(
            OpenBill(
                id=visit.public_id,
                patient_id=patient.public_id,
                day=visit.business_date,
                number=visit.day_number,
                name=patient.name,
                birth_year=patient.birth_date.year,
                phone_last4=patient.phone_last4 or "",
                due_won=int(due),
            )
            for visit, patient, due in rows
        )
    )


def _left() -> ColumnElement[int]:
    """Return what is left of a group of entries, as `app.orders.rules.due` adds it up."""
    return func.sum(
        case((BillEntry.kind == EntryKind.CHARGE, BillEntry.amount_won), else_=-BillEntry.amount_won)
    )
