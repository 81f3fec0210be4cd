"""What the auditor reads: who did or saw what, by day, person and deed; patients stay ids."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select

from app.accounts.models import Staff
from app.accounts.roles import Permission, require
from app.core import clock
from app.core.actor import Actor
from app.core.audit import AuditRow
from app.core.db import db

TRAIL_ROWS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLine:
    """One line of the audit; `patient` only where exactly one was concerned."""

    at: datetime
    kind: str
    role: str
    username: str | None
    name: str | None
    action: str
    patient: UUID | None
    patients: int
    object: str | None
    reason: str | None
    outcome: str
    ip: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """A page of the audit, newest first."""

    lines: tuple[AuditLine, ...]
    number: int
    has_more: bool


def audit_trail(
    *, since: date | None, until: date | None, who: str, action: str, number: int = 1, by: Actor
) -> Trail:
    """Return a page of the audit between two business days; 1 statement along the index of time.

    `who` is a user name, a role or a kind of actor; `action` the beginning of a deed's name.
    """
    require(by, Permission.SEE_AUDIT)
    wanted: list[ColumnElement[bool]] = []
    if since is not None:
        wanted.append(AuditRow.at >= clock.day_bounds(since)[0])
    if until is not None:
        wanted.append(AuditRow.at < clock.day_bounds(until)[1])
    if who:
        wanted.append(or_(Staff.username == who, AuditRow.role == who, AuditRow.actor_kind == who))
    if action:
        wanted.append(AuditRow.action.startswith(action, autoescape=True))
    rows = db.session.execute(
        select(
            AuditRow.at,
            AuditRow.actor_kind.label("kind"),
            AuditRow.role,
            Staff.username,
            Staff.name,
            AuditRow.action,
            AuditRow.patient,
            AuditRow.patients,
            AuditRow.object,
            AuditRow.reason,
            AuditRow.outcome,
            AuditRow.ip,
        )
        .outerjoin(Staff, Staff.public_id == AuditRow.actor_id)
        .where(*wanted)
        .order_by(AuditRow.at.desc(), AuditRow.id.desc())
        .limit(TRAIL_ROWS + 1)
        .offset((number - 1) * TRAIL_ROWS)
    ).all()
    lines = tuple(AuditLine(**row._asdict()) for row in rows[:TRAIL_ROWS])
    return Trail(lines=lines, number=number, has_more=len(rows) > TRAIL_ROWS)
