"""The simulated day keeps every line alive and short, and leaves what is reserved alone."""

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from random import Random
from uuid import UUID

import pytest
import time_machine
from flask import Flask
from structlog.testing import capture_logs

from app import settings
from app.core import clock
from app.core.actor import SYSTEM
from app.core.audit import AuditRow
from app.core.db import db
from app.demo import building, catalogue, day, deeds, errands, leaflet, loading, orderable, rates, staff
from app.demo.catalogue import DEMO_QUEUES, DRIVERS
from app.demo.day import Day
from app.demo.people import twins
from app.demo.scene import Cast, Deed, Move
from app.journey import queries
from app.journey import services as journey
from app.journey.models import FlowEvent, Visit
from app.journey.queries import UnderWay
from app.journey.services import Outcome
from app.journey.states import Command, State
from app.orders import queries as orders
from app.orders.models import BillEntry
from app.orders.rules import Wanted
from app.queues import services as queues
from tests.integration.demo.counting import statements

pytestmark = pytest.mark.timeout(180)
# Everybody's time is over when it is looked at from here: a day in a few seconds.
AHEAD = timedelta(minutes=5)


def play(actors: Day, beats: int, *, seconds: float = 1.0) -> None:
    for _ in range(beats):
        actors.beat(max(actors.now + timedelta(seconds=seconds), clock.utcnow() + AHEAD), seconds)


def waiting() -> Mapping[str, int]:
    codes = {head.id: code for code, head in building.open_queues().items()}
    lines = Counter(codes[one.queue_id] for one in here() if one.queue_id and one.entry_status == "WAITING")
    db.session.rollback()
    return lines


def here(on: date | None = None) -> tuple[UnderWay, ...]:
    return queries.visits_under_way({on or clock.today()})


def who_completed() -> set[str]:
    done = db.select(AuditRow.role).where(AuditRow.action == "orders:order:complete-line").distinct()
    found = set(db.session.execute(done).scalars())
    db.session.rollback()
    return found


@pytest.fixture
def actors(app: Flask) -> Day:
    """Give the play, its hospital loaded and nobody in the house."""
    loading.load()
    return day.begin(Random(7))  # noqa: S311 - a play


def test_lines_are_alive_and_never_long(actors: Day) -> None:
    play(actors, 40)
    for _ in range(10):
        play(actors, 3)
        lines = waiting()
        # Newcomers are turned away at MOST; those inside may all be sent to one line by the same beat.
        assert all(1 <= lines[code] <= rates.MOST + day.MOVES_PER_BEAT for code in DRIVERS), lines
    finished = db.session.execute(
        db.select(db.func.count()).select_from(Visit).where(Visit.state == "FINISHED")
    )
    assert finished.scalar_one() > 10


def test_nobody_and_nothing_reserved_is_touched(actors: Day) -> None:
    before = queries.reserved_expected(clock.today())
    accounts = {one.id for name, one in actors.cast.items() if name.startswith("demo-")}
    last_row = db.session.execute(db.select(db.func.max(AuditRow.id))).scalar_one()
    play(actors, 30)
    assert queries.reserved_expected(clock.today()) == before
    assert not set(waiting()) & set(DEMO_QUEUES)
    rows = db.session.execute(db.select(AuditRow.actor_id).where(AuditRow.id > last_row)).scalars()
    assert not accounts & set(rows)


def test_a_reserved_patient_in_a_line_of_the_day_is_never_called(actors: Day) -> None:
    desk = staff.cast()["demo-desk"]
    mrn = twins(settings.current().demo_seed)[0].mrn
    twin = next(one for one in here() if one.mrn == mrn)
    journey.arrive(twin.visit_id, by=desk)
    journey.register(twin.visit_id, version=twin.version + 1, by=desk)
    play(actors, 40)
    now = next(one for one in here() if one.mrn == mrn)
    assert (now.state, now.entry_status) == (State.WAITING, "WAITING")
    called = db.session.execute(
        db.select(FlowEvent.reason).where(FlowEvent.command == Command.CALL)
    ).scalars()
    assert deeds.OVERTAKING_REASON in set(called)


def test_a_restart_goes_on_where_the_play_stood(actors: Day) -> None:
    play(actors, 20)
    before = waiting()
    again = day.begin(Random(8))  # noqa: S311 - a play
    play(again, 20)
    assert sum(waiting().values()) <= sum(before.values()) + rates.MOST
    assert all(waiting()[code] <= rates.MOST + day.MOVES_PER_BEAT for code in DRIVERS)


