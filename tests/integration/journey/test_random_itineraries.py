"""Days of many patients, lines and stations at once: what must hold always does, and undo is exact for everybody."""

import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from app.core.actor import SYSTEM, Actor
from app.core.db import db
from app.core.errors import RefusedError
from app.core.transaction import release
from app.journey import services as journey
from app.journey.models import FlowEvent, Visit, VisitStep
from app.journey.services import Outcome
from app.journey.states import OPEN_STEPS, TABLE, Command, Reason, State
from app.queues import services as queues
from app.queues.models import Call, Queue, QueueEntry, ServicePoint
from app.queues.states import EntryStatus, PriorityClass, slots_of
from tests.hospital import ALL_DAY, SITE, Hospital
from tests.integration.journey.scenes import CONFIRMED, WHY

# code -> (may stand beside its neighbours, what it must follow): nobody eats before the blood test.
STATIONS: dict[str, tuple[bool, tuple[str, ...]]] = {
    "weight": (False, ()),
    "blood": (True, ()),
    "xray": (True, ()),
    "breakfast": (True, ("blood",)),
    "stress": (True, ("breakfast",)),
    "talk": (False, ("xray", "blood")),
}
FOLLOWS = {code: frozenset(follows) for code, (_, follows) in STATIONS.items()}
MOST_VISITS = 10
MORNING = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)  # nine o'clock in Seoul
TO_HELD = (
    "priority_class",
    "rank_class",
    "eligible_at",
    "overtaken",
    "round",
    "call_count",
    "re_entries",
    "own_holds",
)
RESTORED = (
    *TO_HELD,
    *("status", "queue_id", "step_id", "number", "held_until", "held_reason", "served_seconds", "is_placed"),
    *(
        "service_point_id",
        "pinned_point_id",
        "active_slot",
        "engaged_slot",
        "serving_slot",
        "called_at",
        "started_at",
    ),
)
# Once in so many commands; the rest of the weight leads patients on.
RARE = (
    *(
        Command.RECALL,
        Command.MISS,
        Command.UNCALL,
        Command.RE_ENTER,
        Command.HOLD,
        Command.RESUME,
        Command.PAUSE,
    ),
    *(
        Command.SKIP_ONCE,
        Command.PRIORITY,
        Command.TRANSFER,
        Command.WAIVE,
        Command.ADD_STEP,
        Command.START_DIRECT,
    ),
    *(
        Command.CANCEL,
        Command.LEAVE,
        Command.TRANSFER_OUT,
        Command.VOID,
        Command.CLOSE,
        Command.UNDO,
        Command.CALL,
    ),
)


