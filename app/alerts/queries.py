"""What may be read of alerts: the kiosk's own call, the month's report, and what services look up. No names."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.accounts.models import Device, Staff, Unit
from app.alerts.models import Alert
from app.alerts.rules import Facts, Kind, Measured, Outcome, Post, State, Told, measured, state_of
from app.core import clock
from app.core.db import db
from app.core.errors import InvalidError, NotFoundError
from app.queues.models import Queue, QueueEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRow:
    """One kind of alert at one place in one month; `unit_…` None: the reception's."""

    kind: Kind
    priority: int
    owner: Post
    unit_code: str | None
    unit_ko: str | None
    unit_en: str | None
    measured: Measured


@dataclass(frozen=True, slots=True, kw_only=True)
class LastLine:
    """The line in which a visit stood last: whose it is, and which class staff had given."""

    queue_id: int
    unit: UUID
    priority_class: int


def help_state(alert_id: UUID) -> State:
    """Return how a kiosk's call for help stands; ended where it is gone; 1 statement."""
    row = db.session.execute(
        select(
            Alert.kind,
            Alert.raised_at,
            Alert.taken_at,
            Alert.snoozed_until,
            Alert.escalated_at,
            Alert.ended_at,
        ).where(Alert.public_id == alert_id, Alert.kind == Kind.KIOSK_HELP)
    ).one_or_none()
    if row is None:
        return State.ENDED
    return state_of(Facts(**{**row._asdict(), "kind": Kind(row.kind)}), clock.utcnow())


def report(month: str | None = None) -> tuple[ReportRow, ...]:
    """Return what came of a month's alerts, by kind and unit; `month` as 2026-11, else the present one; 1 statement.

    A month of the hospital's days. Raise InvalidError for no month.
    """
    first, following = month_bounds(month)
    begin, _ = clock.day_bounds(first)
    end, _ = clock.day_bounds(following)
    found: dict[tuple[str, int, str, tuple[str | None, ...]], list[Told]] = {}
    for row in db.session.execute(_of(Alert.raised_at >= begin, Alert.raised_at < end)):
        key = (row.kind, row.priority, row.owner, (row.code, row.name_ko, row.name_en))
        found.setdefault(key, []).append(_told(row))
    return tuple(
        ReportRow(
            kind=Kind(kind),
            priority=priority,
            owner=Post(owner),
            unit_code=unit[0],
            unit_ko=unit[1],
            unit_en=unit[2],
            measured=measured(told),
        )
        for (kind, priority, owner, unit), told in sorted(
            found.items(), key=lambda one: (one[0][1], one[0][0], one[0][3][0] or "")
        )
    )


def month_bounds(month: str | None) -> tuple[date, date]:
    """Return the first day of a month and of the one after. Raise InvalidError."""
    try:
        first = date.fromisoformat(f"{month}-01") if month else clock.today().replace(day=1)
        return first, date(first.year + first.month // 12, first.month % 12 + 1, 1)
    except ValueError as error:
        raise InvalidError(field="month", why="month") from error


def last_line(visit_row: int) -> LastLine | None:
    """Return the line in which a visit stands or stood last; 1 statement."""
    row = db.session.execute(
        select(QueueEntry.queue_id, Queue.unit, QueueEntry.priority_class)
        .join(Queue, Queue.id == QueueEntry.queue_id)
        .where(QueueEntry.visit_id == visit_row)
        .order_by(QueueEntry.id.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else LastLine(**row._asdict())


def device_row(device_id: UUID | None) -> int:
    """Return the key of a device's row. Raise NotFoundError."""
    found = db.session.execute(select(Device.id).where(Device.public_id == device_id)).scalar_one_or_none()
    if found is None:
        raise NotFoundError(kind="device")
    return found


def taker(staff_id: UUID | None) -> str | None:
    """Return who has taken an alert, for the colleague who came second; 1 statement."""
    if staff_id is None:
        return None
    return db.session.execute(select(Staff.name).where(Staff.public_id == staff_id)).scalar_one_or_none()


def _of(*wanted: Any) -> Any:
    return (
        select(
            Alert.kind,
            Alert.priority,
            Alert.owner,
            Alert.outcome,
            Alert.raised_at,
            Alert.taken_at,
            Alert.escalated_at,
            Unit.code,
            Unit.name_ko,
            Unit.name_en,
        )
        .outerjoin(Unit, Unit.public_id == Alert.unit)
        .where(*wanted)
    )


def _told(row: Any) -> Told:
    taken = None if row.taken_at is None else (row.taken_at - row.raised_at).total_seconds() / 60
    return Told(
        outcome=Outcome(row.outcome) if row.outcome else None,
        minutes_to_take=taken,
        is_escalated=row.escalated_at is not None,
    )
