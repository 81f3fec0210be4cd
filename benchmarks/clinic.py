"""A simulated clinic: sixty days of six rooms, told as the visit log of a real one would tell them.

The world of the waits benchmark. It knows everything; a forecaster is handed only `Fact`s, in the order of time,
and of a visit that joins only what the log holds at that moment.
"""

from bisect import insort
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum, IntEnum
from functools import partial
from heapq import heappop, heappush
from itertools import count
from random import Random

from app.queues.rules import order_of_service
from app.waits.rules import Stretch, with_away

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
MINUTE, HOUR = 60.0, 3600.0
OPENS, LUNCH, AFTER_LUNCH, CLOSES = 9 * HOUR, 12.5 * HOUR, 13.5 * HOUR, 18 * HOUR

DRIFT_DAY, DRIFT, DRIFTING = 40, 1.35, "orthopaedics"
WEEKDAYS = (1.22, 1.02, 0.94, 0.92, 1.0)
BOOKED, WALK_INS, DAY_SPREAD = 170, 123, 0.08
# Walk-ins by the hour, from 8 to 16 o'clock.
HOURS = (6, 17, 20, 15, 6, 9, 14, 9)
NO_SHOW, ABSENT, URGENT = 0.12, 0.04, 0.04
HEAD_START = timedelta(minutes=20)
STAFF_ABSENT, CALLED_AWAY = 0.04, 0.4
SPEED_SPREAD = 0.12


class Class(IntEnum):
    """How somebody came; urgent ones go first, booked ones count as waiting twenty minutes longer."""

    WALK_IN = 0
    BOOKED = 1
    URGENT = 2


@dataclass(frozen=True, slots=True)
class Room:
    """A room and its people; those of `lunches_in_turn` keep the door open over noon."""

    name: str
    staff: int
    service_minutes: float
    spread: float
    lunches_in_turn: bool = False
    has_doctors: bool = False


ROOMS = {
    room.name: room
    for room in (
        Room("registration", 3, 2.2, 0.5, lunches_in_turn=True),
        Room("internal", 4, 8.0, 0.55, has_doctors=True),
        Room("orthopaedics", 3, 7.6, 0.55, has_doctors=True),
        Room("lab", 1, 2.8, 0.4),
        Room("xray", 2, 6.0, 0.4),
        Room("pharmacy", 2, 3.0, 0.5, lunches_in_turn=True),
    )
}


@dataclass(slots=True, eq=False)
class RoomVisit:
    """One wait for one room: what was known at the moment of joining, and later how it went."""

    room: Room
    came: Class
    day: int
    joined: datetime
    ahead: int
    busy: int
    away: int
    plan: tuple[Stretch, ...]
    called: datetime | None = None

    @property
    def wait_seconds(self) -> float:
        """Return how long it was until the call."""
        assert self.called is not None
        return (self.called - self.joined).total_seconds()


class Kind(Enum):
    """What the log notes."""

    JOINED = "joined"
    CALLED = "called"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of the log; `seconds` is how long a finished call has taken (absent patients too)."""

    kind: Kind
    at: datetime
    visit: RoomVisit
    seconds: float = 0.0


@dataclass(slots=True, eq=False)
class Worker:
    """Somebody of a room's staff on one day."""

    shifts: tuple[tuple[float, float], ...]
    speed: float
    errand: tuple[float, float] | None
    is_busy: bool = False

    def is_here(self, now: float) -> bool:
        """Say whether somebody may be called; who has closed the door works until the line is empty."""
        at_work = now >= CLOSES or any(begin <= now < end for begin, end in self.shifts)
        return at_work and not self.is_away(now)

    def is_away(self, now: float) -> bool:
        """Say whether the doctor was called away; a patient inside is finished first."""
        return self.errand is not None and not self.is_busy and self.errand[0] <= now < self.errand[1]


@dataclass(slots=True, eq=False)
class Line:
    """A room's day: who works, who waits."""

    room: Room
    workers: list[Worker]
    plan: tuple[Stretch, ...]
    waiting: list[tuple[tuple[int, datetime, int], "Patient", RoomVisit]] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Patient:
    """A person on the way through the rooms that are left."""

    came: Class
    route: list[str]


