"""Days of random commands: numbers stay, nobody stands in two places, histories add up, undo is exact."""

import random
from collections import Counter
from itertools import pairwise
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.core.actor import EMR, Actor
from app.core.db import db
from app.core.errors import RefusedError
from app.core.idempotency import Presented, presenting, was_replayed
from app.core.transaction import release
from app.journey.models import FlowEvent, Visit
from app.journey.states import TABLE, Command, State
from app.queues.models import QueueEntry
from app.queues.states import EntryStatus, slots_of
from tests.hospital import Hospital
from tests.integration.journey.scenes import OF_ENTRY, PATHS, Stage, fingerprint

PLANS = (("consult",), ("lab",), ("lab", "consult"), ("consult", "lab"), ("lab", "consult", "ortho"))
STEPS = sorted(Command)
ONWARD = {
    Command.ARRIVE,
    Command.REGISTER,
    Command.JOIN,
    Command.CALL,
    Command.START,
    Command.COMPLETE,
    Command.PAY,
}
UNDONE = tuple(
    one for one in Command if one not in {Command.UNDO, Command.ARRIVE, Command.REGISTER, Command.JOIN}
)
MOST_VISITS = 12


class Walk:
    """One random day, told by its seed."""

    def __init__(self, hospital: Hospital, seed: int) -> None:
        self.stage, self.dice = Stage(hospital), random.Random(seed)  # noqa: S311 - a day that can be walked again
        self.driver = hospital.cast.anne
        self.visits: list[UUID] = []
        self.numbers: dict[UUID, int] = {}
        self.given, self.tried = Counter[str](), Counter[str]()

    def whose(self, command: Command) -> Actor:
        """Let everybody be allowed: what is tested here are the ways, not the rights."""
        cast = self.stage.hospital.cast
        return {
            Command.ADD_STEP: cast.grace,
            Command.WAIVE: cast.grace,
            Command.REVOKE: EMR,
            Command.VOID: cast.flora,
            Command.CLOSE: cast.flora,
            Command.PAY: cast.iris,
            Command.ARRIVE: cast.henry,
            Command.REGISTER: cast.henry,
            Command.JOIN: cast.henry,
        }.get(command, self.driver)

    def step(self) -> None:
        """Give one command, three times under one key."""
        if len(self.visits) < MOST_VISITS and self.dice.random() < 0.3:
            self.visits.append(self.stage.hospital.expect(*self.dice.choice(PLANS)))
        if not self.visits:
            return
        visit = self.dice.choice(self.visits)
        state, status = self.stage.where(visit)
        self.driver = self._driver(visit)
        fitting = [one for one in STEPS if state in TABLE[one].visit_from and status in TABLE[one].entry_from]
        # Most commands lead on, so that some visits end as they should.
        weights = [12 if one in ONWARD else 1 for one in fitting]
        [likely] = self.dice.choices(fitting, weights)
        rarest = min(fitting, key=lambda one: (self.given[one], self.tried[one], self.dice.random()))
        [command] = self.dice.choices([likely, rarest, self.dice.choice(list(Command))], [6, 3, 1])
        self.tried[command] += 1
        if command in OF_ENTRY and self.stage.entry(visit) is None:
            return
        self._give(command, visit)
        if state is State.FINISHED and self.dice.random() < 0.5:
            self.visits.remove(visit)

    def _driver(self, visit: UUID) -> Actor:
        """Return who drives the queue in which the visit stands."""
        cast, entry = self.stage.hospital.cast, self.stage.entry(visit)
        is_elsewhere = (
            entry is not None and self.stage.queue_of(entry.queue_id) == self.stage.hospital.elsewhere
        )
        return cast.ben if is_elsewhere else self.dice.choice([cast.anne, cast.flora])

    def _give(self, command: Command, visit: UUID) -> None:
        key = Presented(scope="walk", key=f"{sum(self.given.values())}", fingerprint="x")
        version, by = self.stage.visit(visit).version, self.whose(command)
        try:
            with presenting(key):
                first = self.stage.give(command, visit, by=by)
        except RefusedError as refused:
            self.given[refused.code] += 1
            assert self.stage.visit(visit).version == version
            return
        self.given[command] += 1
        length = len(self.stage.lines(visit))
        for _ in range(2):
            with presenting(key):
                assert self.stage.give(command, visit, by=by) == first
                assert was_replayed()
        assert len(self.stage.lines(visit)) == length

    def check(self) -> None:
        """Look at everything that must be true at any time."""
        release()
        visits = list(db.session.execute(select(Visit)).scalars())
        entries = list(db.session.execute(select(QueueEntry)).scalars())
        self._check_numbers(visits, entries)
        self._check_places(entries)
        open_entries = {one.visit_id: one for one in entries if one.active_slot}
        for visit in visits:
            entry = open_entries.get(visit.id)
            self._check_history(visit)
            assert (
                (visit.state == State.FINISHED)
                == (visit.open_slot is None)
                == (visit.disposition is not None)
            )
            if entry is not None:
                expected = {EntryStatus.CALLED: State.CALLED, EntryStatus.IN_SERVICE: State.ONGOING}
                assert visit.state == expected.get(EntryStatus(entry.status), State.WAITING)
            else:
                assert visit.state not in {State.CALLED, State.ONGOING}

    def _check_numbers(self, visits: list[Visit], entries: list[QueueEntry]) -> None:
        """P1: one number, all day, at every desk."""
        given = {visit.public_id: visit.day_number for visit in visits if visit.day_number is not None}
        assert len(set(given.values())) == len(given)
        assert sorted(given.values()) == list(range(1, len(given) + 1))
        assert self.numbers.items() <= given.items()
        self.numbers = given
        by_row = {visit.id: visit.day_number for visit in visits}
        assert all(entry.number == by_row[entry.visit_id] for entry in entries)

    @staticmethod
    def _check_places(entries: list[QueueEntry]) -> None:
        """P2: nobody in two lines, nobody in two rooms, no room with two."""
        for entry in entries:
            slots = slots_of(EntryStatus(entry.status))
            held = (entry.active_slot, entry.engaged_slot, entry.serving_slot)
            assert tuple(slot is not None for slot in held) == (slots.active, slots.engaged, slots.serving)
        active = Counter(entry.visit_id for entry in entries if entry.active_slot)
        inside = Counter(entry.service_point_id for entry in entries if entry.serving_slot)
        assert max(active.values(), default=1) == max(inside.values(), default=1) == 1

    @staticmethod
    def _check_history(visit: Visit) -> None:
        """P17: no gap, no overlap, no time that runs backwards; the last line is where the visit stands."""
        lines = list(
            db.session.execute(
                select(FlowEvent).where(FlowEvent.visit_id == visit.id).order_by(FlowEvent.seq)
            ).scalars()
        )
        assert [line.seq for line in lines] == list(range(1, visit.history_length + 1))
        assert all(a.to_state == b.from_state and a.at <= b.at for a, b in pairwise(lines))
        if lines:
            assert (lines[0].from_state, lines[-1].to_state) == (State.UNREGISTERED, visit.state)


