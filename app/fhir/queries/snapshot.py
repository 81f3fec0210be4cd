"""What a target that is new has to be told: everything of the last days, piece by piece, parents first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import or_, select

from app.core.db import db
from app.core.outbox import OutboxPromise, Promise, PromiseOutcome
from app.emr.models import Appointment, Patient
from app.fhir.models import Link
from app.fhir.rules import CONSUMER_PREFIX, Kind
from app.journey.models import Visit, VisitStep
from app.queues.models import QueueEntry, ServicePoint

MODELS: Final[dict[Kind, Any]] = {
    Kind.POINT: ServicePoint,
    Kind.PATIENT: Patient,
    Kind.APPOINTMENT: Appointment,
    Kind.VISIT: Visit,
    Kind.STEP: VisitStep,
    Kind.ENTRY: QueueEntry,
}


@dataclass(frozen=True, slots=True)
class Piece:
    """Some aggregates of one kind: `last` is the key to go on from, `untold` what the target must still hear.

    `skipped` are outbox rows that say just that already, and were left out when the type was not taken.
    """

    last: int
    seen: int
    untold: tuple[Promise, ...]
    skipped: tuple[int, ...]


def piece(target: str, kind: Kind, *, since_day: date, since: datetime, after: int, most: int) -> Piece:
    """Return the next `most` aggregates whose key is above `after`; 3 statements, 1 where there is none.

    Recent are all rooms; visits from `since_day` on and open ones, with their steps, entries and patients;
    bookings from `since` on, with theirs. Untold is what was neither delivered at its present seq
    nor promised; dead letters wait for a person.
    """
    model = MODELS[kind]
    rows = db.session.execute(
        select(model.id, model.public_id, model.seq)
        .where(model.id > after, *_is_recent(kind, since_day, since))
        .order_by(model.id)
        .limit(most)
    ).all()
    if not rows:
        return Piece(after, 0, (), ())
    promises = [Promise(str(kind), row.public_id, row.seq) for row in rows]
    told, skipped = _told(target, kind, {str(one.aggregate_id): one.seq for one in promises})
    return Piece(
        rows[-1].id,
        len(rows),
        tuple(
            one
            for one in promises
            if told.get(str(one.aggregate_id), -1) < one.seq and str(one.aggregate_id) not in skipped
        ),
        tuple(sorted(skipped.values())),
    )


def _told(target: str, kind: Kind, present: Mapping[str, int]) -> tuple[dict[str, int], dict[str, int]]:
    """Return up to which seq each was promised or delivered, and the rows whose present seq was left out."""
    found: dict[str, int] = {}
    skipped: dict[str, int] = {}
    promised = select(
        OutboxPromise.id, OutboxPromise.aggregate_id, OutboxPromise.seq, OutboxPromise.outcome
    ).where(
        OutboxPromise.consumer == f"{CONSUMER_PREFIX}{target}",
        OutboxPromise.kind == str(kind),
        OutboxPromise.aggregate_id.in_(present),
    )
    delivered = select(Link.aggregate_id, Link.delivered_seq).where(
        Link.target == target,
        Link.kind == str(kind),
        Link.aggregate_id.in_(present),
        Link.delivered_at.is_not(None),
    )
    for row in db.session.execute(promised):
        if row.outcome != PromiseOutcome.SKIPPED:
            found[row.aggregate_id] = max(row.seq, found.get(row.aggregate_id, -1))
        elif row.seq == present[row.aggregate_id]:
            skipped[row.aggregate_id] = row.id
    for aggregate_id, seq in db.session.execute(delivered):
        found[aggregate_id] = max(seq, found.get(aggregate_id, -1))
    return found, {one: key for one, key in skipped.items() if found.get(one, -1) < present[one]}


def _is_recent(kind: Kind, since_day: date, since: datetime) -> Sequence[Any]:
    visits = or_(Visit.business_date >= since_day, Visit.open_slot == 1)
    match kind:
        case Kind.PATIENT:
            seen = select(Visit.patient_id).where(visits)
            booked = select(Appointment.patient_id).where(Appointment.starts_at >= since)
            return [or_(Patient.id.in_(seen), Patient.id.in_(booked))]
        case Kind.APPOINTMENT:
            kept = select(Visit.appointment_id).where(visits, Visit.appointment_id.is_not(None))
            return [or_(Appointment.starts_at >= since, Appointment.id.in_(kept))]
        case Kind.VISIT:
            return [visits]
        case Kind.STEP:
            return [VisitStep.visit_id.in_(select(Visit.id).where(visits))]
        case Kind.ENTRY:
            return [QueueEntry.visit_id.in_(select(Visit.id).where(visits))]
    return []
