"""Fairness against arrivals that want to break it: the urgent first, and nobody passed over for ever."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from app.core.db import db
from app.core.transaction import release
from app.journey import services as journey
from app.journey.models import Visit
from app.queues import services as queues
from app.queues.models import Queue, QueueEntry
from app.queues.states import EntryStatus, MergeRule, PriorityClass
from tests.hospital import ALL_DAY, Hospital
from tests.integration.journey.scenes import CONFIRMED, WHY

MORNING = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
MOST_OVERTAKEN, AGEING_SECONDS = 3, 1800


class Clinic:
    """One room, and more people than it can serve: most who come are preferred or booked just before the others."""

    def __init__(self, hospital: Hospital, seed: int, rule: MergeRule) -> None:
        self.hospital, self.dice = hospital, random.Random(seed)  # noqa: S311 - a day that can be walked again
        self.anne, self.room = hospital.cast.anne, hospital.rooms[0]
        fair = replace(
            ALL_DAY,
            merge_rule=rule,
            max_overtaken=MOST_OVERTAKEN,
            ageing_seconds=AGEING_SECONDS,
            head_start_seconds=900,
        )
        queues.set_rules(hospital.consult, fair, version=1, by=hospital.cast.chris)
        self.passed: dict[int, int] = {}
        self.called: list[int] = []

    def come(self, now: datetime) -> None:
        """Let somebody come: preferred, urgent, booked for just now, or like everybody."""
        kind = self.dice.choices(["plain", "booked", "preferred", "urgent"], [3, 3, 4, 1])[0]
        at = (
            now if kind == "booked" else now - timedelta(hours=4)
        )  # far too late for a time: counts as without one
        visit = self.hospital.expect("consult", at=at)
        journey.arrive(visit, by=self.hospital.cast.henry)
        journey.register(visit, version=2, by=self.hospital.cast.henry)
        if kind in {"preferred", "urgent"}:
            entry = self.entry_of(visit)
            wanted = PriorityClass[kind.upper()]
            journey.prioritise(
                entry.public_id, priority=wanted, version=entry.version, reason=WHY, by=self.anne
            )

    def entry_of(self, visit: UUID) -> QueueEntry:
        release()
        return db.session.execute(
            select(QueueEntry).join(Visit, Visit.id == QueueEntry.visit_id).where(Visit.public_id == visit)
        ).scalar_one()

    def waiting(self) -> dict[int, QueueEntry]:
        release()
        rows = db.session.execute(
            select(QueueEntry)
            .join(Queue, Queue.id == QueueEntry.queue_id)
            .where(Queue.public_id == self.hospital.consult, QueueEntry.status == EntryStatus.WAITING)
        ).scalars()
        return {row.id: row for row in rows}

    def serve(self, now: datetime) -> None:
        """Call the next one, and see whether that was fair."""
        before = {
            row.id: (row.priority_class, row.eligible_at, row.overtaken) for row in self.waiting().values()
        }
        outcome = journey.call_next(self.hospital.consult, self.room, by=self.anne)
        entry = self.entry_of(outcome.visit_id)
        self.judge(entry, before, now)
        journey.start(entry.public_id, version=entry.version, confirm=CONFIRMED, by=self.anne)
        journey.complete(entry.public_id, version=entry.version + 1, confirm=CONFIRMED, by=self.anne)
        self.called.append(entry.number)

    def judge(self, chosen: QueueEntry, before: dict[int, tuple[int, datetime, int]], now: datetime) -> None:
        own_class, own_since, _ = before.pop(chosen.id)
        is_urgent = own_class == PriorityClass.URGENT
        counted = {row.id: row.overtaken for row in self.waiting().values()}
        for one, (given, since, overtaken) in before.items():
            if given == PriorityClass.URGENT:
                assert is_urgent, "somebody was called before an urgent patient"
            came_before = (since, one) < (own_since, chosen.id)
            is_passed = came_before and (not is_urgent or given == PriorityClass.URGENT)
            assert counted[one] == overtaken + is_passed, (
                "an overtaking was not counted, or counted for nothing"
            )
            if not is_passed:
                continue
            self.passed[one] = self.passed.get(one, 0) + 1
            assert given < PriorityClass.URGENT
            assert self.passed[one] <= MOST_OVERTAKEN, "somebody was passed over once too often"
            waited = (now - since).total_seconds()
            assert waited < AGEING_SECONDS, "somebody who had waited beyond the bound was passed over"


@pytest.mark.parametrize("rule", MergeRule)
@pytest.mark.parametrize(
    ("seed", "rounds"),
    [
        (1, 20),
        *(pytest.param(seed, 100, marks=[pytest.mark.slow, pytest.mark.timeout(900)]) for seed in (2, 3, 4)),
    ],
)
def test_nobody_is_passed_over_too_often_or_too_long(
    sqlite_app: Flask, hospital: Hospital, rule: MergeRule, seed: int, rounds: int
) -> None:
    """P15: more come than are served, and most of them have a better claim on paper."""
    clinic = Clinic(hospital, seed, rule)
    with time_machine.travel(MORNING, tick=False) as clock:
        for _ in range(4):
            clinic.come(datetime.now(UTC))
        for _ in range(rounds):
            clock.shift(clinic.dice.randint(30, 300))
            for _ in range(clinic.dice.choice([0, 1, 1, 2])):
                clinic.come(datetime.now(UTC))
            if clinic.waiting():
                clinic.serve(datetime.now(UTC))
        while clinic.waiting():  # whoever came is seen in the end
            clock.shift(60)
            clinic.serve(datetime.now(UTC))
    assert len(set(clinic.called)) == len(clinic.called) > rounds * 2 // 3
    assert clinic.passed, "nobody was passed over at all: the day was too kind"
