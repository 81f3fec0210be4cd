"""Who went home otherwise than served, or was closed with the day: what the desk looks at next morning."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select

from app.accounts.roles import Permission, require
from app.boards.queries.staff import PAGE_ROWS, VisitRow, services_of, visit_row
from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.emr.models import Patient
from app.journey.models import FlowEvent, Visit
from app.journey.states import Disposition, State

BY_DAY_CLOSE = frozenset({Disposition.ADMIN_CLOSE, Disposition.NO_SHOW_VISIT})
# A clock that was off for days closes them late: the list looks back by when it was closed, within a week.
OLDEST_DAYS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedVisit:
    """A visit that ended otherwise than by being served: how, when, and where it stood before."""

    row: VisitRow
    how: Disposition
    closed_at: datetime | None
    business_date: date
    stood: State

    @property
    def is_by_day_close(self) -> bool:
        """Whether nobody decided it: the day was over."""
        return self.how in BY_DAY_CLOSE


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedList:
    """Visits of today and yesterday that ended early, or were closed with the day."""

    rows: tuple[EndedVisit, ...]
    total: int
    page: int
    pages: int

    @property
    def discloses(self) -> tuple[UUID, ...]:
        """Return the patients that this value shows."""
        return tuple(one.row.patient_id for one in self.rows)


def ended_visits(*, page: int = 1, by: Actor) -> EndedList:
    """Return who left, cancelled or was closed with the day since yesterday, the newest first; 3 statements."""
    require(by, Permission.BOOK_VISIT)
    today = clock.today()
    since, _ = clock.day_bounds(today - timedelta(days=1))
    wanted = (
        Visit.business_date >= today - timedelta(days=OLDEST_DAYS),
        Visit.state == State.FINISHED,
        Visit.disposition != Disposition.COMPLETED,
        Visit.closed_at >= since,
    )
    total = db.session.execute(select(func.count(Visit.id)).where(*wanted)).scalar_one()
    rows = db.session.execute(
        select(Visit, Patient, FlowEvent.from_state)
        .join(Patient, Patient.id == Visit.patient_id)
        .join(FlowEvent, (FlowEvent.visit_id == Visit.id) & (FlowEvent.seq == Visit.history_length))
        .where(*wanted)
        .order_by(Visit.closed_at.desc(), Visit.id.desc())
        .limit(PAGE_ROWS)
        .offset((page - 1) * PAGE_ROWS)
    ).all()
    services = services_of([visit.id for visit, _, _ in rows])
    return EndedList(
        rows=tuple(
            EndedVisit(
                row=visit_row(visit, patient, services.get(visit.id, [])),
                how=Disposition(str(visit.disposition)),
                closed_at=visit.closed_at,
                business_date=visit.business_date,
                stood=State(stood),
            )
            for visit, patient, stood in rows
        ),
        total=total,
        page=page,
        pages=max(1, -(-total // PAGE_ROWS)),
    )
