"""Planning who is at work: the week of a queue, and the dates that differ."""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import delete

from app.accounts.roles import Permission, require
from app.core import audit, clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import InvalidError
from app.core.locking import check_version
from app.core.transaction import promise, transactional
from app.queues import services as queues
from app.waits.models import ShiftPlan, ShiftRow
from app.waits.plans import Shift, check_day

WEEKDAYS = 7
FURTHEST_DAYS = 400


@transactional
def set_week(queue_id: UUID, week: Sequence[Sequence[Shift]], *, version: int | None, by: Actor) -> int:
    """Plan a queue's week, Monday first; the posted version (0: nothing planned yet) is compared. Return the new one.

    An empty week means that nobody plans: all open rooms count as at work, all day.
    """
    require(by, Permission.MANAGE_QUEUES)
    if len(week) != WEEKDAYS:
        raise InvalidError(field="shifts", why="week", days=len(week))
    for day, shifts in enumerate(week):
        check_day(shifts, day=day)
    plan = _hold(queue_id, version)
    db.session.execute(
        delete(ShiftRow).where(ShiftRow.queue_id == plan.queue_id, ShiftRow.weekday.is_not(None))
    )
    for weekday, shifts in enumerate(week):
        _add(plan, shifts, weekday=weekday)
    return _changed(queue_id, plan, by=by)


@transactional
def set_date(queue_id: UUID, day: date, shifts: Sequence[Shift], *, version: int | None, by: Actor) -> int:
    """Plan one date, which then beats its weekday; without shifts the date is as its weekday. Return the new version.

    Nobody at work on a date: one shift of no staff.
    """
    require(by, Permission.MANAGE_QUEUES)
    today = clock.local(clock.utcnow()).date()
    if day < today:
        raise InvalidError(field="on_date", why="past")
    if day > today + timedelta(days=FURTHEST_DAYS):
        raise InvalidError(field="on_date", why="too_far")
    check_day(shifts)
    plan = _hold(queue_id, version)
    db.session.execute(delete(ShiftRow).where(ShiftRow.queue_id == plan.queue_id, ShiftRow.on_date == day))
    _add(plan, shifts, on_date=day)
    return _changed(queue_id, plan, by=by, day=day)


def _hold(queue_id: UUID, version: int | None) -> ShiftPlan:
    """Hold the queue, then its plan, and compare what the form had seen."""
    queue = queues.hold_queue(queue_id)
    plan = db.session.get(ShiftPlan, queue.id, populate_existing=True)
    check_version(plan.version if plan else 0, version)
    if plan is None:
        plan = ShiftPlan(queue_id=queue.id, version=0)
        db.session.add(plan)
    promise(queue, "queue.update")
    return plan


def _add(
    plan: ShiftPlan, shifts: Sequence[Shift], *, weekday: int | None = None, on_date: date | None = None
) -> None:
    db.session.add_all(
        ShiftRow(
            queue_id=plan.queue_id,
            weekday=weekday,
            on_date=on_date,
            begins=one.begins,
            ends=one.ends,
            staff=one.staff,
        )
        for one in sorted(shifts)
    )


def _changed(queue_id: UUID, plan: ShiftPlan, *, by: Actor, day: date | None = None) -> int:
    yesterday = clock.local(clock.utcnow()).date() - timedelta(days=1)
    db.session.execute(
        delete(ShiftRow).where(ShiftRow.queue_id == plan.queue_id, ShiftRow.on_date < yesterday)
    )
    plan.version += 1
    details = {"date": day.isoformat()} if day else None
    audit.record("waits:shifts:set", by=by, object_=f"queue:{queue_id}", details=details)
    return plan.version
