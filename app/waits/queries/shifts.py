"""The plan of staff as its administrator reads it."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select

from app.core import clock
from app.core.db import db
from app.core.errors import NotFoundError
from app.queues.models import Queue
from app.waits.models import ShiftPlan, ShiftRow
from app.waits.plans import Shift, shifts_on
from app.waits.queries.situations import planned_of

WEEKDAYS = range(7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A queue's week and the dates that differ, from today on; the version is what a form compares."""

    queue_id: UUID
    name_ko: str
    name_en: str
    version: int
    week: tuple[tuple[Shift, ...], ...]
    dates: tuple[tuple[date, tuple[Shift, ...]], ...]

    @property
    def is_empty(self) -> bool:
        """Whether nobody has planned anything: then all open rooms count as at work, all day."""
        return not any(self.week)


def plan(queue_id: UUID) -> Plan:
    """Return the plan of a queue; 2 statements. Raise NotFoundError."""
    head = db.session.execute(
        select(Queue.id, Queue.name_ko, Queue.name_en, ShiftPlan.version)
        .outerjoin(ShiftPlan, ShiftPlan.queue_id == Queue.id)
        .where(Queue.public_id == queue_id)
    ).one_or_none()
    if head is None:
        raise NotFoundError(kind="queue")
    rows = db.session.execute(select(ShiftRow).where(ShiftRow.queue_id == head.id)).scalars()
    planned = [planned_of(row) for row in rows]
    today = clock.local(clock.utcnow()).date()
    dates = sorted({one.on_date for one in planned if one.on_date is not None and one.on_date >= today})
    return Plan(
        queue_id=queue_id,
        name_ko=head.name_ko,
        name_en=head.name_en,
        version=head.version or 0,
        week=tuple(tuple(sorted(one.shift for one in planned if one.weekday == day)) for day in WEEKDAYS),
        dates=tuple((day, shifts_on(day, planned)) for day in dates),
    )


def unplanned() -> frozenset[UUID]:
    """Return the queues whose plan nobody has ever written; 1 statement."""
    chosen = (
        select(Queue.public_id)
        .outerjoin(ShiftPlan, ShiftPlan.queue_id == Queue.id)
        .where(ShiftPlan.queue_id.is_(None))
    )
    return frozenset(db.session.execute(chosen).scalars())
