"""Two records of one person, made one at the desk: bookings and who is expected go along, and come back."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from app.accounts.roles import Permission, require
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import InvalidError
from app.core.idempotency import command
from app.core.transaction import promise
from app.emr import services as emr
from app.imaging import services as imaging
from app.journey.models import Visit
from app.journey.services.following import hand_over
from app.journey.states import State
from app.orders import services as orders


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordsMerged:
    """Whose record it is now."""

    patient_id: UUID


@command
def merge_records(
    patient_id: UUID, *, into: UUID, reason: str, confirm: Collection[str] = (), by: Actor
) -> RecordsMerged:
    """Let a duplicate lead to the record that lives on, for a reason; return the latter.

    Who has come already stays under the record that desk, slip and ward know, with a hint. Raise InvalidError, and
    ConfirmationNeededError where name or birth date differ: two people's records made one harm both.
    """
    require(by, Permission.MERGE_PATIENTS)
    if not reason.strip():
        raise InvalidError(field="reason", why="missing")
    if patient_id == into:
        raise InvalidError(field="mrn", why="circle")
    lives_on = emr.check_alike(patient_id, into=into, confirm=confirm)
    if emr.merge_patient(patient_id, into=lives_on, reason=reason, by=by):
        hand_over(patient_id, into=lives_on, by=by)
    return RecordsMerged(patient_id=lives_on)


@command
def undo_merge(merge_id: UUID, *, reason: str, by: Actor) -> RecordsMerged:
    """Part two records again as the trail says; return the one that was the duplicate.

    Whoever has arrived since under the surviving record stays there.
    """
    trail = emr.undo_merge(merge_id, reason=reason, by=by)
    old, new = emr.known(trail.patient_id), emr.known(trail.into)
    rows = db.session.execute(
        select(Visit)
        .where(
            Visit.public_id.in_(trail.moved.get(Visit.__tablename__, ())),
            Visit.patient_id == new.id,
            Visit.state == State.UNREGISTERED,
        )
        .order_by(Visit.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalars()
    parted = list(rows)
    for visit in parted:
        visit.patient_id = old.id
        visit.version += 1
        promise(visit, "visit.expected")
    orders.follow_visits([visit.public_id for visit in parted], patient_id=trail.patient_id, by=by)
    imaging.give_back(trail, by=by)
    return RecordsMerged(patient_id=trail.patient_id)
