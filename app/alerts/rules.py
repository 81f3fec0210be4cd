"""Which alerts there are, who has to do what, and when one moves by itself: one pure table (ux.md W7).

Joint Commission SEA 50: 85 to 99 % of alarms need no action, and then the rest is not heard either. So nothing is
an alert that has no action and no owner.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import median
from typing import Final
from uuid import UUID

from app.accounts.roles import DRIVERS, Role
from app.core.words import N_


class Kind(StrEnum):
    """Why somebody is wanted."""

    URGENT_LEFT = "urgent-left"
    KIOSK_HELP = "kiosk-help"
    NO_NEXT_STEP = "no-next-step"
    EMERGENCY_ACCESS = "emergency-access"


class Post(StrEnum):
    """Where alerts are answered: by a unit's ward, by the reception, by the charge nurses of the house."""

    WARD = "ward"
    DESK = "desk"
    CHARGE = "charge"


class State(StrEnum):
    """Where an alert stands; derived, never stored."""

    OPEN = "open"
    SNOOZED = "snoozed"
    TAKEN = "taken"
    ENDED = "ended"


class Outcome(StrEnum):
    """How an alert ended: acted on, needed nothing, nobody acted in time, its cause went away by itself."""

    DONE = "done"
    DISMISSED = "dismissed"
    LAPSED = "lapsed"
    CLEARED = "cleared"


class Move(StrEnum):
    """What the clock does with an alert that waits."""

    LAPSE = "lapse"
    ESCALATE = "escalate"
    WAKE = "wake"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """What a kind of alert says, who answers it, and what they are to do."""

    priority: int
    owner: Post
    says: str
    action: str
    lapses_after: timedelta


WAYS: Final[Mapping[Kind, Way]] = {
    # domain.md V16: whoever was triaged as urgent and goes unseen is the risk of leaving without being seen.
    Kind.URGENT_LEFT: Way(
        priority=1,
        owner=Post.WARD,
        says=N_("A priority patient has left"),
        action=N_("Phone the patient and tell the doctor in charge."),
        lapses_after=timedelta(hours=8),
    ),
    # ux.md K20. Nobody stands at a kiosk for half an hour.
    Kind.KIOSK_HELP: Way(
        priority=1,
        owner=Post.DESK,
        says=N_("Help is wanted at a kiosk"),
        action=N_("Go to the kiosk and help."),
        lapses_after=timedelta(minutes=30),
    ),
    # decisions.md 2: where no step can be joined the visit stays WAITING, and the desk is told.
    Kind.NO_NEXT_STEP: Way(
        priority=2,
        owner=Post.DESK,
        says=N_("A patient waits in no queue"),
        action=N_("Open the visit and choose the next queue."),
        lapses_after=timedelta(hours=12),
    ),
    # decisions.md 4: who opens a record of another unit is read by those who answer for its patients.
    Kind.EMERGENCY_ACCESS: Way(
        priority=2,
        owner=Post.WARD,
        says=N_("A patient's record was opened in an emergency"),
        action=N_("Ask who opened it and why; report it where it was not needed."),
        lapses_after=timedelta(hours=12),
    ),
}
ESCALATES_AFTER: Final = timedelta(minutes=5)
SNOOZES: Final = (5, 10, 15)
MOST_SNOOZED_MINUTES: Final = (
    15  # of all snoozes of one alert together: else three of them hide it for an hour
)
SOUNDS_FROM: Final = 1
LONGEST_REASON: Final = 120
LEAST_ACTED_SHARE: Final = 0.5

# Who answers at which post; a post of a unit is that unit's alone, which the facts of the permission say.
READERS: Final[Mapping[Post, frozenset[Role]]] = {
    Post.WARD: DRIVERS,
    Post.DESK: frozenset({Role.DESK}),
    Post.CHARGE: frozenset({Role.CHARGE_NURSE}),
}
# Who hears it at once. The charge nurse hears what was not answered; doctors are with a patient and hear nothing.
RINGS_AT_ONCE: Final = frozenset({Role.NURSE, Role.TECHNICIAN, Role.DESK})
RINGS_LATE: Final = frozenset({Role.CHARGE_NURSE})

