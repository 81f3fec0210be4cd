"""Every way of a real day is walked by the play, by those who may, and the clock and the night disturb nobody."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
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
from app.demo import booking, building, catalogue, day, leaflet, loading, rates, staff
from app.demo.catalogue import DRIVERS
from app.demo.day import Day
from app.demo.people import Kind, person
from app.demo.rates import Detour
from app.demo.scene import Deed
from app.journey import queries
from app.journey import services as journey
from app.journey.models import FlowEvent, Visit, VisitStep
from app.journey.states import TABLE, Command, Disposition, Reason
from app.queues import queries as queues_queries
from app.queues import services as queues
from app.queues.models import ServicePoint
from app.queues.states import PointStatus

pytestmark = pytest.mark.timeout(300)
# An order is taken back by an EMR, which the demo has not.
MOVING = frozenset(Command) - {Command.CLOSE, Command.VOID, Command.REVOKE}
ENDS = frozenset(Disposition) - {
    Disposition.NO_SHOW_VISIT,
    Disposition.ADMIN_CLOSE,
    Disposition.ENTERED_IN_ERROR,
}
LONGEST_SECONDS = 1500  # the rarest end has come by 300 as a rule
# What the rules decide is the same on every database; the whole day and the night are played on both, on MariaDB in
# the long run.
on_sqlite = pytest.mark.parametrize("app", ["sqlite"], indirect=True)
SLOW_MARIADB = pytest.param("mariadb", marks=[pytest.mark.mariadb, pytest.mark.slow])


@pytest.fixture
def actors(app: Flask) -> Day:
    """Give the play, its hospital loaded and nobody in the house."""
    loading.load()
    return day.begin(Random(11))  # noqa: S311 - a play


@pytest.fixture
def _restless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what is rare be frequent."""
    for name in ("CALLED", "WAITING", "IN_THE_ROOM"):
        often = {
            deed: Detour(min(0.15, 8 * one.share), one.after) for deed, one in getattr(rates, name).items()
        }
        monkeypatch.setattr(rates, name, often)
    often_done = {Deed.ADD_STEP, Deed.SKIP_ONCE, Deed.TRANSFER, Deed.PAUSE_ROOM, Deed.RE_ENTER}
    for deed in often_done:
        monkeypatch.setitem(rates.MEAN_SECONDS, deed, rates.MEAN_SECONDS[deed] / 10)
    for name in ("NO_SHOW_SHARE", "START_DIRECT_SHARE", "MISTAKE_SHARE"):
        monkeypatch.setattr(rates, name, 0.15)


def play(actors: Day, seconds: int, *, with_clock: bool = True) -> None:
    """Let so many seconds of the day pass in one process, the clock's duties among them."""
    with time_machine.travel(max(clock.utcnow(), actors.now), tick=False) as at:
        for second in range(seconds):
            at.shift(1)
            actors.beat(clock.utcnow(), 1.0)
            if with_clock and second % 5 == 0:
                journey.end_holds()
                journey.answer_for_the_absent()
                queues.open_rooms_again(by=SYSTEM)


def given() -> Counter[Command]:
    """Return how often each command was given."""
    return Counter(Command(one) for one in db.session.execute(db.select(FlowEvent.command)).scalars())


def ends() -> set[Disposition]:
    """Return how visits have ended."""
    found = db.select(Visit.disposition).where(Visit.disposition.is_not(None)).distinct()
    return {Disposition(one) for one in db.session.execute(found).scalars() if one}


@pytest.mark.parametrize("app", ["sqlite", SLOW_MARIADB], indirect=True)
@pytest.mark.usefixtures("_restless")
def test_every_way_is_walked_and_nothing_reserved_is_touched(actors: Day) -> None:
    before = queries.reserved_expected(clock.today())
    with capture_logs() as logs:
        for _ in range(0, LONGEST_SECONDS, 30):
            play(actors, 30)
            if given().keys() >= MOVING and ends() >= ENDS:
                break
    assert [one for one in logs if one["log_level"] == "error"] == []
    assert MOVING - given().keys() == set()
    assert ENDS - ends() == set()
    assert queries.reserved_expected(clock.today()) == before
    rooms = set(
        db.session.execute(db.select(AuditRow.reason).where(AuditRow.action == "queue:room:status")).scalars()
    )
    assert len(rooms - {None}) > 1
    unsaid = db.select(FlowEvent.command).where(FlowEvent.reason.is_(None))
    always = {command for command, way in TABLE.items() if way.reason is Reason.ALWAYS}
    assert not always & {Command(one) for one in db.session.execute(unsaid).scalars()}


@on_sqlite
def test_lines_stay_alive_with_booked_and_others_and_nobody_stays_aside_for_long(actors: Day) -> None:
    play(actors, 150)
    many = given()
    assert many[Command.CALL] > 15
    assert many[Command.MISS] < 0.3 * many[Command.CALL]
    here = Counter(one.entry_status for one in queries.visits_under_way({clock.today()}))
    assert here["NO_SHOW"] + here["HELD"] < 20
    lines = Counter(
        one.queue_id
        for one in queries.visits_under_way({clock.today()})
        if one.entry_status == "WAITING" and one.queue_id
    )
    assert all(lines[line.id] for line in actors.lines), lines
    # Where the room of one line has a break, the other of the same service has both lines' patients.
    most = Counter(line.service for line in actors.lines)
    for service, count in most.items():
        assert sum(lines[line.id] for line in actors.lines if line.service == service) <= 15 * count, lines
    booked = Counter(
        db.session.execute(db.select(Visit.appointment_id.is_not(None)).where(Visit.day_number > 0)).scalars()
    )
    assert booked[True] > 3
    assert booked[False] > 3


