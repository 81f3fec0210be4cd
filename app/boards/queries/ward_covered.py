"""A queue behind a locked screen: how many, and nobody; there is no field that could hold a name or a number."""

from collections import Counter
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select

from app.boards.queries.ward import queue_head
from app.core.db import db
from app.queues.models import QueueEntry
from app.queues.states import OPEN_STATUSES, EntryStatus, PriorityClass


@dataclass(frozen=True, slots=True, kw_only=True)
class CoveredWard:
    """What a covered ward page still tells: counts. Alerts are counted by their own topic."""

    id: UUID
    seq: int
    waiting: int
    called: int
    inside: int
    aside: int
    urgent: int

    @property
    def topic(self) -> str:
        """Return the topic that moves this page."""
        return f"queue:{self.id}"


def covered_ward(queue_id: UUID) -> CoveredWard:
    """Return the counts of a queue; 2 statements. For the hub and the door, which have checked. Raise NotFoundError."""
    head = queue_head(queue_id, by=None)
    rows = db.session.execute(
        select(QueueEntry.status, QueueEntry.priority_class, func.count())
        .where(QueueEntry.queue_id == head.id, QueueEntry.status.in_(OPEN_STATUSES))
        .group_by(QueueEntry.status, QueueEntry.priority_class)
    )
    by_status: Counter[EntryStatus] = Counter()
    urgent = 0
    for status, priority, count in rows:
        by_status[EntryStatus(status)] += count
        if status == EntryStatus.WAITING and priority == PriorityClass.URGENT:
            urgent += count
    return CoveredWard(
        id=head.public_id,
        seq=head.seq,
        waiting=by_status[EntryStatus.WAITING],
        called=by_status[EntryStatus.CALLED],
        inside=by_status[EntryStatus.IN_SERVICE],
        aside=by_status[EntryStatus.HELD] + by_status[EntryStatus.NO_SHOW],
        urgent=urgent,
    )