class Day:
    """One random day in a house of six stations, told by its seed."""

    def __init__(self, hospital: Hospital, seed: int) -> None:
        self.hospital, self.dice = hospital, random.Random(seed)  # noqa: S311 - a day that can be walked again
        self.anne, self.grace, self.flora = hospital.cast.anne, hospital.cast.grace, hospital.cast.flora
        self.given = Counter[str]()
        self.lines: dict[str, UUID] = {}
        self.rooms: dict[UUID, list[UUID]] = {}
        chris = hospital.cast.chris
        for code, (is_any_order, follows) in STATIONS.items():
            queues.offer(
                code, name_ko=code, name_en=code, is_any_order=is_any_order, follows=follows, by=chris
            )
            line = queues.open_queue(
                f"q-{code}",
                service=code,
                site=SITE,
                unit=hospital.ward,
                name_ko=code,
                name_en=code,
                place="2f-demo-1",
                rules=ALL_DAY,
                by=chris,
            )
            self.lines[code] = line
            self.rooms[line] = [
                queues.add_room(
                    line, name_ko=f"{code} {n}", name_en=f"{code} {n}", place="2f-demo-1", by=chris
                )
                for n in (1, 2)
            ]
        self.visits: list[UUID] = []

    def step(self) -> None:
        """Give one command that may or may not fit; sometimes take it back and see that all is as before."""
        if len(self.visits) < MOST_VISITS and self.dice.random() < 0.3:
            self.arrive()
            return
        if not self.visits:
            return
        visit_id = self.dice.choice(self.visits)
        release()
        visit = db.session.execute(select(Visit).where(Visit.public_id == visit_id)).scalar_one()
        entry = db.session.execute(
            select(QueueEntry).where(QueueEntry.visit_id == visit.id, QueueEntry.active_slot == 1)
        ).scalar_one_or_none()
        command = self.dice.choice(RARE) if self.dice.random() < 0.4 else onward(visit, entry)
        work, by = self.work(command, visit, entry)
        before = self.picture() if self.dice.random() < 0.35 else None
        if work is None:
            return
        try:
            outcome = work()
        except RefusedError as refused:
            release()
            self.given[refused.code] += 1
            if before is not None:
                assert self.picture() == before, f"{command} was refused and changed something"
            return
        self.given[command] += 1
        if before is not None and command is not Command.UNDO:
            self.take_back(outcome, by, before, command)
        if visit.state == State.FINISHED and self.dice.random() < 0.5 and visit_id in self.visits:
            self.visits.remove(visit_id)

    def arrive(self) -> None:
        """Let somebody come with some of the stations, in whatever order they were booked."""
        planned = self.dice.sample(sorted(STATIONS), self.dice.randint(1, 5))
        visit = self.hospital.expect(*planned)
        self.check_plan(visit)
        journey.arrive(visit, by=self.hospital.cast.henry)
        journey.register(visit, version=2, by=self.hospital.cast.henry)
        self.visits.append(visit)

    def take_back(self, outcome: Outcome, by: Actor, before: dict[str, Any], command: Command) -> None:
        """P9: undo brings states, places and everybody's counters back."""
        journey.undo(outcome.visit_id, version=outcome.visit_version, by=by)
        self.given[Command.UNDO] += 1
        after = self.picture()
        assert after == before, f"undo of {command}"

    def work(
        self, command: Command, visit: Visit, entry: QueueEntry | None
    ) -> tuple[Callable[[], Outcome] | None, Actor]:
        """Return a command as its giver's page would send it."""
        cast = self.hospital.cast
        by = {
            Command.ADD_STEP: self.grace,
            Command.WAIVE: self.grace,
            Command.VOID: self.flora,
            Command.CLOSE: self.flora,
            Command.PAY: cast.iris,
            Command.UNDO: self.flora,
        }.get(command, self.anne)
        one, version = visit.public_id, visit.version
        of_visit: dict[Command, Callable[[], Outcome]] = {
            Command.JOIN: lambda: journey.join(one, by=by),
            Command.PAY: lambda: journey.pay(one, version=version, method="card", by=by),
            Command.UNDO: lambda: journey.undo(one, version=version, by=by),
            Command.WAIVE: lambda: journey.waive(one, version=version, reason=WHY, by=by),
            Command.ADD_STEP: lambda: journey.add_step(
                one,
                service=self.dice.choice(sorted(STATIONS)),
                version=version,
                is_mandatory=self.dice.random() < 0.7,
                by=by,
            ),
            Command.CANCEL: lambda: journey.cancel(one, version=version, reason=WHY, by=by),
            Command.LEAVE: lambda: journey.leave(one, version=version, by=by),
            Command.TRANSFER_OUT: lambda: journey.transfer_out(one, version=version, reason=WHY, by=by),
            Command.VOID: lambda: journey.void(one, version=version, reason=WHY, by=by),
            Command.CLOSE: lambda: journey.close(one, version=version, reason=WHY, by=by),
        }
        if command in of_visit:
            return of_visit[command], by
        return (None if entry is None else self.of_entry(command, entry, by)), by

    def of_entry(self, command: Command, entry: QueueEntry, by: Actor) -> Callable[[], Outcome]:
        """Return a command on an entry."""
        one, version = entry.public_id, entry.version
        line = db.session.execute(select(Queue.public_id).where(Queue.id == entry.queue_id)).scalar_one()
        room = self.dice.choice(self.rooms[line])
        plain = {
            Command.RECALL: journey.recall,
            Command.MISS: journey.miss,
            Command.UNCALL: journey.uncall,
            Command.RE_ENTER: journey.re_enter,
            Command.RESUME: journey.resume,
        }
        said = {
            Command.HOLD: journey.hold,
            Command.PAUSE: journey.pause,
            Command.SKIP_ONCE: journey.skip_once,
        }
        others: dict[Command, Callable[[], Outcome]] = {
            Command.CALL: lambda: (
                journey.call_next(line, room, by=by)
                if self.dice.random() < 0.6
                else journey.call_patient(one, room, version=version, confirm=CONFIRMED, reason=WHY, by=by)
            ),
            Command.START: lambda: journey.start(one, version=version, confirm=CONFIRMED, by=by),
            Command.START_DIRECT: lambda: journey.start_direct(
                one, room, version=version, confirm=CONFIRMED, reason=WHY, by=by
            ),
            Command.COMPLETE: lambda: journey.complete(one, version=version, confirm=CONFIRMED, by=by),
            Command.PRIORITY: lambda: journey.prioritise(
                one, priority=self.dice.randint(0, 2), version=version, reason=WHY, by=by
            ),
            Command.TRANSFER: lambda: self.transfer(one, version, by),
        }
        if command in plain:
            return lambda: plain[command](one, version=version, by=by)
        if command in said:
            return lambda: said[command](one, version=version, reason=WHY, by=by)
        return others[command]

    def transfer(self, entry: UUID, version: int, by: Actor) -> Outcome:
        """Send somebody to some line or some room, whether or not it fits."""
        line = self.dice.choice(sorted(self.lines.values()))
        room = self.dice.choice([None, self.dice.choice(self.rooms[line])])
        return journey.transfer(
            entry,
            version=version,
            queue_id=None if room else line,
            service_point_id=room,
            keeps_credit=self.dice.choice([None, True, False]),
            by=by,
        )

    def picture(self) -> dict[str, Any]:
        """Return all that undo must bring back, of everybody."""
        release()
        entries = db.session.execute(select(QueueEntry).where(QueueEntry.active_slot == 1)).scalars()
        visits = db.session.execute(select(Visit)).scalars()
        steps = db.session.execute(select(VisitStep).where(VisitStep.status != "cancelled")).scalars()
        calls = db.session.execute(select(Call).where(Call.live_slot == 1)).scalars()
        return {
            "entries": {one.id: {name: getattr(one, name) for name in RESTORED} for one in entries},
            "visits": {
                one.id: (one.state, one.disposition, one.open_slot, one.closed_at, one.day_number)
                for one in visits
            },
            "steps": {one.id: one.status for one in steps},
            "calls": {one.id: (one.round, one.attempt, one.answered_at) for one in calls},
        }

    def check_plan(self, visit_id: UUID) -> None:
        """P19: whatever must follow something waits for it, directly or by way of others."""
        release()
        steps = list(
            db.session.execute(
                select(VisitStep)
                .join(Visit, Visit.id == VisitStep.visit_id)
                .where(Visit.public_id == visit_id)
            ).scalars()
        )
        after = {step.ordinal: set(step.after) for step in steps}
        for step in steps:
            for other in steps:
                if other.service_code in FOLLOWS[step.service_code]:
                    assert other.ordinal in all_before(step.ordinal, after), (
                        step.service_code,
                        other.service_code,
                    )

    def check(self) -> None:
        """Look at everything that must be true at any time."""
        release()
        visits = {one.id: one for one in db.session.execute(select(Visit)).scalars()}
        entries = list(db.session.execute(select(QueueEntry)).scalars())
        steps: dict[int, list[VisitStep]] = {}
        for step in db.session.execute(select(VisitStep)).scalars():
            steps.setdefault(step.visit_id, []).append(step)
        check_numbers(list(visits.values()), entries)
        check_places(entries)
        for entry in entries:
            if entry.active_slot:
                check_precedence(entry, steps[entry.visit_id])
        for visit in visits.values():
            if visit.state == State.PAYMENT:
                left = [one for one in steps[visit.id] if one.is_mandatory and one.status in OPEN_STEPS]
                assert not left, "nobody pays while a mandatory step is open"
            check_history(visit)


