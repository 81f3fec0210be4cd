"""Stated rules, for staff and patients to read, and what other rules would do to those who wait now."""

from dataclasses import dataclass, fields
from uuid import UUID

from sqlalchemy import select

from app.core import clock
from app.core.db import db
from app.core.errors import NotFoundError
from app.queues.models import Queue, QueueEntry, QueuePolicy
from app.queues.queries.directory import Point, QueueHead, head, points
from app.queues.rules import Rules, Standing, order_of_service, place_under
from app.queues.states import EntryStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy(Rules):
    """The stated rules of one queue as they hold now; the macro `policy` says them in words."""

    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueDetails:
    """A queue as its administrator sees it."""

    head: QueueHead
    policy: Policy
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """Where a number stands now and where other rules would put it, from 1; `is_placed`: it keeps its place."""

    number: int
    was: int
    will: int
    is_placed: bool

    @property
    def forward(self) -> int:
        """Return by how many places it comes forward; negative: back."""
        return self.was - self.will


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPreview:
    """Two orders of the same line: the present one, and the one under other rules. Numbers only."""

    now: tuple[int, ...]
    then: tuple[Shift, ...]

    @property
    def moved_count(self) -> int:
        """Return how many would stand elsewhere."""
        return sum(one.forward != 0 for one in self.then)


def policy(queue_id: UUID) -> Policy:
    """Return the stated rules of a queue; 1 statement. Raise NotFoundError."""
    row = db.session.execute(
        select(QueuePolicy).join(Queue, Queue.id == QueuePolicy.queue_id).where(Queue.public_id == queue_id)
    ).scalar_one_or_none()
    if row is None:
        raise NotFoundError(kind="queue")
    return Policy(**{field.name: getattr(row, field.name) for field in fields(Policy)})


def details(queue_id: UUID) -> QueueDetails:
    """Return a queue with its rules and rooms; 3 statements. Raise NotFoundError."""
    return QueueDetails(policy=policy(queue_id), head=head(queue_id), points=points(queue_id))


def order_preview(queue_id: UUID, present: Rules, other: Rules, *, is_for_waiting: bool) -> OrderPreview:
    """Return the line under the present rules and under others, as saving those would order it; 1 statement."""
    rows = db.session.execute(
        select(QueueEntry)
        .join(Queue, Queue.id == QueueEntry.queue_id)
        .where(Queue.public_id == queue_id, QueueEntry.status == EntryStatus.WAITING)
    ).scalars()
    line = {row.id: (row.number, row.standing) for row in rows}
    now = _ordered(line, present, is_anew=False)
    was = {entry_id: place for place, entry_id in enumerate(now, 1)}
    return OrderPreview(
        now=tuple(line[entry_id][0] for entry_id in now),
        then=tuple(
            Shift(
                number=line[entry_id][0],
                was=was[entry_id],
                will=place,
                is_placed=is_for_waiting and line[entry_id][1].is_placed,
            )
            for place, entry_id in enumerate(_ordered(line, other, is_anew=is_for_waiting), 1)
        ),
    )


def _ordered(line: dict[int, tuple[int, Standing]], rules: Rules, *, is_anew: bool) -> list[int]:
    moment = clock.utcnow()

    def key(entry_id: int) -> tuple[object, ...]:
        place = place_under(rules, line[entry_id][1], now=moment, is_anew=is_anew)
        return order_of_service(place.rank_class, place.eligible_at, entry_id)

    return sorted(line, key=key)
