"""What happens next in the simulated day: pure rules over the visits as they stand, at a demo's speed."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import IntEnum
from math import sin, tau
from random import Random
from uuid import UUID

from app.demo.people import PREFIXES, Kind
from app.journey.queries import UnderWay
from app.journey.states import State
from app.queues.states import EntryStatus

# Lines stay between these: a board without a line is dull, a line without an end is no demo.
FEWEST, MOST = 3, 12
LEAST_WANTED, MOST_WANTED, WAVE_SECONDS = 5, 9, 600
FUTURE_ROOM = 3
BOOKINGS_AT_ONCE = 6
# About eight times as fast as a hospital: at this pace each queue moves every few seconds.
SERVICE_SECONDS = {
    "internal": 70,
    "orthopaedics": 60,
    "blood": 45,
    "xray": 45,
    "ultrasound": 60,
    "ecg": 25,
}
SPREAD, SHORTEST, LONGEST = 0.4, 0.4, 2.5
WALK_SECONDS, SLOW_WALK_SECONDS, SLOW_SHARE, RECALL_AFTER_SECONDS = (4, 12), (20, 28), 0.1, 16
REGISTER_SECONDS = (3, 8)
ARRIVE_MEAN_SECONDS, CALL_MEAN_SECONDS, PAY_MEAN_SECONDS, JOIN_MEAN_SECONDS = 6, 3, 10, 30
# What people come for, and how often; the first service is the queue that lacks people.
PLANS: Mapping[str, Sequence[tuple[tuple[str, ...], int]]] = {
    "internal": (
        (("internal",), 4),
        (("internal", "blood"), 3),
        (("internal", "xray"), 1),
        (("internal", "blood", "ecg"), 1),
        (("internal", "ultrasound"), 1),
    ),
    "orthopaedics": ((("orthopaedics",), 4), (("orthopaedics", "xray"), 1), (("orthopaedics", "blood"), 1)),
    "blood": ((("blood",), 1), (("blood", "internal"), 3), (("blood", "ultrasound", "internal"), 1)),
    "xray": ((("xray",), 1), (("xray", "orthopaedics"), 4), (("xray", "internal"), 1)),
    "ultrasound": ((("ultrasound",), 2), (("ultrasound", "internal"), 1)),
    "ecg": ((("ecg",), 2), (("ecg", "internal"), 1)),
}


class Deed(IntEnum):
    """What somebody of the play does; the lower, the sooner where there is much to do."""

    COMPLETE = 1
    START = 2
    RECALL = 3
    CALL = 4
    PAY = 5
    REGISTER = 6
    ARRIVE = 7
    JOIN = 8
    BOOK = 9


@dataclass(frozen=True, slots=True)
class Line:
    """A queue of the simulated day and its open rooms."""

    id: UUID
    service: str
    rooms: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One deed: on a visit, into a room, or the services for which somebody new comes."""

    deed: Deed
    visit: UnderWay | None = None
    line: Line | None = None
    room: UUID | None = None
    services: tuple[str, ...] = ()
    overtakes_reserved: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All that the rules look at; `coming` says for which queue a booked visit was made."""

    now: datetime
    seconds: float
    today: date
    visits: Sequence[UnderWay]
    open_steps: Mapping[str, int]
    lines: Sequence[Line]
    coming: Mapping[UUID, str] = field(default_factory=dict)

    def waiting(self, line: Line) -> list[UnderWay]:
        """Return who waits in a line, in the order of service."""
        return [v for v in self.visits if v.queue_id == line.id and v.entry_status == EntryStatus.WAITING]

    def engaged(self, line: Line) -> list[UnderWay]:
        """Return who is called into or inside a room of the line."""
        return [v for v in self.visits if v.queue_id == line.id and v.point_id and v.state in ENGAGED]


ENGAGED = frozenset({State.CALLED, State.ONGOING})


def moves(scene: Scene, luck: Random) -> list[Move]:
    """Return what is due now, the most pressing first; reserved patients are nobody's business here."""
    due = [move for line in scene.lines for move in _in_line(scene, line, luck)]
    due += [move for visit in scene.visits if (move := _around(scene, visit, luck))]
    due += _newcomers(scene, luck)
    return sorted(due, key=lambda move: move.deed)


def service_seconds(visit: UnderWay, service: str) -> float:
    """Return how long somebody's examination takes; the same whenever asked, also after a restart."""
    factor = Random(f"{visit.entry_id}:service").lognormvariate(0, SPREAD)  # noqa: S311 - a play
    return SERVICE_SECONDS[service] * min(max(factor, SHORTEST), LONGEST)


