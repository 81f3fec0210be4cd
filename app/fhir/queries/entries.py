"""Stays in a line as they leave the house: the place, the times, and who is responsible."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func, select

from app.core.db import db
from app.emr.models import Patient
from app.fhir.mappers.task import EntryFacts
from app.journey.models import FlowEvent, Visit, VisitStep
from app.journey.states import Command
from app.queues.models import Queue, QueueEntry, ServicePoint

SERVING: Final = frozenset({Command.CALL, Command.START, Command.START_DIRECT})


def entries_of(ids: Sequence[UUID]) -> Iterable[EntryFacts]:
    """Return those of these stays that are there; 2 statements."""
    rows = db.session.execute(
        select(
            QueueEntry.id.label("row_id"),
            QueueEntry.visit_id.label("visit_row_id"),
            QueueEntry.public_id.label("id"),
            QueueEntry.seq,
            Patient.public_id.label("patient_id"),
            Visit.public_id.label("visit_id"),
            VisitStep.public_id.label("step_id"),
            ServicePoint.public_id.label("point_id"),
            Queue.code.label("queue_code"),
            Visit.business_date,
            QueueEntry.number,
            QueueEntry.status,
            QueueEntry.priority_class,
            QueueEntry.joined_at,
            QueueEntry.called_at,
            QueueEntry.started_at,
            QueueEntry.ended_at,
            QueueEntry.ended_reason,
        )
        .join(Visit, Visit.id == QueueEntry.visit_id)
        .join(Patient, Patient.id == Visit.patient_id)
        .join(VisitStep, VisitStep.id == QueueEntry.step_id)
        .join(Queue, Queue.id == QueueEntry.queue_id)
        .outerjoin(
            ServicePoint,
            ServicePoint.id == func.coalesce(QueueEntry.service_point_id, QueueEntry.pinned_point_id),
        )
        .where(QueueEntry.public_id.in_(ids))
    ).all()
    touched = _touched({row.visit_row_id for row in rows}, {row.row_id for row in rows})
    found = []
    for row in rows:
        kept = row._asdict()
        kept.pop("visit_row_id")
        times = (row.joined_at, kept.pop("called_at"), row.started_at, row.ended_at)
        last, served_by = touched.get(kept.pop("row_id"), (None, None))
        at = max(one for one in (*times, last) if one is not None)
        found.append(EntryFacts(**kept, modified_at=at, served_by=served_by))
    return found


def _touched(
    visit_ids: Collection[int], entry_ids: Collection[int]
) -> dict[int, tuple[datetime, UUID | None]]:
    """Return when a command last meant each entry, and which member of staff was the last to call it or begin.

    The visits are named because their index leads there.
    """
    found: dict[int, tuple[datetime, UUID | None]] = {}
    for row in db.session.execute(
        select(FlowEvent.entry_id, FlowEvent.at, FlowEvent.command, FlowEvent.actor_kind, FlowEvent.actor_id)
        .where(FlowEvent.visit_id.in_(visit_ids), FlowEvent.entry_id.in_(entry_ids))
        .order_by(FlowEvent.visit_id, FlowEvent.seq)
    ):
        last, served_by = found.get(row.entry_id, (row.at, None))
        if row.command in SERVING and row.actor_kind == "staff":
            served_by = row.actor_id
        found[row.entry_id] = (max(last, row.at), served_by)
    return found
