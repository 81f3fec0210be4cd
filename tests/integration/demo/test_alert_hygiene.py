"""A normal hour leaves staff in peace: at most six alerts each, however few of them there are (ux.md W7)."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random

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
from app.journey import services as journey
from app.journey.models import FlowEvent
from app.queues import services as queues

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


def test_a_normal_hour_tells_nobody_more_than_six_times(app: Flask) -> None:
    with time_machine.travel(MORNING, tick=False) as time:
        loading.load()
        actors = day.begin(Random(7))  # noqa: S311 - a play
        play(actors, time, UNTIL_LINES_STAND)
        begin = clock.utcnow()
        play(actors, time, AN_HOUR)
        within = Alert.raised_at >= begin
        told = Counter(map(tuple, db.session.execute(select(Alert.owner, Alert.unit).where(within))))
        deeds = select(func.count()).select_from(FlowEvent).where(FlowEvent.at >= begin)
        assert db.session.execute(deeds).scalar_one() > 200, "an hour in which nothing happens proves nothing"
        assert told, "nor does one in which nobody is ever told anything"
        assert max(told.values()) <= MOST_PER_NURSE, "were there one nurse on each ward, and one clerk"
        ended = db.session.execute(select(Alert.outcome).where(within, Alert.ended_at.is_not(None))).scalars()
        outcomes = Counter(ended)
        assert outcomes[Outcome.DONE] >= outcomes.total() / 2, outcomes
        release()
