"""Pure rules of the line: who is before whom, since when somebody counts as waiting, what a room may hold."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum

from app.core.errors import InvalidError, QueueClosedError, RoomBusyError
from app.queues.states import MergeRule, PointStatus, PriorityClass

WEEK_SECONDS = 7 * 86400
# What a rule that is a number may be; every other duration is between nothing and a week, every other count up to 99.
LEAST = dict.fromkeys(("calls_ahead", "max_calls", "max_overtaken", "ageing_seconds", "re_entry_places"), 1)
MOST_TIMES = 99
# So long after the clock has called again, a hand that meant the same call has not seen it yet: the push, and a finger.
CROSSING_SECONDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Merging:
    """How one queue merges booked patients with those who just came; durations in seconds."""

    rule: str
    early_tolerance_seconds: int
    head_start_seconds: int
    grace_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """A queue's stated rules, as an administrator edits them; durations in seconds."""

    early_tolerance_seconds: int = 1800
    check_in_before_seconds: int = 3 * 3600
    check_in_after_seconds: int = 2 * 3600
    call_expiry_seconds: int = 180
    max_calls: int = 3
    recall_gap_seconds: int = 180
    calls_ahead: int = 1
    least_service_seconds: int = 30
    shows_masked_name: bool = False
    takes_walk_ins: bool = True
    merge_rule: str = MergeRule.SLOT
    head_start_seconds: int = 1200
    grace_seconds: int = 900
    ageing_seconds: int = 3600
    max_overtaken: int = 5
    re_entry_places: int = 2
    max_re_entries: int = 2
    max_own_holds: int = 1
    own_hold_seconds: int = 900
    recalls_by_itself: bool = True
    keeps_credit: bool = True
    is_overnight: bool = False

    @property
    def merging(self) -> Merging:
        """Return the part that says since when somebody counts as waiting."""
        return Merging(
            rule=self.merge_rule,
            early_tolerance_seconds=self.early_tolerance_seconds,
            head_start_seconds=self.head_start_seconds,
            grace_seconds=self.grace_seconds,
        )


def range_of(name: str) -> tuple[int, int]:
    """Return the least and the greatest value of a rule that is a number."""
    return LEAST.get(name, 0), WEEK_SECONDS if name.endswith("_seconds") else MOST_TIMES


def check_rules(rules: Rules) -> None:
    """Raise InvalidError for a rule that makes no sense."""
    for field in fields(rules):
        value = getattr(rules, field.name)
        if isinstance(value, bool) or not isinstance(value, int):
            continue
        least, most = range_of(field.name)
        if value < least:
            raise InvalidError(field=field.name, why="at_least_one" if least else "negative")
        if value > most:
            raise InvalidError(field=field.name, why="too_much", limit=most)
    if rules.merge_rule not in set(MergeRule):
        raise InvalidError(field="merge_rule", why="unknown", allowed=sorted(MergeRule))


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What an entry's place was made of, and where it stands; `is_placed` where a skip or a re-entry put it there."""

    since: datetime
    booked_at: datetime | None
    priority_class: int
    overtaken: int
    rank_class: int
    eligible_at: datetime
    is_placed: bool


def place_under(rules: Rules, one: Standing, *, now: datetime, is_anew: bool) -> Place:
    """Return the place of an entry under these rules: reckoned anew from what it was made of, or as it stands.

    Whoever was put behind others keeps the time of that place, as staff or the missed call decided so, and gets no
    better class than it had there. Long waiting counts for everybody: the line prefers by it at each call.
    """

    def class_of(given: int, since: datetime, overtaken: int) -> int:
        return rank_class(
            given,
            waited_seconds=(now - since).total_seconds(),
            overtaken=overtaken,
            ageing_seconds=rules.ageing_seconds,
            max_overtaken=rules.max_overtaken,
        )

    if not is_anew:
        return Place(class_of(one.rank_class, one.eligible_at, 0), one.eligible_at)
    if one.is_placed:
        given = min(one.rank_class, class_of(one.priority_class, now, one.overtaken))
        return Place(class_of(given, one.eligible_at, 0), one.eligible_at)
    counted = eligible_at(one.since, one.booked_at, rules.merging)
    return Place(class_of(one.priority_class, counted, one.overtaken), counted)


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


def in_circle(follows: Mapping[str, Collection[str]]) -> bool:
    """Whether some service would have to come before itself; `follows` names for each what must come before it."""
    pending = {code: set(before) & follows.keys() for code, before in follows.items()}
    while free := [code for code, before in pending.items() if not before & pending.keys()]:
        for code in free:
            del pending[code]
    return bool(pending)


class Overdue(StrEnum):
    """What the clock does about a call that nobody has answered."""

    RECALL = "recall"
    MISS = "miss"


def overdue(
    *,
    attempt: int,
    max_calls: int,
    gap_seconds: int,
    called_at: datetime,
    expires_at: datetime,
    now: datetime,
) -> Overdue | None:
    """Return what is due of a call that stands unanswered, None while it may go on ringing (V5, V6).

    While calls are left no turn is lost: the next call follows `gap_seconds` after the last one, and a gap of 0 leaves
    that to the staff. Only the last call is one that expires.
    """
    if attempt >= max_calls:
        return Overdue.MISS if now >= expires_at else None
    is_over = gap_seconds > 0 and now >= called_at + timedelta(seconds=gap_seconds)
    return Overdue.RECALL if is_over else None


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
