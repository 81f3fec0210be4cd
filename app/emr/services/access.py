"""An emergency is declared here: sixty minutes with a record of another unit, for a reason that others read."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from app.accounts.roles import Permission, require
from app.core import audit, clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import InvalidError, NotFoundError
from app.core.transaction import transactional
from app.emr.models import EmergencyAccess, Patient
from app.emr.rules import EMERGENCY_MINUTES

SHORTEST_REASON, LONGEST_REASON = 5, 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """Whose record is open, and until when."""

    access_id: UUID
    patient_id: UUID
    until: datetime


@transactional
def declare_emergency(mrn: str, *, reason: str, by: Actor) -> Opened:
    """Open one record to this reader for an hour, named whole by its number. Raise InvalidError, NotFoundError."""
    require(by, Permission.OPEN_EMERGENCY)
    why = " ".join(reason.split())
    if not SHORTEST_REASON <= len(why) <= LONGEST_REASON:
        raise InvalidError(field="reason", why="missing" if len(why) < SHORTEST_REASON else "length")
    if by.id is None:
        raise NotFoundError(kind="staff")
    row = db.session.execute(
        select(Patient.id, Patient.public_id).where(Patient.mrn == mrn.strip())
    ).one_or_none()
    if row is None:
        raise InvalidError(field="mrn", why="unknown")
    now = clock.utcnow()
    access = EmergencyAccess(
        patient_id=row.id,
        staff_id=by.id,
        reason=why,
        begun_at=now,
        until=now + timedelta(minutes=EMERGENCY_MINUTES),
    )
    db.session.add(access)
    db.session.flush()
    audit.record("emr:patient:emergency", by=by, patients=[row.public_id], reason=why)
    return Opened(access_id=access.public_id, patient_id=row.public_id, until=access.until)
