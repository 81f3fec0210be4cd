"""Calls and what comes of them: called into a room, called again, taken back, missed, let in, interrupted."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import NotFoundError, TransitionRefusedError
from app.core.locking import hold
from app.queues import rules
from app.queues.models import Call, Queue, QueueEntry, QueuePolicy, ServicePoint
from app.queues.services.holding import count_in, hold_point, policy_of, taken_places
from app.queues.services.line import overtaken_by, stand
from app.queues.states import EntryStatus

# The row ids of those whom a call passed over, for undo.
Overtaken = list[int]


def call(queue: Queue, entry: QueueEntry, service_point_id: UUID, *, by: Actor) -> tuple[Call, Overtaken]:
    """Call a held, waiting entry into a room of its queue, within the room's limits; count whom that passes over."""
    point = hold_point(queue, service_point_id)
    policy = policy_of(queue)
    rules.check_room(point.status, called=count_in(point, EntryStatus.CALLED), calls_ahead=policy.calls_ahead)
    passed = _pass_over(entry, point, policy)
    entry.service_point_id = point.id
    entry.call_count = 1
    entry.called_at = clock.utcnow()
    stand(entry, EntryStatus.CALLED)
    return _ring(entry, policy, by), passed


def recall(queue: Queue, entry: QueueEntry, *, by: Actor) -> Call:
    """Call again, under a new call id, so that it is spoken again. Raise TransitionRefusedError after the last.

    The gap binds the clock, not a hand: a nurse who looks out of the door knows more than a timer, and of a double
    click the second half names a version that is gone. One case is refused: a hand that meant the call which the clock
    gave a moment before would use up another of the patient's tries.
    """
    policy = policy_of(queue)
    if entry.call_count >= policy.max_calls:
        raise TransitionRefusedError(command="recall", why="calls_used_up", limit=policy.max_calls)
    if by.id is not None and _has_just_rung_by_itself(entry):
        raise TransitionRefusedError(command="recall", why="called_by_itself")
    entry.call_count += 1
    entry.version += 1
    return _ring(entry, policy, by)


def withdraw(entry: QueueEntry, status: EntryStatus) -> None:
    """End the round of calls: the room is free, the entry stands as `status` (WAITING: called by mistake)."""
    entry.service_point_id = None
    entry.called_at = None
    entry.call_count = 0
    entry.round += 1
    stand(entry, status)


def start(queue: Queue, entry: QueueEntry) -> None:
    """Let the called patient in: the room's place is taken, the service clock starts."""
    if entry.service_point_id is None:
        raise TransitionRefusedError(command="start", why="no_room")
    point = hold(ServicePoint, entry.service_point_id)
    if point.queue_id != queue.id:
        raise NotFoundError(kind="service_point")
    _let_in(entry, point)


def start_direct(queue: Queue, entry: QueueEntry, service_point_id: UUID) -> Overtaken:
    """Let a waiting patient in without a call; whom that passes over is counted."""
    point = hold_point(queue, service_point_id)
    policy = policy_of(queue)
    rules.check_room(point.status, called=0, calls_ahead=policy.calls_ahead)
    passed = _pass_over(entry, point, policy)
    entry.service_point_id = point.id
    _let_in(entry, point)
    return passed


def interrupt(entry: QueueEntry, *, reason: str, until: datetime | None) -> None:
    """Let a patient out of the room while the service goes on: contrast, drops, a second reading."""
    entry.served_seconds += max(1, served_seconds(entry))  # more than none says that care has begun
    entry.service_point_id = None
    entry.started_at = None
    entry.called_at = None
    entry.call_count = 0
    entry.round += 1
    entry.held_reason, entry.held_until = reason, until
    stand(entry, EntryStatus.HELD)


def served_seconds(entry: QueueEntry) -> int:
    """Return how long the present part of the service has lasted."""
    return int((clock.utcnow() - entry.started_at).total_seconds()) if entry.started_at else 0


def occupied_seconds(entry: QueueEntry) -> int:
    """Return how long the room has been this patient's, from the call on: the pace at which a line moves."""
    since = entry.called_at or entry.started_at
    return entry.served_seconds + (int((clock.utcnow() - since).total_seconds()) if since else 0)


def _let_in(entry: QueueEntry, point: ServicePoint) -> None:
    now = clock.utcnow()
    entry.serving_slot = rules.free_place(point.capacity, taken_places(point))
    entry.started_at = now
    stand(entry, EntryStatus.IN_SERVICE)
    _answer_calls(entry, now)


def _pass_over(entry: QueueEntry, point: ServicePoint, policy: QueuePolicy) -> Overtaken:
    passed = overtaken_by(entry, point.id)
    for one in passed:
        one.overtaken += 1
        risen = rules.rank_class(
            one.priority_class,
            waited_seconds=0,
            overtaken=one.overtaken,
            ageing_seconds=policy.ageing_seconds,
            max_overtaken=policy.max_overtaken,
        )
        one.rank_class = max(one.rank_class, risen)
    return [one.id for one in passed]


def _ring(entry: QueueEntry, policy: QueuePolicy, by: Actor) -> Call:
    now = clock.utcnow()
    if entry.service_point_id is None:
        raise TransitionRefusedError(command="call", why="no_room")
    ringing = Call(
        entry_id=entry.id,
        queue_id=entry.queue_id,
        service_point_id=entry.service_point_id,
        number=entry.number,
        round=entry.round,
        attempt=entry.call_count,
        called_by=by.id,
        at=now,
        expires_at=now + timedelta(seconds=policy.call_expiry_seconds),
    )
    db.session.add(ringing)
    db.session.flush()
    return ringing


def _has_just_rung_by_itself(entry: QueueEntry) -> bool:
    moment = clock.utcnow() - timedelta(seconds=rules.CROSSING_SECONDS)
    return (
        db.session.execute(
            select(Call.id).where(
                Call.entry_id == entry.id,
                Call.round == entry.round,
                Call.attempt == entry.call_count,
                Call.live_slot == 1,
                Call.called_by.is_(None),
                Call.at > moment,
            )
        ).first()
        is not None
    )


def _answer_calls(entry: QueueEntry, now: datetime) -> None:
    # Of this round: who missed the calls of an earlier one has not answered them by coming later.
    for one in db.session.execute(
        select(Call).where(
            Call.entry_id == entry.id,
            Call.round == entry.round,
            Call.live_slot == 1,
            Call.answered_at.is_(None),
        )
    ).scalars():
        one.answered_at = now
