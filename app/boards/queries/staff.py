"""Lists and cards of the desk and the cashier; every list is whole and paged."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, select

from app.accounts.roles import Permission, require
from app.boards.queries.patient import MyVisit, my_visit
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFoundError
from app.emr.models import Patient
from app.journey.models import Visit, VisitStep
from app.journey.queries import is_of_today
from app.journey.states import Command, Disposition, State
from app.queues.models import Queue, Service
from app.waits import queries as waits
from app.waits.queries import Forecast

PAGE_ROWS = 50
AT_THE_DESK = (State.UNREGISTERED, State.ARRIVED, State.REGISTERED)
# Whoever left early has no bill of today, unless something was done before: `cashier.open_bills` lists that.
_MAY_BE_PAID = (Visit.state == State.PAYMENT) | (Visit.disposition == Disposition.COMPLETED)


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitRow:
    """A visit as the desk and the cashier list it, with two identifiers."""

    id: UUID
    patient_id: UUID
    version: int
    state: State
    number: int | None
    name: str
    birth_year: int
    phone_last4: str
    expected_at: datetime | None
    arrived_at: datetime | None
    sees_desk_first: bool
    is_merged: bool
    services_ko: str
    services_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskList:
    """Today's visits that the desk can help with."""

    rows: tuple[VisitRow, ...]
    total: int
    page: int
    pages: int
    search: str
    mark: str

    @property
    def discloses(self) -> tuple[UUID, ...]:
        """Return the patients that this value shows."""
        return tuple(row.patient_id for row in self.rows)


CashierList = DeskList


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitCard:
    """One visit at the desk or the cashier: who it is, by two identifiers, and where it stands."""

    row: VisitRow
    birth_date: date
    visit: MyVisit
    lines: tuple["OpenLine", ...] = ()

    @property
    def discloses(self) -> tuple[UUID, ...]:
        """Return the patient that this value shows."""
        return (self.row.patient_id,)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenLine:
    """A line that a patient may join now, with what somebody is told who joins."""

    id: UUID
    name_ko: str
    name_en: str
    forecast: Forecast


def desk_list(*, search: str = "", page: int = 1, by: Actor) -> DeskList:
    """Return today's visits up to the line, those in the house first; a search finds all of today; 3 statements."""
    require(by, Permission.EDIT_DEMOGRAPHICS)
    return _list(tuple(State) if search.strip() else AT_THE_DESK, search=search, page=page)


def cashier_list(*, search: str = "", page: int = 1, by: Actor) -> CashierList:
    """Return who waits to pay; a search finds those who have paid today as well; 3 statements."""
    require(by, Permission.PAY_VISIT)
    if not search.strip():
        return _list((State.PAYMENT,), page=page)
    return _list((State.PAYMENT, State.FINISHED), _MAY_BE_PAID, search=search, page=page)


def visit_card(visit_id: UUID, *, by: Actor) -> VisitCard:
    """Return one visit for the desk; at most 13 statements. Raise NotFoundError."""
    require(by, Permission.EDIT_DEMOGRAPHICS)
    card = _card(visit_id, Visit.public_id == visit_id, by=by)
    if Command.JOIN not in card.visit.offers_at_desk:
        return card
    return replace(card, lines=_lines_for(card.visit.ready_services))


def bill(visit_id: UUID, *, by: Actor) -> VisitCard:
    """Return one visit for the cashier: it waits to pay, was settled today, or is not even; 12 statements at most."""
    require(by, Permission.PAY_VISIT)
    return _card(visit_id, Visit.public_id == visit_id, by=by)


def _card(visit_id: UUID, *wanted: ColumnElement[bool], by: Actor) -> VisitCard:
    found = db.session.execute(
        select(Visit, Patient).join(Patient, Patient.id == Visit.patient_id).where(*wanted)
    ).one_or_none()
    if found is None:
        raise NotFoundError(kind="visit")
    visit, patient = found
    return VisitCard(
        row=visit_row(visit, patient, services_of([visit.id]).get(visit.id, [])),
        birth_date=patient.birth_date,
        visit=my_visit(visit_id, by=by),
    )