def walk(hospital: Hospital, *, seed: int, commands: int) -> Walk:
    day = Walk(hospital, seed)
    for number in range(commands):
        day.step()
        if number % 20 == 19:
            day.check()
    day.check()
    return day


@pytest.mark.parametrize("seed", [1, 2])
def test_a_random_day_keeps_its_promises(sqlite_app: Flask, hospital: Hospital, seed: int) -> None:
    day = walk(hospital, seed=seed, commands=80)
    assert sum(day.given[command] for command in Command) > 30


def test_a_random_day_on_mariadb_keeps_its_promises(mariadb_app: Flask, hospital: Hospital) -> None:
    walk(hospital, seed=4, commands=50)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(100, 120))
def test_ten_thousand_random_commands_keep_their_promises(
    sqlite_app: Flask, hospital: Hospital, seed: int
) -> None:
    day = walk(hospital, seed=seed, commands=500)
    # A day may pass without one that needs a rare moment; the matrix gives each of them from everywhere.
    assert len(set(Command) - set(day.given)) <= 4


@pytest.mark.parametrize("seed", [11])
def test_undo_after_any_command_is_exact(sqlite_app: Flask, hospital: Hospital, seed: int) -> None:
    """P9, wherever a random day has led."""
    day = walk(hospital, seed=seed, commands=40)
    stage = day.stage
    for visit in day.visits:
        state, _ = stage.where(visit)
        for command in UNDONE:
            entry = stage.entry(visit)
            if state not in TABLE[command].visit_from or (entry is None and command in OF_ENTRY):
                continue
            day.driver = day._driver(visit)
            before = (
                stage.where(visit),
                [stage.line(one) for one in queues_of(hospital)],
                stage.steps(visit),
            )
            by = day.whose(command)
            try:
                stage.give(command, visit, by=by)
            except RefusedError:
                continue
            undoer = hospital.cast.flora if command in {Command.ADD_STEP, Command.REVOKE} else by
            stage.give(Command.UNDO, visit, by=undoer)
            after = (stage.where(visit), [stage.line(one) for one in queues_of(hospital)], stage.steps(visit))
            assert after == before


def queues_of(hospital: Hospital) -> tuple[UUID, ...]:
    return hospital.consult, hospital.lab, hospital.elsewhere


def test_each_command_given_three_times_is_one(sqlite_app: Flask, hospital: Hospital) -> None:
    """P3, for every command of the straight path."""
    stage = Stage(hospital)
    visit = hospital.expect()
    for command in PATHS["home"]:
        key = Presented(scope="page", key=str(command), fingerprint="x")
        with presenting(key):
            first = stage.give(command, visit)
        before = fingerprint()
        for _ in range(2):
            with presenting(key):
                assert stage.give(command, visit) == first
        stage_is = fingerprint()
        assert command is Command.CALL or stage_is == before  # the hand of the test opens a room for a call
    assert stage.where(visit)[0] is State.FINISHED
