"""A whole line as a bulk command sees it: how many would move, and where to; no names."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select

from app.boards.queries.ward import queue_head
from app.boards.queries.ward_patient import Target, targets_of
from app.core.actor import Actor
from app.core.db import db
from app.queues.models import Queue, QueueEntry
from app.queues.states import EntryStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class WardLine:
    """How many wait and how many are put aside, and the other queues of the same service."""

    id: UUID
    name_ko: str
    name_en: str
    waiting_count: int
    held_count: int
    targets: tuple[Target, ...]


def ward_line(queue_id: UUID, *, by: Actor) -> WardLine:
    """Return a line for a bulk command; at most 6 statements."""
    head = queue_head(queue_id, by=by)
    counts: dict[str, int] = {
        row.status: row.size
        for row in db.session.execute(
            select(QueueEntry.status, func.count().label("size"))
            .where(
                QueueEntry.queue_id == head.id,
                QueueEntry.status.in_([EntryStatus.WAITING, EntryStatus.HELD]),
            )
            .group_by(QueueEntry.status)
        )
    }
    return WardLine(
        id=head.public_id,
        name_ko=head.name_ko,
        name_en=head.name_en,
        waiting_count=counts.get(EntryStatus.WAITING, 0),
        held_count=counts.get(EntryStatus.HELD, 0),
        targets=tuple(
            target for _, target in targets_of(Queue.service_id == head.service_id, Queue.id != head.id)
        ),
    )
