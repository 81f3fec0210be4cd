"""What may be told about a line: to everybody in it, to somebody who would join, to whoever chooses a queue."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from app.core.db import db
from app.core.errors import NotFoundError
from app.queues.models import Queue, QueueEntry
from app.queues.states import EntryStatus
from app.waits.queries.situations import Forecast, Situation, situations


@dataclass(frozen=True, slots=True)
class Place:
    """An entry's place in the line: how many are before it; `pinned` is the only room that may call it."""

    entry_id: int
    public_id: UUID
    version: int
    ahead: int
    pinned: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """A queue's forecasts, each reckoned when it is asked for."""

    situation: Situation
    places: Mapping[UUID, Place]

    def of(self, entry_id: UUID) -> Forecast | None:
        """Return what an entry is told; None for one that does not wait here now."""
        place = self.places.get(entry_id)
        return None if place is None else self.situation.forecast(place.ahead, pinned=place.pinned)

    @property
    def newcomer(self) -> Forecast:
        """Return what somebody would be told who joined now."""
        return self.situation.forecast(len(self.places))


def outlook(queue_id: UUID) -> Outlook:
    """Return everything to be told about a queue; 4 statements, however many wait. Raise NotFoundError."""
    found = situations(Queue.public_id == queue_id)
    if not found:
        raise NotFoundError(kind="queue")
    ((row_id, situation),) = found.items()
    line = lines(row_id).get(row_id, [])
    return Outlook(situation=situation, places={place.public_id: place for place in line})


def newcomer_seconds(queue_ids: Collection[int]) -> dict[int, float | None]:
    """Return the median wait in seconds of somebody who joined now, by queue; 3 statements."""
    found = situations(Queue.id.in_(queue_ids))
    return {
        queue_id: found[queue_id].middle_seconds(found[queue_id].waiting) if queue_id in found else None
        for queue_id in queue_ids
    }


def lines(*queue_ids: int) -> dict[int, list[Place]]:
    """Return who waits in these queues (in all, where none is named), in the order of service; 1 statement."""
    chosen = (
        select(
            QueueEntry.queue_id,
            QueueEntry.id,
            QueueEntry.public_id,
            QueueEntry.version,
            QueueEntry.pinned_point_id,
        )
        .where(QueueEntry.status == EntryStatus.WAITING)
        .order_by(QueueEntry.queue_id, QueueEntry.rank_class.desc(), QueueEntry.eligible_at, QueueEntry.id)
    )
    if queue_ids:
        chosen = chosen.where(QueueEntry.queue_id.in_(queue_ids))
    found: dict[int, list[Place]] = {}
    for row in db.session.execute(chosen):
        line = found.setdefault(row.queue_id, [])
        line.append(Place(row.id, row.public_id, row.version, len(line), row.pinned_point_id))
    return found
