"""A normal hour leaves staff in peace: at most six alerts each, however few of them there are (ux.md W7)."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from app.alerts import services as alerts
from app.alerts.models import Alert
from app.alerts.rules import Outcome
from app.core import clock
from app.core.actor import SYSTEM
from app.core.db import db
from app.core.transaction import release
from app.demo import day, loading
from app.demo.catalogue import DAY_STAFF
from app.journey import services as journey
from app.journey.models import FlowEvent, Visit
from app.queues import services as queues
from app.queues.models import Queue, QueueEntry
from app.queues.states import EntryStatus, PriorityClass

pytestmark = pytest.mark.timeout(300)
MORNING = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)  # ten o'clock in Seoul
FASTER = 8  # than a hospital the play goes (app/demo/rates.py)
BEAT_SECONDS = 5.0
UNTIL_LINES_STAND, AN_HOUR = 40, int(3600 / FASTER / BEAT_SECONDS)
MOST_PER_NURSE = 6


def play(actors: day.Day, time: time_machine.Traveller, beats: int) -> None:
    """Let the day go on, with all that the clock does in it."""
    for _ in range(beats):
        time.shift(timedelta(seconds=BEAT_SECONDS))
        actors.beat(clock.utcnow(), BEAT_SECONDS)
        journey.answer_for_the_absent()
        journey.end_holds()
        queues.open_rooms_again(by=SYSTEM)
        alerts.tend()
        release()


def told_since(begin: datetime) -> Counter[tuple[str, UUID | None]]:
    """Return how many alerts each post was told since then."""
    rows = db.session.execute(select(Alert.owner, Alert.unit).where(Alert.raised_at >= begin))
    return Counter((owner, unit) for owner, unit in rows)


def somebody_urgent_leaves(actors: day.Day) -> None:
    """Let the first of a line become urgent, and go."""
    entry = db.session.execute(
        select(QueueEntry).where(QueueEntry.status == EntryStatus.WAITING).order_by(QueueEntry.id)
    ).scalars().first()  # fmt: skip
    assert entry is not None
    nurse = next(actors.cast[plan.username] for plan in DAY_STAFF if plan.role == "nurse")
    nurse = replace(nurse, units=frozenset(db.session.execute(select(Queue.unit)).scalars()))
    journey.prioritise(
        entry.public_id, priority=PriorityClass.URGENT, version=entry.version, reason="통증 심함", by=nurse
    )
    visit = db.session.execute(select(Visit).where(Visit.id == entry.visit_id)).scalar_one()
    journey.leave(visit.public_id, version=visit.version, reason="기다리기 힘들어요", by=nurse)


@pytest.mark.parametrize(
    "app",
    ["sqlite", pytest.param("mariadb", marks=[pytest.mark.mariadb, pytest.mark.slow])],
    indirect=True,
)
def test_a_normal_hour_tells_nobody_more_than_six_times(app: Flask) -> None:
    with time_machine.travel(MORNING, tick=False) as time:
        loading.load()
        actors = day.begin(Random(7))  # noqa: S311 - a play
        play(actors, time, UNTIL_LINES_STAND)
        begin = clock.utcnow()
        play(actors, time, AN_HOUR)
        within = Alert.raised_at >= begin
        told = told_since(begin)
        deeds = select(func.count()).select_from(FlowEvent).where(FlowEvent.at >= begin)
        assert db.session.execute(deeds).scalar_one() > 200, "an hour in which nothing happens proves nothing"
        assert max(told.values(), default=0) <= MOST_PER_NURSE, (
            "were there one nurse on each ward, and one clerk"
        )
        somebody_urgent_leaves(actors)
        assert told_since(begin).total() == told.total() + 1, "nor does a silence that nothing breaks"
        ended = db.session.execute(select(Alert.outcome).where(within, Alert.ended_at.is_not(None))).scalars()
        outcomes = Counter(ended)
        assert outcomes[Outcome.DONE] >= outcomes.total() / 2, outcomes
        release()