def _lines_for(services: Collection[str]) -> tuple[OpenLine, ...]:
    """Return the open lines of some services with what a newcomer is told; 4 statements."""
    names = {
        row.id: row
        for row in db.session.execute(
            select(Queue.id, Queue.public_id, Queue.name_ko, Queue.name_en)
            .join(Service, Service.id == Queue.service_id)
            .where(Service.code.in_(services), Queue.is_open)
        )
    }
    found = waits.situations(Queue.id.in_(sorted(names)))
    return tuple(
        OpenLine(
            id=names[key].public_id,
            name_ko=names[key].name_ko,
            name_en=names[key].name_en,
            forecast=now.forecast(now.waiting),
        )
        for key, now in sorted(found.items())
    )


def desk_mark(*, by: Actor) -> str:
    """Return what changes when the desk's list does, and shows nobody; 1 statement."""
    require(by, Permission.BOOK_VISIT)
    return _mark(AT_THE_DESK)[1]


def cashier_mark(*, by: Actor) -> str:
    """Return what changes when the cashier's list does, and shows nobody; 1 statement."""
    require(by, Permission.PAY_VISIT)
    return _mark((State.PAYMENT,))[1]


def _mark(states: tuple[State, ...]) -> tuple[int, str]:
    """Count a list and mark it: every move of a visit raises its seq or takes it off the list."""
    # The ids as well: one who leaves and one who comes may have moved equally often.
    total, seqs, ids = db.session.execute(
        select(
            func.count(Visit.id), func.coalesce(func.sum(Visit.seq), 0), func.coalesce(func.sum(Visit.id), 0)
        ).where(is_of_today(), Visit.state.in_(states))
    ).one()
    return total, f"{total}-{seqs}-{ids}"


def _list(
    states: tuple[State, ...], *conditions: ColumnElement[bool], search: str = "", page: int
) -> DeskList:
    wanted = [is_of_today(), Visit.state.in_(states), *conditions]
    if text := search.strip():
        number = int(text) if text.isascii() and text.isdecimal() else -1
        # Four digits may be the end of a phone number as well as a ticket.
        wanted.append(
            Patient.name.contains(text, autoescape=True)
            | (Patient.phone_last4 == text[:4])
            | (Visit.day_number == number)
        )
    base = select(Visit, Patient).join(Patient, Patient.id == Visit.patient_id).where(*wanted)
    if text:
        total, mark = db.session.execute(base.with_only_columns(func.count(Visit.id))).scalar_one(), ""
    else:
        total, mark = _mark(states)
    rows = db.session.execute(
        base.order_by(Visit.arrived_at.is_(None), Visit.arrived_at, Visit.expected_at, Visit.id)
        .limit(PAGE_ROWS)
        .offset((page - 1) * PAGE_ROWS)
    ).all()
    services = services_of([visit.id for visit, _ in rows])
    return DeskList(
        rows=tuple(visit_row(visit, patient, services.get(visit.id, [])) for visit, patient in rows),
        total=total,
        page=page,
        pages=max(1, -(-total // PAGE_ROWS)),
        search=search,
        mark=mark,
    )


def services_of(visit_ids: Collection[int]) -> dict[int, list[tuple[str, str]]]:
    """Return the names of the services planned for each visit, in their order."""
    services: dict[int, list[tuple[str, str]]] = {}
    for visit_id, name_ko, name_en in db.session.execute(
        select(VisitStep.visit_id, Service.name_ko, Service.name_en)
        .join(Service, Service.id == VisitStep.service_id)
        .where(VisitStep.visit_id.in_(visit_ids))
        .order_by(VisitStep.visit_id, VisitStep.ordinal)
    ):
        services.setdefault(visit_id, []).append((name_ko, name_en))
    return services


def visit_row(visit: Visit, patient: Patient, services: Collection[tuple[str, str]]) -> VisitRow:
    """Return a visit as a list of the desk shows it."""
    return VisitRow(
        id=visit.public_id,
        patient_id=patient.public_id,
        version=visit.version,
        state=State(visit.state),
        number=visit.day_number,
        name=patient.name,
        birth_year=patient.birth_date.year,
        phone_last4=patient.phone_last4 or "",
        expected_at=visit.expected_at,
        arrived_at=visit.arrived_at,
        sees_desk_first=patient.sees_desk_first,
        is_merged=patient.replaced_by_id is not None,
        services_ko=" → ".join(name for name, _ in services),
        services_en=" → ".join(name for _, name in services),
    )