# The posts that no unit owns, by ids that never change.
DESK_ID: Final = UUID("a1e27000-0000-5000-8000-0000000000d1")
CHARGE_ID: Final = UUID("a1e27000-0000-5000-8000-0000000000c1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the rules look at of one alert."""

    kind: Kind
    raised_at: datetime
    taken_at: datetime | None = None
    snoozed_until: datetime | None = None
    escalated_at: datetime | None = None
    ended_at: datetime | None = None


def kind_of_post(post_id: UUID) -> Post:
    """Return what a post is by its id: those of the house have fixed ones, all others are units'."""
    return {DESK_ID: Post.DESK, CHARGE_ID: Post.CHARGE}.get(post_id, Post.WARD)


def state_of(facts: Facts, now: datetime) -> State:
    """Return where an alert stands now."""
    if facts.ended_at is not None:
        return State.ENDED
    if facts.taken_at is not None:
        return State.TAKEN
    is_snoozed = facts.snoozed_until is not None and facts.snoozed_until > now
    return State.SNOOZED if is_snoozed else State.OPEN


def move_due(facts: Facts, now: datetime) -> Move | None:
    """Return what the clock does with an alert now.

    One that nobody has taken is told on after five minutes, once; a snooze is somebody's word and is waited for.
    """
    if facts.ended_at is not None:
        return None
    if now - facts.raised_at >= WAYS[facts.kind].lapses_after:
        return Move.LAPSE
    if facts.taken_at is not None or state_of(facts, now) is State.SNOOZED:
        return None
    if facts.escalated_at is None and now - facts.raised_at >= ESCALATES_AFTER:
        return Move.ESCALATE
    return Move.WAKE if facts.snoozed_until is not None else None


def posts_of(owner: Post, post_id: UUID, *, is_escalated: bool) -> tuple[UUID, ...]:
    """Return the posts where an alert is shown.

    A ward's own charge nurse sees the ward's post; what the reception left unanswered goes to all charge nurses.
    """
    return (post_id, CHARGE_ID) if owner is Post.DESK and is_escalated else (post_id,)


def may_answer(role: str, owner: Post, *, is_escalated: bool) -> bool:
    """Whether somebody of this role answers such an alert; the unit is the permission's own question."""
    posts = {owner, Post.CHARGE} if owner is Post.DESK and is_escalated else {owner}
    return any(Role(role) in READERS[post] for post in posts)


def rings(role: str, *, priority: int, state: State, is_escalated: bool) -> bool:
    """Whether an alert may be heard by somebody of this role: priority 1 only, while nobody has taken it."""
    if priority > SOUNDS_FROM or state is not State.OPEN:
        return False
    return Role(role) in RINGS_AT_ONCE or (is_escalated and Role(role) in RINGS_LATE)


def snoozes_left(snoozed_minutes: int) -> tuple[int, ...]:
    """Return for how many minutes an alert may still be put off."""
    return tuple(one for one in SNOOZES if snoozed_minutes + one <= MOST_SNOOZED_MINUTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One alert of a month, as the report counts it."""

    outcome: Outcome | None
    minutes_to_take: float | None
    is_escalated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What came of a month's alerts; `acted_share` of those that ended, None where none has."""

    raised: int
    ended: int
    acted: int
    escalated: int
    minutes_to_take: float | None

    @property
    def acted_share(self) -> float | None:
        """Return the share that somebody acted on."""
        return self.acted / self.ended if self.ended else None

    @property
    def is_worth_it(self) -> bool | None:
        """Whether at least half were acted on (ux.md W7): else the kind is noise and has to be mended or dropped."""
        return None if self.acted_share is None else self.acted_share >= LEAST_ACTED_SHARE


def measured(told: Collection[Told]) -> Measured:
    """Count a month's alerts of one kind and place."""
    minutes = [one.minutes_to_take for one in told if one.minutes_to_take is not None]
    return Measured(
        raised=len(told),
        ended=sum(one.outcome is not None for one in told),
        acted=sum(one.outcome is Outcome.DONE for one in told),
        escalated=sum(one.is_escalated for one in told),
        minutes_to_take=median(minutes) if minutes else None,
    )