@on_sqlite
@pytest.mark.usefixtures("actors")
def test_tests_stand_side_by_side_but_for_the_scan_after_the_blood() -> None:
    somebody = person(Kind.TOWN, 1, settings.current().demo_seed)
    planned = ("xray", "ultrasound", "blood", "ecg", "internal")
    visit_id = booking.expect(somebody, planned, booking.around_now(10, every=5))
    steps = db.session.execute(
        db.select(VisitStep).join(Visit, Visit.id == VisitStep.visit_id).where(Visit.public_id == visit_id)
    ).scalars()
    place = {one.service_code: one for one in steps}
    assert place["xray"].after == place["blood"].after == place["ecg"].after == []
    assert place["ultrasound"].after == [place["blood"].ordinal]
    assert len(place["internal"].after) == 4


@pytest.mark.parametrize("app", ["sqlite", SLOW_MARIADB], indirect=True)
def test_the_clocks_close_of_the_day_disturbs_nobody(actors: Day) -> None:
    play(actors, 30)
    yesterday, tomorrow = clock.today(), clock.day_bounds(clock.today())[1]
    db.session.rollback()
    with capture_logs() as logs, time_machine.travel(tomorrow + timedelta(seconds=1), tick=True):
        play(actors, 10)
        assert journey.close_day(yesterday)
        play(actors, 30)
        assert queries.visits_under_way({yesterday}) == ()
        assert leaflet.read()["business_date"] == clock.today().isoformat() != yesterday.isoformat()
        assert len(queries.reserved_expected(clock.today())) == 6 + 2
        lines = Counter(one.queue_id for one in queries.visits_under_way({clock.today()}))
        assert all(lines[line.id] for line in actors.lines)
        db.session.rollback()
    assert [one for one in logs if one["log_level"] == "error"] == []


@on_sqlite
def test_a_day_that_turned_while_nobody_played_is_prepared(actors: Day) -> None:
    tomorrow = clock.day_bounds(clock.today())[1] + timedelta(minutes=1)
    with time_machine.travel(tomorrow, tick=True):
        day.begin(Random(12))  # noqa: S311 - a play
        assert leaflet.read()["business_date"] == clock.today().isoformat()
        assert len(queries.reserved_expected(clock.today())) == 6 + 2
        db.session.rollback()


@on_sqlite
@pytest.mark.usefixtures("_restless")
def test_a_room_that_somebody_else_paused_stays_paused(actors: Day) -> None:
    line = next(one for one in actors.lines or day.lines() if one.code == "internal")
    nurse = staff.cast()["day-internal-nurse"]
    room = line.rooms[0]
    queues.set_point_status(
        room.id, status=PointStatus.PAUSED, version=room.version, reason="시연", until=None, by=nurse
    )
    play(actors, 30)
    rooms = {one.id: one.status for one in queues_queries.points(line.id)}
    assert rooms[room.id] == PointStatus.PAUSED
    assert list(rooms.values()).count(PointStatus.PAUSED) == 1


@on_sqlite
def test_whoever_the_ward_put_aside_without_a_time_is_left_aside(actors: Day) -> None:
    play(actors, 20)
    nurse = staff.cast()["day-internal-nurse"]
    internal = next(line.id for line in actors.lines if line.code == "internal")
    here = queries.visits_under_way({clock.today()})
    one = next(one for one in here if one.queue_id == internal and one.entry_status == "WAITING")
    assert one.entry_id
    journey.hold(one.entry_id, version=one.entry_version, reason="시연", by=nurse)
    play(actors, 30)
    assert journey_status(one.visit_id) == "HELD"


def journey_status(visit_id: UUID) -> str | None:
    return next(
        one.entry_status for one in queries.visits_under_way({clock.today()}) if one.visit_id == visit_id
    )


@on_sqlite
def test_a_crowd_waits_where_several_queues_offer_the_service(app: Flask) -> None:
    loading.load()
    queue = building.open_queues()["checkup-ecg"].id
    result = app.test_cli_runner().invoke(args=["demo", "crowd", "--queue", str(queue), "--waiting", "4"])
    assert result.exit_code == 0, result.output
    assert "4 people wait" in result.output


@on_sqlite
def test_a_house_of_the_release_before_learns_the_new_words(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = {code: replace(one, is_any_order=False, follows=()) for code, one in catalogue.SERVICES.items()}
    with monkeypatch.context() as before:
        before.setattr(building, "SERVICES", old)
        loading.load()
    loading.load()
    found = {one.code: (one.is_any_order, one.follows) for one in queues_queries.offers()}
    assert found["ecg"] == (True, ())
    assert found["ultrasound"] == (True, ("blood",))
    assert found["demo-blood"] == (False, ())


@on_sqlite
def test_every_room_is_driven_by_staff_of_its_unit(actors: Day) -> None:
    units = {head.code: head.unit for head in building.open_queues().values()}
    assert all(units[code] in actors.cast[name].units for code, name in DRIVERS.items())
    assert all(units[code] in actors.cast[name].units for code, name in catalogue.DOCTORS.items())
    there = set(db.session.execute(db.select(ServicePoint.place)).scalars())
    assert "3f-checkup-ecg" in there