def test_after_a_night_yesterdays_people_go_home_and_reserved_ones_are_expected(actors: Day) -> None:
    play(actors, 20)
    yesterday = clock.today()
    left_over = {one.visit_id for one in here() if one.state not in {State.UNREGISTERED, State.ARRIVED}}
    db.session.rollback()
    with time_machine.travel(clock.utcnow() + timedelta(days=1), tick=True) as night:
        for _ in range(60):
            play(actors, 5, seconds=10)
            night.shift(50)
            journey.end_holds()
            journey.answer_for_the_absent()
            queues.open_rooms_again(by=SYSTEM)
            if not left_over & {one.visit_id for one in here(yesterday)}:
                break
        assert leaflet.read()["business_date"] == clock.today().isoformat() != yesterday.isoformat()
        assert len(queries.reserved_expected(clock.today())) == 6 + 2
        assert not left_over & {one.visit_id for one in here(yesterday)}


def test_one_broken_visit_does_not_stop_the_day(actors: Day, monkeypatch: pytest.MonkeyPatch) -> None:
    play(actors, 15)
    broken: set[UUID] = set()
    make = deeds.make

    def sometimes(move: Move, cast: Cast, luck: Random) -> Outcome | None:
        if move.visit and (move.visit.visit_id in broken or len(broken) < 3):
            broken.add(move.visit.visit_id)
            raise RuntimeError("a disk is full")
        return make(move, cast, luck)

    monkeypatch.setattr(deeds, "make", sometimes)
    with capture_logs() as logs:
        play(actors, 20)
    assert sum(one["event"] == "demo_move_failed" for one in logs) == 3
    assert sum(one.state is State.WAITING for one in here()) > 6


def test_the_play_outlives_a_database_that_is_away(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    began: list[float] = []

    def begin(_luck: Random) -> Day:
        began.append(clock.monotonic())
        raise ConnectionError("the database is away")

    monkeypatch.setattr(day, "begin", begin)
    monkeypatch.setattr(day, "WITHOUT_DATABASE_SECONDS", 0.01)
    with capture_logs() as logs:
        day.run(lambda: len(began) == 3)
    assert [one["event"] for one in logs] == ["demo_day_faltered"] * 3


def test_doctors_order_the_pharmacy_hands_out_and_the_cashier_settles(
    actors: Day, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(rates.MEAN_SECONDS, Deed.ORDER, 2)  # whoever is inside is done within a beat
    monkeypatch.setitem(rates.MEAN_SECONDS, Deed.PAY, 1)
    both = [((Wanted("med-aap", 9), Wanted("pro-im")), (), 1)]
    monkeypatch.setattr(errands, "IN_PLAY", dict.fromkeys(orderable.IN_PLAY, both))
    monkeypatch.setattr(rates, "HAND_OUT_EVERY_SECONDS", (1, 2))
    pharmacist = actors.cast["day-pharmacy"]
    low = {shelf.code for shelf in orders.to_reorder(by=pharmacist)}
    assert low == {"med-ioh", "sup-dress"}
    with capture_logs() as logs:
        for _ in range(8):
            play(actors, 10)
            if {"nurse", "pharmacy"} <= who_completed():
                break
    assert [one for one in logs if one["log_level"] == "error"] == []
    assert who_completed() == {"nurse", "pharmacy"}
    kinds = set(db.session.execute(db.select(BillEntry.kind).distinct()).scalars())
    assert kinds >= {"charge", "payment"}
    assert {shelf.code for shelf in orders.to_reorder(by=pharmacist)} == low


def test_a_beat_asks_little(actors: Day) -> None:
    play(actors, 5)
    actors.lines_until = clock.utcnow() + timedelta(hours=1)
    with statements() as counted:
        moved = actors.beat(clock.utcnow() - timedelta(hours=1), 0.0)
    # Nothing is due in the past, but newcomers: four statements and their commands' own.
    assert counted.number <= 4 + moved * 30


def test_the_catalogue_is_whole() -> None:
    played = {catalogue.QUEUES[code].service for code in DRIVERS}
    assert set(rates.SERVICE_SECONDS) == set(rates.PLANS) == played
    assert {queue.service for queue in catalogue.QUEUES.values()} == set(catalogue.SERVICES)
    for first, plans in rates.PLANS.items():
        assert all(services[0] == first and set(services) <= played for services, _ in plans)
    assert set(deeds.DEEDS) | deeds.OF_ROOMS | {Deed.BOOK, Deed.WALK_IN} == set(Deed)
