"""What the rules of the play look at, and what they say: the lines, the people, the next move."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import IntEnum
from random import Random
from uuid import UUID

from app.core.actor import Actor
from app.demo.people import PREFIXES, Kind
from app.journey.queries import UnderWay
from app.journey.states import State
from app.queues.states import EntryStatus

ENGAGED = frozenset({State.CALLED, State.ONGOING})

Cast = Mapping[str, Actor]


class Deed(IntEnum):
    """What somebody of the play does; the lower, the sooner where there is much to do."""

    COMPLETE = 1
    START = 2
    MISS = 3
    UNCALL = 4
    RECALL = 5
    PAUSE = 6
    ADD_STEP = 7
    ORDER = 8
    OPEN_ROOM = 9
    PAUSE_ROOM = 10
    RESUME = 11
    RE_ENTER = 12
    PRIORITISE = 13
    HOLD = 14
    SKIP_ONCE = 15
    TRANSFER = 16
    WAIVE = 17
    CANCEL = 18
    LEAVE = 19
    TRANSFER_OUT = 20
    START_DIRECT = 21
    CALL = 22
    PAY = 23
    REGISTER = 24
    ARRIVE = 25
    JOIN = 26
    WALK_IN = 27
    BOOK = 28


@dataclass(frozen=True, slots=True)
class Room:
    """A room, with the version that was seen."""

    id: UUID
    version: int
    is_open: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A queue of the simulated day and its rooms."""

    id: UUID
    code: str
    service: str
    rooms: tuple[Room, ...]

    @property
    def open_rooms(self) -> tuple[Room, ...]:
        """Return the rooms that take patients."""
        return tuple(room for room in self.rooms if room.is_open)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One deed, by whom it concerns; whoever comes new has only services."""

    deed: Deed
    visit: UnderWay | None = None
    line: Line | None = None
    room: Room | None = None
    to: tuple[Line, ...] = ()
    until: datetime | None = None
    services: tuple[str, ...] = ()
    overtakes_reserved: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All that the rules look at.

    `coming` says for which service a visit was made, `breaks` until when the play's own staff left a room.
    """

    now: datetime
    seconds: float
    today: date
    visits: Sequence[UnderWay]
    open_steps: Mapping[str, int]
    lines: Sequence[Line]
    coming: Mapping[UUID, str] = field(default_factory=dict)
    breaks: Mapping[UUID, datetime] = field(default_factory=dict)

    def waiting(self, line: Line) -> list[UnderWay]:
        """Return who waits in a line, in the order of service."""
        return [v for v in self.visits if v.queue_id == line.id and v.entry_status == EntryStatus.WAITING]

    def engaged(self, line: Line) -> list[UnderWay]:
        """Return who is called into or inside a room of the line."""
        return [v for v in self.visits if v.queue_id == line.id and v.point_id and v.state in ENGAGED]

    def offering(self, service: str) -> list[Line]:
        """Return the lines of a service, those with an open room and the shortest first."""
        found = [line for line in self.lines if line.service == service]
        return sorted(found, key=lambda line: (not line.open_rooms, len(self.waiting(line))))

    def is_over(self, since: datetime | None, seconds: float) -> bool:
        """Say whether so many seconds have passed since then."""
        return since is not None and self.now >= since + timedelta(seconds=seconds)

    def happens(self, mean_seconds: float, luck: Random) -> bool:
        """Decide without memory whether something of this mean happens within the beat."""
        return luck.random() < self.seconds / mean_seconds


def is_of_the_play(visit: UnderWay) -> bool:
    """Say whether somebody is one of the town: nobody else is delayed, sent away or done anything unusual to."""
    return visit.mrn.startswith(PREFIXES[Kind.TOWN]) and not visit.is_demo_reserved


def drawn(visit: UnderWay, what: str) -> Random:
    """Return the luck of one patient in one round of calls: the same whenever asked, also after a restart."""
    return Random(f"{visit.entry_id or visit.visit_id}:{visit.round}:{what}")  # noqa: S311 - a play