def onward(visit: Visit, entry: QueueEntry | None) -> Command:
    """Return what leads a visit on."""
    if entry is None:
        return {State.PAYMENT: Command.PAY}.get(State(visit.state), Command.JOIN)
    return {
        EntryStatus.WAITING: Command.CALL,
        EntryStatus.CALLED: Command.START,
        EntryStatus.IN_SERVICE: Command.COMPLETE,
        EntryStatus.HELD: Command.RESUME,
        EntryStatus.NO_SHOW: Command.RE_ENTER,
    }[EntryStatus(entry.status)]


def all_before(ordinal: int, after: dict[int, set[int]]) -> set[int]:
    found, pending = set[int](), [ordinal]
    while pending:
        new = after.get(pending.pop(), set()) - found
        found |= new
        pending += new
    return found


def check_numbers(visits: list[Visit], entries: list[QueueEntry]) -> None:
    """P1: one number, all day, at every desk; none given twice, none left out."""
    given = [visit.day_number for visit in visits if visit.day_number is not None]
    assert sorted(given) == list(range(1, len(given) + 1))
    by_row = {visit.id: visit.day_number for visit in visits}
    assert all(entry.number == by_row[entry.visit_id] for entry in entries)


def check_places(entries: list[QueueEntry]) -> None:
    """P2, P15: one line and one room for each, one patient in each place, the urgent in the urgent class."""
    points = {
        row.id: row.queue_id for row in db.session.execute(select(ServicePoint.id, ServicePoint.queue_id))
    }
    for entry in entries:
        slots = slots_of(EntryStatus(entry.status))
        held = (entry.active_slot, entry.engaged_slot, entry.serving_slot)
        assert tuple(slot is not None for slot in held) == (slots.active, slots.engaged, slots.serving)
        if entry.engaged_slot:
            assert entry.service_point_id is not None
            assert points[entry.service_point_id] == entry.queue_id
        if entry.active_slot and entry.priority_class == PriorityClass.URGENT:
            assert entry.rank_class == PriorityClass.URGENT
        assert entry.overtaken >= 0
    for slot in ("active_slot", "engaged_slot"):
        assert max(Counter(one.visit_id for one in entries if getattr(one, slot)).values(), default=1) == 1
    called = Counter(one.service_point_id for one in entries if one.status == EntryStatus.CALLED)
    inside = Counter(one.service_point_id for one in entries if one.serving_slot)
    assert max(called.values(), default=1) == max(inside.values(), default=1) == 1


