"""Places in the line: put aside and back, behind others once, before others by class, in again after a missed call."""

from datetime import datetime

from app.core import clock
from app.core.errors import TransitionRefusedError
from app.queues import rules
from app.queues.models import Queue, QueueEntry
from app.queues.services.holding import policy_of
from app.queues.services.line import line_without, stand
from app.queues.states import EntryStatus, PriorityClass


def put_aside(entry: QueueEntry, *, reason: str, until: datetime | None, is_own: bool = False) -> None:
    """Let call-next pass an entry until it comes back; its place is kept."""
    entry.held_reason, entry.held_until = reason, until
    entry.own_holds += is_own
    stand(entry, EntryStatus.HELD)


def bring_back(entry: QueueEntry) -> None:
    """Let an entry wait again at its old place."""
    entry.held_reason = entry.held_until = None
    stand(entry, EntryStatus.WAITING)


def unpin(entry: QueueEntry) -> None:
    """Let any room of the queue call an entry that was kept for one."""
    if entry.pinned_point_id is not None:
        entry.pinned_point_id = None
        entry.version += 1


def prioritise(queue: Queue, entry: QueueEntry, priority_class: PriorityClass) -> None:
    """Give an entry another class; who was overtaken or waited long keeps what that gave."""
    policy = policy_of(queue)
    entry.priority_class = priority_class
    entry.rank_class = rules.rank_class(
        priority_class,
        waited_seconds=(clock.utcnow() - entry.eligible_at).total_seconds(),
        overtaken=entry.overtaken,
        ageing_seconds=policy.ageing_seconds,
        max_overtaken=policy.max_overtaken,
    )
    entry.version += 1


def skip_once(entry: QueueEntry) -> None:
    """Put an entry behind the one who waits next. Raise TransitionRefusedError for the last in the line."""
    own = rules.Place(entry.rank_class, entry.eligible_at)
    later = [one for one in line_without(entry) if _is_behind(one, own)]
    place = rules.behind(own, later, 1)
    if place is None:
        raise TransitionRefusedError(command="skip-once", why="last_in_line")
    _stand_at(entry, place)
    entry.version += 1


def re_enter(queue: Queue, entry: QueueEntry) -> None:
    """Let an entry whose calls were missed wait again, some places behind the next, never before its old place."""
    own = rules.Place(entry.rank_class, entry.eligible_at)
    place = rules.behind(own, line_without(entry), policy_of(queue).re_entry_places)
    if place is not None:
        _stand_at(entry, place)
    entry.re_entries += 1
    stand(entry, EntryStatus.WAITING)


def _is_behind(one: rules.Place, own: rules.Place) -> bool:
    return (-one.rank_class, one.eligible_at) >= (-own.rank_class, own.eligible_at)


def _stand_at(entry: QueueEntry, place: rules.Place) -> None:
    entry.rank_class, entry.eligible_at = place.rank_class, place.eligible_at
    entry.is_placed = True
