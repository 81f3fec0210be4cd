"""The choice of queues at the ward: whose page somebody may open."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select

from app.accounts.roles import SITE_WIDE, Role
from app.core.actor import Actor
from app.core.db import db
from app.queues.models import Queue, QueueEntry
from app.queues.states import EntryStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueName:
    """A queue that somebody may open."""

    id: UUID
    code: str
    name_ko: str
    name_en: str
    waiting_count: int
    is_open: bool


def my_queues(*, by: Actor) -> tuple[QueueName, ...]:
    """Return the queues of the actor's units (all of them for site-wide roles); 1 statement."""
    waiting = (
        select(func.count())
        .select_from(QueueEntry)
        .where(QueueEntry.queue_id == Queue.id, QueueEntry.status == EntryStatus.WAITING)
        .correlate(Queue)
        .scalar_subquery()
    )
    chosen = select(
        Queue.public_id, Queue.code, Queue.name_ko, Queue.name_en, waiting, Queue.is_open
    ).order_by(Queue.id)
    if Role(by.role) not in SITE_WIDE:
        chosen = chosen.where(Queue.unit.in_(by.units))
    return tuple(
        QueueName(
            id=row[0], code=row[1], name_ko=row[2], name_en=row[3], waiting_count=row[4], is_open=row[5]
        )
        for row in db.session.execute(chosen)
    )
