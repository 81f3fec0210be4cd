"""Who forecasts a wait in the simulated clinic: the textbook's ways, and the product's own rules.

Each is told every line of the log, and learns from nothing else.
"""

from collections import defaultdict
from datetime import datetime
from typing import Protocol

from app.waits import rules
from benchmarks.clinic import Class, Fact, Kind, RoomVisit

Group = tuple[str, Class]
# Until a room was seen at work: what a hospital would have written into the settings.
CONFIGURED_SECONDS = 300.0


class Forecaster(Protocol):
    """Says how many seconds a visit that joins will wait, or that it does not know."""

    def learn(self, fact: Fact) -> None:
        """Take in a line of the log."""

    def forecast(self, visit: RoomVisit) -> float | None:
        """Return the seconds that this visit will wait, from what was known when it joined."""


def _group(visit: RoomVisit) -> Group:
    return visit.room.name, visit.came


class Mean:
    """A running mean by key; `first` while nothing was seen."""

    def __init__(self, first: float) -> None:
        self._first = first
        self._sums: defaultdict[object, list[float]] = defaultdict(lambda: [0.0, 0.0])

    def add(self, key: object, value: float) -> None:
        """Take in one value."""
        sums = self._sums[key]
        sums[0] += value
        sums[1] += 1

    def of(self, key: object) -> float:
        """Return the mean so far."""
        total, count = self._sums[key]
        return total / count if count else self._first


class ConstantMean:
    """The mean wait of everybody of this class in this room so far."""

    def __init__(self) -> None:
        self._waits = Mean(0.0)

    def learn(self, fact: Fact) -> None:
        """Take in a wait that ended."""
        if fact.kind is Kind.CALLED:
            self._waits.add(_group(fact.visit), fact.visit.wait_seconds)

    def forecast(self, visit: RoomVisit) -> float:
        """Return the mean."""
        return self._waits.of(_group(visit))


class LastToEnter(ConstantMean):
    """LES: the wait of whoever of this class was called last today."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[Group, RoomVisit] = {}

    def learn(self, fact: Fact) -> None:
        """Remember who was called."""
        super().learn(fact)
        if fact.kind is Kind.CALLED:
            self._last[_group(fact.visit)] = fact.visit

    def forecast(self, visit: RoomVisit) -> float:
        """Return the last one's wait; the mean for the day's first."""
        last = self._last.get(_group(visit))
        is_todays = last is not None and last.day == visit.day
        return last.wait_seconds if last and is_todays else super().forecast(visit)


class HeadOfLine:
    """HOL: how long the first of this class in the line has waited so far."""

    def __init__(self) -> None:
        self._waiting: defaultdict[Group, dict[RoomVisit, datetime]] = defaultdict(dict)

    def learn(self, fact: Fact) -> None:
        """Keep the line."""
        waiting = self._waiting[_group(fact.visit)]
        if fact.kind is Kind.JOINED:
            waiting[fact.visit] = fact.at
        elif fact.kind is Kind.CALLED:
            del waiting[fact.visit]

    def forecast(self, visit: RoomVisit) -> float:
        """Return the delay of the head of the line; nothing where there is none."""
        since = next(iter(self._waiting[_group(visit)].values()), visit.joined)
        return (visit.joined - since).total_seconds()


class QueueLength:
    """QL: (ahead + 1) * mean / servers; nothing where a place is free and nobody is ahead.

    At its best: it knows who of the staff has not come today. Of lunch and errands it knows nothing.
    """

    def __init__(self) -> None:
        self._service = Mean(CONFIGURED_SECONDS)

    def learn(self, fact: Fact) -> None:
        """Take in a service that ended."""
        if fact.kind is Kind.DONE:
            self._service.add(fact.visit.room.name, fact.seconds)

    def service_seconds(self, visit: RoomVisit) -> float:
        """Return the pace of the room."""
        return self._service.of(visit.room.name)

    def forecast(self, visit: RoomVisit) -> float | None:
        """Return the formula's figure."""
        servers = max(stretch.staff for stretch in visit.plan)
        if visit.ahead == 0 and visit.busy < servers:
            return 0.0
        return (visit.ahead + 1) * self.service_seconds(visit) / servers


class QueueLengthEwma(QueueLength):
    """QL with the pace of today: a moving mean that begins each day from the slow one."""

    def __init__(self) -> None:
        super().__init__()
        self._long: dict[str, float] = {}
        self._today: dict[str, tuple[int, float]] = {}

    def learn(self, fact: Fact) -> None:
        """Follow the service times, fast within the day and slowly over the days."""
        if fact.kind is not Kind.DONE:
            return
        name, day = fact.visit.room.name, fact.visit.day
        before = self._pace(name, day)
        self._today[name] = (day, rules.smoothed(before, fact.seconds, rules.ALPHA_DAY))
        self._long[name] = rules.smoothed(self._long.get(name), fact.seconds, rules.ALPHA_LONG)

    def service_seconds(self, visit: RoomVisit) -> float:
        """Return today's pace."""
        pace = self._pace(visit.room.name, visit.day)
        return CONFIGURED_SECONDS if pace is None else pace

    def _pace(self, name: str, day: int) -> float | None:
        seen, pace = self._today.get(name, (-1, 0.0))
        return pace if seen == day else self._long.get(name)


class QueueLengthPlan(QueueLengthEwma):
    """QL-plan: the product's rules, with today's pace and the plan of who is at work."""

    def forecast(self, visit: RoomVisit) -> float | None:
        """Return what a phone would be told."""
        plan = visit.plan
        if visit.away:
            plan = rules.with_away(plan, visit.joined, [None] * visit.away)
        seconds = self.service_seconds(visit)
        return rules.eta_seconds(visit.ahead, seconds, plan, visit.joined, busy=visit.busy)


FORMULA, PLAN = "QL (ahead+1)*mean/servers", "QL-plan (app.waits.rules)"


def forecasters() -> dict[str, Forecaster]:
    """Return everybody, fresh, in the order of the table."""
    return {
        "constant mean": ConstantMean(),
        "LES, last to enter": LastToEnter(),
        "HOL, head of line": HeadOfLine(),
        FORMULA: QueueLength(),
        "QL + EWMA": QueueLengthEwma(),
        PLAN: QueueLengthPlan(),
    }