class Day:
    """One day of the clinic; events are run in order of time, the earlier written first."""

    def __init__(self, number: int, luck: Random) -> None:
        self.number = number
        self.luck = luck
        self.begins = MONDAY + timedelta(days=number // 5 * 7 + number % 5)
        self.facts: list[Fact] = []
        self._numbers = count()
        self._events: list[tuple[float, int, Callable[[float], None]]] = []
        self.lines = {name: self._line(room) for name, room in ROOMS.items()}

    def run(self) -> list[Fact]:
        """Live through the day; return its log."""
        for at, patient in self._patients():
            self._plan(at, partial(self._join, patient))
        while self._events:
            now, _, happen = heappop(self._events)
            happen(now)
        return self.facts

    def _plan(self, at: float, happen: Callable[[float], None]) -> None:
        heappush(self._events, (at, next(self._numbers), happen))

    def _moment(self, seconds: float) -> datetime:
        return self.begins + timedelta(seconds=seconds)

    def _line(self, room: Room) -> Line:
        present = [turn for turn in range(room.staff) if self.luck.random() >= STAFF_ABSENT] or [0]
        workers = [self._worker(room, turn) for turn in present]
        shifts = [
            Stretch(begin=self._moment(begin), end=self._moment(end), staff=1)
            for worker in workers
            for begin, end in worker.shifts
        ]
        line = Line(room, workers, with_away(shifts, self.begins, []))
        for worker in workers:
            starts = [begin for begin, _ in worker.shifts] + ([worker.errand[1]] if worker.errand else [])
            for start in starts:
                self._plan(start, partial(self._take, line, worker))
        return line

    def _worker(self, room: Room, turn: int) -> Worker:
        early = HOUR if room.lunches_in_turn and turn % 2 else 0.0
        errand = None
        if room.has_doctors and self.luck.random() < CALLED_AWAY:
            begin = self.luck.uniform(OPENS, CLOSES - HOUR)
            errand = (begin, begin + self.luck.uniform(15, 45) * MINUTE)
        shifts = ((OPENS, LUNCH - early), (AFTER_LUNCH - early, CLOSES))
        return Worker(shifts, self.luck.lognormvariate(0, SPEED_SPREAD), errand)

    def _patients(self) -> Iterator[tuple[float, Patient]]:
        """Yield who comes today, and when: booked ones around their time, walk-ins by the hour."""
        crowd = WEEKDAYS[self.number % 5] * self.luck.lognormvariate(0, DAY_SPREAD)
        for _ in range(round(BOOKED * crowd)):
            booked = self.luck.uniform(OPENS, 16.5 * HOUR)
            if LUNCH - 15 * MINUTE < booked < AFTER_LUNCH:
                booked += HOUR
            at = max(8.3 * HOUR, booked + self.luck.gauss(-12, 10) * MINUTE)
            if self.luck.random() >= NO_SHOW:
                yield at, self._patient(Class.BOOKED)
        for _ in range(round(WALK_INS * crowd)):
            hour = self.luck.choices(range(8, 16), HOURS)[0]
            at = max(8.3, hour + self.luck.random()) * HOUR
            yield at, self._patient(Class.WALK_IN)

    def _patient(self, came: Class) -> Patient:
        luck = self.luck.random
        is_internal = luck() < 0.6
        route = ["registration", "internal" if is_internal else "orthopaedics"]
        route += ["lab"] if luck() < (0.5 if is_internal else 0.15) else []
        route += ["xray"] if luck() < (0.15 if is_internal else 0.55) else []
        route += ["pharmacy"] if luck() < 0.6 else []
        return Patient(Class.URGENT if luck() < URGENT else came, route)

    def _join(self, patient: Patient, now: float) -> None:
        line = self.lines[patient.route[0]]
        at = self._moment(now)
        eligible = at - HEAD_START if patient.came is Class.BOOKED else at
        key = order_of_service(int(patient.came is Class.URGENT), eligible, next(self._numbers))
        visit = RoomVisit(
            room=line.room,
            came=patient.came,
            day=self.number,
            joined=at,
            ahead=sum(other < key for other, _, _ in line.waiting),
            busy=sum(worker.is_busy for worker in line.workers),
            away=sum(worker.is_away(now) for worker in line.workers),
            plan=line.plan,
        )
        self.facts.append(Fact(Kind.JOINED, at, visit))
        insort(line.waiting, (key, patient, visit))
        for worker in line.workers:
            self._take(line, worker, now)

    def _take(self, line: Line, worker: Worker, now: float) -> None:
        """Let somebody who is free and here call the first of the line."""
        if worker.is_busy or not line.waiting or not worker.is_here(now):
            return
        _, patient, visit = line.waiting.pop(0)
        visit.called = self._moment(now)
        self.facts.append(Fact(Kind.CALLED, visit.called, visit))
        worker.is_busy = True
        is_absent = self.luck.random() < ABSENT
        lasts = self.luck.uniform(1, 3) * MINUTE if is_absent else self._service_seconds(line.room, worker)

        def done(now: float) -> None:
            worker.is_busy = False
            self.facts.append(Fact(Kind.DONE, self._moment(now), visit, lasts))
            self._go_on(patient, now, is_absent=is_absent)
            self._take(line, worker, now)

        self._plan(now + lasts, done)

    def _go_on(self, patient: Patient, now: float, *, is_absent: bool) -> None:
        """Send the patient to the next room; who was absent comes back to this one."""
        walk = self.luck.uniform(5, 15) if is_absent else self.luck.uniform(1, 4)
        if not is_absent:
            patient.route.pop(0)
        if patient.route:
            self._plan(now + walk * MINUTE, partial(self._join, patient))

    def _service_seconds(self, room: Room, worker: Worker) -> float:
        drift = DRIFT if room.name == DRIFTING and self.number >= DRIFT_DAY else 1.0
        mean = room.service_minutes * MINUTE * drift * worker.speed
        return mean * self.luck.lognormvariate(-(room.spread**2) / 2, room.spread)


def days(seed: int, number: int) -> Iterator[list[Fact]]:
    """Yield the logs of so many working days, the first a Monday; the same seed gives the same clinic."""
    luck = Random(f"clinic:{seed}")  # noqa: S311 - a play
    for day in range(number):
        yield Day(day, luck).run()