def check_precedence(entry: QueueEntry, steps: list[VisitStep]) -> None:
    """P19: whoever stands in a line has done what comes before it."""
    by_ordinal = {one.ordinal: one for one in steps}
    own = next(one for one in steps if one.id == entry.step_id)
    assert own.status == "active"
    assert [one.id for one in steps if one.status == "active"] == [own.id]
    for ordinal in own.after:
        assert by_ordinal[ordinal].status not in OPEN_STEPS, (
            own.service_code,
            by_ordinal[ordinal].service_code,
        )


def check_history(visit: Visit) -> None:
    """P16, P17: no gap, no overlap; the parts make the whole stay; who overtakes or puts aside has said why."""
    lines = list(
        db.session.execute(
            select(FlowEvent).where(FlowEvent.visit_id == visit.id).order_by(FlowEvent.seq)
        ).scalars()
    )
    assert [line.seq for line in lines] == list(range(1, visit.history_length + 1))
    parts = [(b.at - a.at).total_seconds() for a, b in pairwise(lines)]
    assert all(a.to_state == b.from_state for a, b in pairwise(lines))
    assert all(part >= 0 for part in parts)
    if lines:
        assert (lines[0].from_state, lines[-1].to_state) == (State.UNREGISTERED, visit.state)
    is_corrected = bool(lines) and lines[-1].command in {Command.VOID, Command.UNDO}
    if visit.arrived_at is not None and visit.closed_at is not None and not is_corrected:
        assert sum(parts) == pytest.approx((visit.closed_at - visit.arrived_at).total_seconds())
    for line in lines:
        assert line.actor_role
        if TABLE[Command(line.command)].reason is Reason.ALWAYS:
            assert line.reason


def walk(hospital: Hospital, *, seed: int, commands: int, check_every: int = 1) -> Day:
    day = Day(hospital, seed)
    with time_machine.travel(MORNING, tick=False) as clock:
        for number in range(1, commands + 1):
            clock.shift(day.dice.randint(0, 120))
            queues.age_lines(by=SYSTEM)  # long waiting is nobody's command, so no undo takes it back
            day.step()
            if number % check_every == 0:
                day.check()
        day.check()
    return day


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_random_day_of_six_stations_keeps_every_promise(
    sqlite_app: Flask, hospital: Hospital, seed: int
) -> None:
    day = walk(hospital, seed=seed, commands=160)
    assert day.given[Command.UNDO] > 5


def test_a_random_day_of_six_stations_on_mariadb(mariadb_app: Flask, hospital: Hospital) -> None:
    walk(hospital, seed=7, commands=60)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(200, 220))
def test_ten_thousand_commands_at_six_stations_keep_every_promise(
    sqlite_app: Flask, hospital: Hospital, seed: int
) -> None:
    day = walk(hospital, seed=seed, commands=500, check_every=10)
    assert sum(day.given[command] for command in Command) > 120
