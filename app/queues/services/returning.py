"""Undo's half of the line: what an entry was, and how it becomes that again."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.core import clock
from app.core.db import db
from app.core.errors import RoomBusyError
from app.core.locking import hold
from app.queues import rules
from app.queues.models import Call, Queue, QueueEntry, ServicePoint
from app.queues.services.calls import Overtaken
from app.queues.services.holding import count_in, policy_of, taken_places
from app.queues.services.line import end, stand
from app.queues.states import EntryStatus, PointStatus, PriorityClass

# What undo gives back; everything that a command may have changed on its own entry. `overtaken` is what the calls of
# others did to it, and only their undo takes that back.
RESTORED = (
    "status",
    "service_point_id",
    "pinned_point_id",
    "priority_class",
    "rank_class",
    "is_placed",
    "round",
    "call_count",
    "re_entries",
    "own_holds",
    "held_reason",
    "served_seconds",
    "ended_reason",
    "active_slot",
    "engaged_slot",
    "serving_slot",
)
RESTORED_TIMES = ("eligible_at", "called_at", "started_at", "ended_at", "held_until")


def snapshot(entry: QueueEntry) -> dict[str, Any]:
    """Return what undo needs to bring this entry back exactly."""
    plain = {name: getattr(entry, name) for name in RESTORED}
    times = {
        name: value.isoformat() if (value := getattr(entry, name)) is not None else None
        for name in RESTORED_TIMES
    }
    return {"entry_id": entry.id, **plain, **times}


def restore(entry: QueueEntry, before: dict[str, Any]) -> None:
    """Bring a held entry back. Raise RoomBusyError where its room has called or let in somebody else meanwhile."""
    _check_room_of(entry, before)
    calls_then = int(before["call_count"])
    for name in RESTORED:
        setattr(entry, name, before[name])
    for name in RESTORED_TIMES:
        setattr(entry, name, datetime.fromisoformat(before[name]) if before[name] else None)
    entry.version += 1
    if entry.overtaken >= policy_of(_queue_of(entry)).max_overtaken:  # by calls since then, too
        entry.rank_class = max(entry.rank_class, PriorityClass.PREFERRED)
    is_called = before["status"] == EntryStatus.CALLED
    for one in _standing_calls(entry):
        if one.round > entry.round or (one.round == entry.round and one.attempt > calls_then):
            one.live_slot = None
        elif one.round == entry.round and is_called:
            one.answered_at = None


def give_back(passed: Overtaken) -> None:
    """Take back one overtaking from those whom an undone call had passed over; what others did to them stays."""
    rows = select(QueueEntry).where(QueueEntry.id.in_(passed), QueueEntry.active_slot == 1)
    for one in db.session.execute(rows.execution_options(populate_existing=True)).scalars():
        policy = policy_of(_queue_of(one))
        one.overtaken = max(0, one.overtaken - 1)
        if one.overtaken == policy.max_overtaken - 1:
            one.rank_class = rules.rank_class(
                one.priority_class,
                waited_seconds=(clock.utcnow() - one.eligible_at).total_seconds(),
                overtaken=one.overtaken,
                ageing_seconds=policy.ageing_seconds,
                max_overtaken=policy.max_overtaken,
            )


def void_entry(entry: QueueEntry) -> None:
    """Take back an entry that the undone command had made."""
    end(entry, EntryStatus.ENTERED_IN_ERROR, "undone")
    for one in _standing_calls(entry):
        one.live_slot = None


def void_all(visit_id: int, reason: str) -> dict[str, list[str | None]]:
    """Mark all entries of a held visit as entered in error; return what they were, for undo."""
    were: dict[str, list[str | None]] = {}
    rows = select(QueueEntry).where(
        QueueEntry.visit_id == visit_id, QueueEntry.status != EntryStatus.ENTERED_IN_ERROR
    )
    for entry in db.session.execute(rows).scalars():
        were[str(entry.id)] = [entry.status, entry.ended_reason]
        entry.ended_reason = reason
        stand(entry, EntryStatus.ENTERED_IN_ERROR)
    return were


def unvoid(were: dict[str, list[str]]) -> None:
    """Give ended entries the status that they had before they were voided."""
    rows = select(QueueEntry).where(QueueEntry.id.in_([int(one) for one in were]))
    for entry in db.session.execute(rows).scalars():
        status, reason = were[str(entry.id)]
        entry.ended_reason = reason
        stand(entry, EntryStatus(status))


def _standing_calls(entry: QueueEntry) -> Iterable[Call]:
    return db.session.execute(select(Call).where(Call.entry_id == entry.id, Call.live_slot == 1)).scalars()


def _queue_of(entry: QueueEntry) -> Queue:
    return db.session.execute(select(Queue).where(Queue.id == entry.queue_id)).scalar_one()


def _check_room_of(entry: QueueEntry, before: dict[str, Any]) -> None:
    """Look before the slots are taken back, as the database's own refusal would be no answer for a nurse."""
    if before["service_point_id"] is None:
        return
    point = hold(ServicePoint, int(before["service_point_id"]))
    if before["status"] == EntryStatus.CALLED:
        others = count_in(point, EntryStatus.CALLED, but=entry)
        policy = policy_of(_queue_of(entry))
        rules.check_room(PointStatus.OPEN, called=others, calls_ahead=policy.calls_ahead)
    inside = taken_places(point, but=entry)
    if before["serving_slot"] in inside:
        raise RoomBusyError(inside=len(inside), limit=point.capacity)
