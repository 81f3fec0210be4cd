"""What a target that is new has to be told: everything of the last days, piece by piece, parents first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import and_, or_, select

from app.core.db import db
from app.core.outbox import OutboxPromise, Promise, PromiseOutcome, PromiseStatus
from app.emr.models import Appointment, Patient
from app.fhir.models import Link
from app.fhir.queries.pictures import HOLDS
from app.fhir.rules import CONSUMER_PREFIX, Kind
from app.imaging.models import InferenceResult, Report, Study
from app.journey.models import Visit, VisitStep
from app.orders.models import ServiceOrder
from app.queues.models import QueueEntry, ServicePoint

MODELS: Final[dict[Kind, Any]] = {
    Kind.POINT: ServicePoint,
    Kind.PATIENT: Patient,
    Kind.APPOINTMENT: Appointment,
    Kind.VISIT: Visit,
    Kind.ORDER: ServiceOrder,
    Kind.STEP: VisitStep,
    Kind.ENTRY: QueueEntry,
    Kind.STUDY: Study,
    Kind.RESULT: InferenceResult,
    Kind.REPORT: Report,
}


@dataclass(frozen=True, slots=True)
class Piece:
    """Some aggregates of one kind: `last` is the key to go on from, `untold` what the target must still hear.

    `ended` are outbox rows that say just that, and are to be delivered after all: their type was not taken then, or
    the target has lost what they brought.
    """

    last: int
    seen: int
    untold: tuple[Promise, ...]
    ended: tuple[int, ...]


def piece(
    target: str,
    kind: Kind,
    *,
    since_day: date,
    since: datetime,
    after: int,
    most: int,
    again_since: datetime | None = None,
) -> Piece:
    """Return the next `most` aggregates whose key is above `after`; 3 statements, 1 where there is none.

    Recent are all rooms; visits from `since_day` on and open ones, with their orders, steps, entries and patients;
    bookings and drafts of orders from `since` on, with theirs; studies that are somebody's, of these visits or with
    pictures from `since` on, with what was measured and reported. Untold is what was neither delivered at its present
    seq nor promised; dead letters wait for a person. `again_since`: deliveries before that moment count for nothing.
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
    present = {str(one.aggregate_id): one.seq for one in promises}
    told, ended = (
        _told(target, kind, present)
        if again_since is None
        else _told_since(target, kind, present, again_since)
    )
    return Piece(
        rows[-1].id,
        len(rows),
        tuple(
            one
            for one in promises
            if told.get(str(one.aggregate_id), -1) < one.seq and str(one.aggregate_id) not in ended
        ),
        tuple(sorted(ended.values())),
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


def _told_since(
    target: str, kind: Kind, present: Mapping[str, int], since: datetime
) -> tuple[dict[str, int], dict[str, int]]:
    """Return the same of one round: told is what is on its way, or was delivered since it began; what ended is not."""
    found: dict[str, int] = {}
    ended: dict[str, int] = {}
    for row in db.session.execute(
        select(OutboxPromise.id, OutboxPromise.aggregate_id, OutboxPromise.seq, OutboxPromise.status).where(
            OutboxPromise.consumer == f"{CONSUMER_PREFIX}{target}",
            OutboxPromise.kind == str(kind),
            OutboxPromise.aggregate_id.in_(present),
        )
    ):
        if row.status != PromiseStatus.COMPLETED:
            found[row.aggregate_id] = present[row.aggregate_id]  # it will bring the newest, whatever its seq
        elif row.seq == present[row.aggregate_id]:
            ended[row.aggregate_id] = row.id
    for aggregate_id in db.session.execute(
        select(Link.aggregate_id).where(
            Link.target == target,
            Link.kind == str(kind),
            Link.aggregate_id.in_(present),
            Link.delivered_at >= since,
        )
    ).scalars():
        found[aggregate_id] = present[aggregate_id]
    return found, {one: key for one, key in ended.items() if one not in found}


def _is_recent(kind: Kind, since_day: date, since: datetime) -> Sequence[Any]:
    visits = or_(Visit.business_date >= since_day, Visit.open_slot == 1)
    found: Sequence[Any] = []
    match kind:
        case Kind.PATIENT:
            seen = select(Visit.patient_id).where(visits)
            booked = select(Appointment.patient_id).where(Appointment.starts_at >= since)
            found = [or_(Patient.id.in_(seen), Patient.id.in_(booked))]
        case Kind.APPOINTMENT:
            kept = select(Visit.appointment_id).where(visits, Visit.appointment_id.is_not(None))
            found = [or_(Appointment.starts_at >= since, Appointment.id.in_(kept))]
        case Kind.VISIT:
            found = [visits]
        case Kind.ORDER:
            drafted = and_(ServiceOrder.visit_id.is_(None), ServiceOrder.created_at >= since)
            found = [or_(ServiceOrder.visit_id.in_(select(Visit.public_id).where(visits)), drafted)]
        case Kind.STEP | Kind.ENTRY:
            found = [MODELS[kind].visit_id.in_(select(Visit.id).where(visits))]
        case Kind.STUDY:
            found = _studies(visits, since)
        case Kind.RESULT | Kind.REPORT:
            found = [MODELS[kind].study_id.in_(select(Study.id).where(*_studies(visits, since)))]
    return [*found, *HOLDS] if kind is Kind.RESULT else found


def _studies(visits: Any, since: datetime) -> Sequence[Any]:
    kept = Study.visit_id.in_(select(Visit.public_id).where(visits))
    return [Study.patient_id.is_not(None), or_(Study.last_received_at >= since, kept)]