def walk_seconds(visit: UnderWay) -> float:
    """Return how long somebody takes from the call to the door; a few come only when called again."""
    luck = Random(f"{visit.entry_id}:walk")  # noqa: S311 - a play
    return luck.uniform(*(SLOW_WALK_SECONDS if luck.random() < SLOW_SHARE else WALK_SECONDS))


def wanted(line: Line, now: datetime) -> int:
    """Return how many should wait: every line swells and ebbs in ten minutes, each at its own time."""
    phase = line.id.int % WAVE_SECONDS
    wave = sin(tau * ((now.timestamp() + phase) % WAVE_SECONDS) / WAVE_SECONDS)
    return round((LEAST_WANTED + MOST_WANTED) / 2 + wave * (MOST_WANTED - LEAST_WANTED) / 2)


def _in_line(scene: Scene, line: Line, luck: Random) -> Iterator[Move]:
    engaged = scene.engaged(line)
    for visit in engaged:
        if visit.is_demo_reserved:
            continue
        if visit.state is State.ONGOING and _is_over(
            visit.started_at, service_seconds(visit, line.service), scene
        ):
            yield Move(deed=Deed.COMPLETE, visit=visit, line=line)
        elif visit.state is State.CALLED and _is_over(visit.called_at, walk_seconds(visit), scene):
            yield Move(deed=Deed.START, visit=visit, line=line)
        elif (
            visit.state is State.CALLED
            and visit.call_count == 1
            and _is_over(visit.called_at, RECALL_AFTER_SECONDS, scene)
        ):
            yield Move(deed=Deed.RECALL, visit=visit, line=line)
    in_order = scene.waiting(line)
    callable_ = [visit for visit in in_order if not visit.is_demo_reserved]
    taken = {visit.point_id for visit in engaged}
    for room in line.rooms:
        if room not in taken and len(callable_) > FEWEST and _happens(CALL_MEAN_SECONDS, scene, luck):
            visit = callable_.pop(0)
            passed = any(one.is_demo_reserved for one in in_order[: in_order.index(visit)])
            yield Move(deed=Deed.CALL, visit=visit, line=line, room=room, overtakes_reserved=passed)


def _around(scene: Scene, visit: UnderWay, luck: Random) -> Move | None:
    """Return what a patient of the play does outside the rooms."""
    if not visit.mrn.startswith(PREFIXES[Kind.TOWN]) or visit.is_demo_reserved:
        return None
    if visit.state is State.UNREGISTERED:
        comes = visit.business_date == scene.today and _happens(ARRIVE_MEAN_SECONDS, scene, luck)
        return Move(deed=Deed.ARRIVE, visit=visit) if comes else None
    if visit.state is State.ARRIVED:
        pause = Random(f"{visit.visit_id}").uniform(*REGISTER_SECONDS)  # noqa: S311 - a play
        return Move(deed=Deed.REGISTER, visit=visit) if _is_over(visit.arrived_at, pause, scene) else None
    if visit.state is State.PAYMENT:
        return Move(deed=Deed.PAY, visit=visit) if _happens(PAY_MEAN_SECONDS, scene, luck) else None
    if visit.entry_id is None and _happens(JOIN_MEAN_SECONDS, scene, luck):
        return Move(deed=Deed.JOIN, visit=visit)  # the next queue was closed
    return None


def _newcomers(scene: Scene, luck: Random) -> Iterator[Move]:
    """Yield people for the shortest lines; nobody comes for services that have enough people before them."""
    coming = Counter(scene.coming.values())
    lack = {
        line: wanted(line, scene.now) - len(scene.waiting(line)) - coming[line.service]
        for line in scene.lines
    }
    backlog = {
        line.service: scene.open_steps.get(line.service, 0) - len(scene.engaged(line)) for line in scene.lines
    }
    for line in sorted(lack, key=lack.__getitem__, reverse=True)[:BOOKINGS_AT_ONCE]:
        if lack[line] <= 0 or backlog[line.service] >= MOST:
            continue
        plans = [
            (services, weight)
            for services, weight in PLANS[line.service]
            if all(backlog.get(one, MOST) < MOST - FUTURE_ROOM for one in services[1:])
        ]
        if plans:
            services = luck.choices([plan[0] for plan in plans], [plan[1] for plan in plans])[0]
            backlog.update({one: backlog[one] + 1 for one in services})
            yield Move(deed=Deed.BOOK, services=services)


def _is_over(since: datetime | None, seconds: float, scene: Scene) -> bool:
    return since is not None and scene.now >= since + timedelta(seconds=seconds)


def _happens(mean_seconds: float, scene: Scene, luck: Random) -> bool:
    """Decide without memory whether something of this mean happens within the beat."""
    return luck.random() < scene.seconds / mean_seconds
