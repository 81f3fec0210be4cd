"""Stated rules of a queue: changed for those who come, and on request for those who wait; long waiting counts."""

from dataclasses import asdict, dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select

from app.accounts.roles import Permission, require
from app.core import audit, clock
from app.core.actor import Actor
from app.core.db import db
from app.core.idempotency import command
from app.core.locking import check_version
from app.core.transaction import promise, transactional
from app.queues import rules as line_rules
from app.queues.models import Queue, QueueEntry, QueuePolicy
from app.queues.rules import Rules
from app.queues.services.holding import hold_queue, policy_of
from app.queues.services.line import age
from app.queues.states import EntryStatus, PriorityClass


@dataclass(frozen=True, slots=True)
class Stated:
    """The rules' new version, and how many of those who wait stand elsewhere now."""

    version: int
    moved_count: int


@command
def set_rules(
    queue_id: UUID, rules: Rules, *, version: int | None, is_for_waiting: bool = False, by: Actor
) -> Stated:
    """Change a queue's rules; the posted version is compared. Raise InvalidError for a rule that makes no sense.

    With `is_for_waiting`, the places of all who wait or are put aside are reckoned anew under the queue's lock.
    """
    require(by, Permission.MANAGE_QUEUES)
    queue = hold_queue(queue_id)
    policy = policy_of(queue)
    check_version(policy.version, version)
    line_rules.check_rules(rules)
    plain = asdict(rules)
    for name, value in plain.items():
        setattr(policy, name, value)
    policy.version += 1
    moved = _reckon_anew(queue, rules) if is_for_waiting else 0
    db.session.flush()
    age(queue, policy)
    promise(queue, "queue.update")
    audit.record("queues:rules:set", by=by, object_=f"queue:{queue.code}", details=plain)
    if is_for_waiting:
        audit.record("queues:line:reckon", by=by, object_=f"queue:{queue.code}", details={"moved": moved})
    return Stated(policy.version, moved)


def _reckon_anew(queue: Queue, rules: Rules) -> int:
    """Give all who wait in a held queue the places that these rules give; return how many stand elsewhere now."""
    now, moved = clock.utcnow(), 0
    waiting = (
        select(QueueEntry)
        .where(
            QueueEntry.queue_id == queue.id,
            QueueEntry.status.in_([EntryStatus.WAITING, EntryStatus.HELD]),
        )
        .execution_options(populate_existing=True)
    )
    for entry in db.session.execute(waiting).scalars():
        was = line_rules.Place(entry.rank_class, entry.eligible_at)
        place = line_rules.place_under(rules, entry.standing, now=now, is_anew=True)
        entry.rank_class, entry.eligible_at = place.rank_class, place.eligible_at
        moved += place != was
    return moved


@transactional
def age_lines(*, by: Actor) -> int:
    """Prefer, in every line, whoever has waited beyond its ageing bound; return how many rose."""
    require(by, Permission.DRIVE_QUEUE)
    risen = 0
    for queue_id in _queues_to_age():
        queue = hold_queue(queue_id)
        count = age(queue, policy_of(queue))
        if count:
            promise(queue, "queue.update")
            audit.record("queues:line:age", by=by, object_=f"queue:{queue.code}", details={"risen": count})
        risen += count
    return risen


def _queues_to_age() -> list[int]:
    """Return the queues where somebody has passed the bound, in lock order."""
    rows = db.session.execute(
        select(
            QueuePolicy.queue_id, QueuePolicy.ageing_seconds, func.min(QueueEntry.eligible_at).label("first")
        )
        .join(QueueEntry, QueueEntry.queue_id == QueuePolicy.queue_id)
        .where(QueueEntry.status == EntryStatus.WAITING, QueueEntry.rank_class < PriorityClass.PREFERRED)
        .group_by(QueuePolicy.queue_id, QueuePolicy.ageing_seconds)
        .order_by(QueuePolicy.queue_id)
    )
    now = clock.utcnow()
    return [row.queue_id for row in rows if row.first <= now - timedelta(seconds=row.ageing_seconds)]
