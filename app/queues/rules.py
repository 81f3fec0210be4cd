"""Pure rules of the line: who is before whom, since when somebody counts as waiting, what a room may hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.core.errors import QueueClosedError, RoomBusyError
from app.queues.states import MergeRule, PointStatus, PriorityClass


@dataclass(frozen=True, slots=True, kw_only=True)
class Merging:
    """How one queue merges booked patients with those who just came; durations in seconds."""

    rule: str
    early_tolerance_seconds: int
    head_start_seconds: int
    grace_seconds: int


def eligible_at(since: datetime, booked_at: datetime | None, merging: Merging) -> datetime:
    """Return the moment from which a patient counts as waiting.

    Without a time, or later than its grace: since the arrival. With a time: never from before it (less the early
    tolerance), and under HEAD_START some minutes forward.
    """
    if booked_at is None or merging.rule == MergeRule.ARRIVAL:
        return since
    if since > booked_at + timedelta(seconds=merging.grace_seconds):
        return since
    counted = max(since, booked_at - timedelta(seconds=merging.early_tolerance_seconds))
    if merging.rule == MergeRule.HEAD_START:
        return counted - timedelta(seconds=merging.head_start_seconds)
    return counted


def rank_class(
    priority_class: int, *, waited_seconds: float, overtaken: int, ageing_seconds: int, max_overtaken: int
) -> int:
    """Return the class that orders the line: whoever waited long or was overtaken often is PREFERRED, never URGENT."""
    if waited_seconds >= ageing_seconds or overtaken >= max_overtaken:
        return max(priority_class, PriorityClass.PREFERRED)
    return priority_class


def order_of_service(rank: int, eligible: datetime, entry_id: int) -> tuple[int, datetime, int]:
    """Return the sort key of the line: class first, then time, then the earlier row."""
    return (-rank, eligible, entry_id)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the order of service."""

    rank_class: int
    eligible_at: datetime


def behind(own: Place, line: Sequence[Place], places: int) -> Place | None:
    """Return the place behind that many of a sorted line, or None where the own place is no better than that.

    The urgent stand behind the urgent only: no turn that is lost or given away puts them behind others.
    """
    if own.rank_class >= PriorityClass.URGENT:
        line = [one for one in line if one.rank_class >= PriorityClass.URGENT]
    if not line or places < 1:
        return None
    before = line[min(places, len(line)) - 1]
    after = Place(before.rank_class, before.eligible_at + timedelta(microseconds=1))
    if (-own.rank_class, own.eligible_at) > (-after.rank_class, after.eligible_at):
        return None
    return after


def check_room(status: str, *, called: int, calls_ahead: int) -> None:
    """Raise QueueClosedError for a room that takes nobody, RoomBusyError for one with enough people called."""
    if status != PointStatus.OPEN:
        raise QueueClosedError(status=status)
    if called >= calls_ahead:
        raise RoomBusyError(called=called, limit=calls_ahead)


def free_place(capacity: int, taken: set[int]) -> int:
    """Return the lowest free serving slot, 1…capacity. Raise RoomBusyError."""
    for slot in range(1, capacity + 1):
        if slot not in taken:
            return slot
    raise RoomBusyError(inside=len(taken), limit=capacity)
