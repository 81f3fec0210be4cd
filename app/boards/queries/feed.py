"""What sockets follow: the seqs of many topics at once, and a queue's moves as partners read them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, union_all

from app.alerts.models import AlertPost
from app.core import outbox
from app.core.db import db
from app.imaging.models import Study
from app.journey.models import FlowEvent, Visit
from app.queues.models import Queue, QueueEntry, ServicePoint
from app.queues.states import OPEN_STATUSES

LONGEST_REPLAY = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueMove:
    """One move of a queue: numbers and ids, nothing personal."""

    seq: int
    kind: str
    at: datetime
    entries: tuple[dict[str, Any], ...]


def seqs_of(
    queues: Collection[UUID],
    visits: Collection[UUID],
    posts: Collection[UUID] = (),
    studies: Collection[UUID] = (),
) -> dict[UUID, int]:
    """Return the committed seq of each queue, visit, post of alerts and study; 1 statement."""
    rows = db.session.execute(
        union_all(
            select(Queue.public_id, Queue.seq).where(Queue.public_id.in_(queues)),
            select(Visit.public_id, Visit.seq).where(Visit.public_id.in_(visits)),
            select(AlertPost.public_id, AlertPost.seq).where(AlertPost.public_id.in_(posts)),
            select(Study.public_id, Study.seq).where(Study.public_id.in_(studies)),
        )
    )
    return {row[0] if isinstance(row[0], UUID) else UUID(str(row[0])): row[1] for row in rows}


def queue_moves(queue_id: UUID, after_seq: int) -> tuple[QueueMove, ...] | None:
    """Return a queue's moves after a seq, or None where they are no longer kept; 3 statements."""
    topic = f"queue:{queue_id}"
    moves = outbox.moves_after(db.session(), topic, after_seq, LONGEST_REPLAY + 1)
    newest = (
        db.session.execute(select(Queue.seq).where(Queue.public_id == queue_id)).scalar_one_or_none() or 0
    )
    if len(moves) > LONGEST_REPLAY or newest - after_seq != len(moves):
        return None
    lines = _lines([one for move in moves for one in move.ids])
    return tuple(
        QueueMove(
            seq=move.seq,
            kind=move.kind,
            at=move.at,
            entries=tuple(line for one in move.ids for line in lines.get(one, ())),
        )
        for move in moves
    )


def queue_snapshot(queue_id: UUID) -> tuple[int, list[dict[str, Any]]]:
    """Return a queue's seq and everybody in it, in the order of service; 2 statements."""
    seq = db.session.execute(select(Queue.seq).where(Queue.public_id == queue_id)).scalar_one_or_none() or 0
    rows = db.session.execute(
        select(QueueEntry, Visit.public_id, Visit.state, ServicePoint.public_id)
        .join(Visit, Visit.id == QueueEntry.visit_id)
        .join(Queue, Queue.id == QueueEntry.queue_id)
        .outerjoin(ServicePoint, ServicePoint.id == QueueEntry.service_point_id)
        .where(Queue.public_id == queue_id, QueueEntry.status.in_(sorted(OPEN_STATUSES)))
        .order_by(QueueEntry.rank_class.desc(), QueueEntry.eligible_at, QueueEntry.id)
    )
    return seq, [
        {
            "entry_id": str(entry.public_id),
            "visit_id": str(visit_id),
            "number": entry.number,
            "status": entry.status,
            "state": state,
            "version": entry.version,
            "service_point_id": str(point_id) if point_id else None,
        }
        for entry, visit_id, state, point_id in rows
    ]


def _lines(ids: Sequence[int]) -> dict[int, tuple[dict[str, Any], ...]]:
    if not ids:
        return {}
    rows = db.session.execute(
        select(FlowEvent, Visit.public_id, QueueEntry.public_id, QueueEntry.number, ServicePoint.public_id)
        .join(Visit, Visit.id == FlowEvent.visit_id)
        .outerjoin(QueueEntry, QueueEntry.id == FlowEvent.entry_id)
        .outerjoin(ServicePoint, ServicePoint.id == QueueEntry.service_point_id)
        .where(FlowEvent.id.in_(ids))
    )
    return {
        line.id: (
            {
                "command": line.command,
                "from": line.from_state,
                "to": line.to_state,
                "visit_id": str(visit_id),
                "entry_id": str(entry_id) if entry_id else None,
                "number": number,
                "status": line.entry_to,
                "service_point_id": str(point_id) if point_id else None,
            },
        )
        for line, visit_id, entry_id, number, point_id in rows
    }
