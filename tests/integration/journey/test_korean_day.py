"""The Korean day on a host in UTC: the right today, numbers and lists, and what its close leaves (P18, P27)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
import time_machine
from sqlalchemy import select, update

from app.boards import queries as boards
from app.core import clock
from app.core.actor import SYSTEM
from app.core.db import db
from app.core.errors import NotAllowedError
from app.core.transaction import release, transactional
from app.emr.models import Appointment, Patient
from app.jobs import day as duties
from app.journey import queries as journeys
from app.journey import services as journey
from app.journey.models import Visit
from app.journey.states import Command, State
from app.queues import services as queues
from app.queues.models import QueueEntry
from app.queues.states import EntryStatus
from tests.hospital import ALL_DAY
from tests.integration.journey.scenes import CONFIRMED, Stage, fingerprint

SEOUL = ZoneInfo("Asia/Seoul")
SUNDAY, MONDAY, TUESDAY = (date(2026, 3, one) for one in (1, 2, 3))
HOURS = {(0, 30): SUNDAY, (7, 30): MONDAY, (8, 59): MONDAY, (23, 59): MONDAY}


@contextmanager
def at(hour: int, minute: int, day: date = MONDAY) -> Iterator[datetime]:
    """Let it be this time in Seoul, standing still."""
    moment = datetime(day.year, day.month, day.day, hour, minute, tzinfo=SEOUL)
    with time_machine.travel(moment, tick=False):
        yield moment


def appointment(visit: UUID) -> str:
    release()
    return db.session.execute(
        select(Appointment.status)
        .join(Visit, Visit.appointment_id == Appointment.id)
        .where(Visit.public_id == visit)
    ).scalar_one()


def come(stage: Stage, visit: UUID) -> int | None:
    stage.give(Command.ARRIVE, visit)
    stage.give(Command.REGISTER, visit)
    return stage.visit(visit).day_number


def reserve(visit: UUID) -> None:
    """Let the patient of a visit be one of the demo's reserved ones."""
    work = transactional(
        lambda: db.session.execute(
            update(Patient)
            .where(Patient.id.in_(select(Visit.patient_id).where(Visit.public_id == visit)))
            .values(is_demo_reserved=True)
        )
    )
    work()


def overnight(stage: Stage) -> None:
    """Let the consultation work through the night."""
    queues.set_rules(
        stage.hospital.consult, replace(ALL_DAY, is_overnight=True), version=1, by=stage.hospital.cast.chris
    )


@pytest.mark.parametrize("hour", HOURS)
def test_today_numbers_and_lists_are_those_of_the_hospital_s_day(stage: Stage, hour: tuple[int, int]) -> None:
    hospital, today = stage.hospital, HOURS[hour]
    with at(*hour, day=MONDAY) as now:
        before = hospital.expect("consult", at=now - timedelta(days=1))
        waits, other, expected = (hospital.expect("consult", at=now) for _ in range(3))
        reserve(expected)
        assert clock.today() == today
        assert {stage.visit(one).business_date for one in (waits, other, expected)} == {today}
        assert stage.visit(before).business_date == today - timedelta(days=1)
        assert [come(stage, one) for one in (waits, other)] == [1, 2]
        last4, born = hospital.phones[waits]
        found = journey.identify(phone_last4=last4, birth_date=born, by=hospital.cast.dana)
        assert found.visit_id == waits
        release()
        desk = boards.desk_list(by=hospital.cast.henry)
        assert {row.id for row in desk.rows} == {expected}
        ward = boards.ward_board(hospital.consult, by=hospital.cast.anne)
        assert [row.number for row in ward.rows] == [1, 2]
        assert [one.visit_id for one in journeys.reserved_expected(today)] == [expected]
        assert {one.visit_id for one in journeys.visits_under_way((today,))} == {waits, other, expected}


def test_a_visit_goes_on_past_midnight_and_the_next_day_begins_at_four(stage: Stage) -> None:
    hospital = stage.hospital
    with at(23, 59) as now:
        late = hospital.expect("consult", at=now)
        assert come(stage, late) == 1
    with at(0, 30, TUESDAY) as now:
        assert come(stage, hospital.expect("consult", at=now)) == 2
        assert stage.visit(late).business_date == clock.today() == MONDAY
        called = journey.call_next(hospital.consult, hospital.rooms[0], by=hospital.cast.anne)
        assert called.visit_id == late
    with at(3, 59, TUESDAY):
        assert duties.close_yesterday() == 0
        assert stage.where(late)[0] is State.CALLED
    with at(4, 0, TUESDAY) as now:
        assert clock.today() == TUESDAY
        assert come(stage, hospital.expect("consult", at=now)) == 1
        assert duties.close_yesterday() == 2
        assert stage.where(late)[0] is State.FINISHED
        assert duties.close_yesterday() == 0


def test_the_day_closes_everybody_once_and_names_them(stage: Stage) -> None:
    with at(7, 30) as now:
        never = stage.hospital.expect("consult", at=now)
        scenes = ("arrived", "waiting", "between", "called", "aside", "missed", "inside", "paying")
        visits = [stage.bring(scene) for scene in scenes]
        home = stage.bring("home")
    with at(7, 30, TUESDAY) as now:
        tomorrow = stage.hospital.expect("consult", at=now)
        closed = journey.close_day(MONDAY)
        assert set(closed) == {never, *visits}
        assert len(closed) == len(set(closed))
        assert {stage.visit(one).disposition for one in visits} == {"admin_close"}
        assert (stage.visit(never).disposition, appointment(never)) == ("no_show_visit", "noshow")
        assert stage.visit(home).disposition == "completed"
        assert stage.visit(tomorrow).state == State.UNREGISTERED
        for visit in (never, *visits):
            last = stage.lines(visit)[-1]
            assert (last.command, last.actor_role, last.reason) == (Command.CLOSE, "system", "day_over")
        release()
        assert not db.session.execute(select(QueueEntry.id).where(QueueEntry.active_slot == 1)).all()
        release()
        listed = boards.ended_visits(by=stage.hospital.cast.henry)
        assert {one.row.id for one in listed.rows} >= {never, *visits}
        before = fingerprint()
        assert journey.close_day(MONDAY) == ()
        assert fingerprint() == before


def test_a_line_that_works_at_night_keeps_its_patients_until_they_have_paid(stage: Stage) -> None:
    hospital, cast = stage.hospital, stage.hospital.cast
    overnight(stage)
    with at(23, 59):
        waits, inside, paying, aside = (stage.bring(one) for one in ("waiting", "inside", "paying", "aside"))
        never = hospital.expect("consult")
        arrived = stage.bring("arrived")
    with at(4, 10, TUESDAY):
        assert set(journey.close_day(MONDAY)) == {never, arrived}
        assert [stage.where(one)[0] for one in (waits, inside, paying, aside)] == [
            State.WAITING,
            State.ONGOING,
            State.PAYMENT,
            State.WAITING,
        ]
        entry = stage.entry(inside)
        assert entry is not None
        journey.complete(entry.public_id, version=entry.version, confirm=CONFIRMED, by=cast.anne)
        assert duties.close_yesterday() == 0, "whoever was just served goes to the cashier first"
        owing = {row.id for row in boards.cashier_list(by=cast.iris).rows}
        assert owing == {paying, inside}, "the cashier finds yesterday's patients too"
        last4, born = hospital.phones[waits]
        found = journey.identify(phone_last4=last4, birth_date=born, by=cast.dana)
        assert found.visit_id == waits
        stage.give(Command.PAY, inside)
        called = journey.call_next(hospital.consult, hospital.rooms[0], by=cast.anne)
        assert called.visit_id == waits
        assert stage.visit(waits).day_number == 1
    with at(4, 10, date(2026, 3, 4)):
        assert set(journey.close_day(TUESDAY)) == {paying}
        assert stage.where(aside) == (State.WAITING, EntryStatus.HELD)


def test_the_charge_nurse_takes_a_close_back_for_a_quarter_of_an_hour(stage: Stage) -> None:
    cast = stage.hospital.cast
    with at(7, 30):
        never = stage.hospital.expect("consult")
        visits = {
            stage.bring(scene): scene
            for scene in ("waiting", "called", "aside", "missed", "inside", "paying")
        }
        were = {visit: stage.where(visit) for visit in visits}
        line = stage.line(stage.hospital.consult)
    undo: Callable[..., object] = stage.give
    with at(4, 0, TUESDAY):
        assert set(journey.close_day(MONDAY)) == {never, *visits}
    with at(4, 14, TUESDAY):
        for visit, was in were.items():
            with pytest.raises(NotAllowedError):
                undo(Command.UNDO, visit, by=cast.anne)
            undo(Command.UNDO, visit, by=cast.flora)
            assert stage.where(visit) == was
        assert stage.line(stage.hospital.consult) == line
        undo(Command.UNDO, never, by=cast.flora)
        assert (stage.visit(never).state, appointment(never)) == (State.UNREGISTERED, "booked")
        assert set(journey.close_day(MONDAY)) == {never, *visits}
    with at(4, 30, TUESDAY), pytest.raises(NotAllowedError):
        undo(Command.UNDO, never, by=cast.flora)


def test_calls_and_pauses_that_are_over_are_answered_at_every_hour(stage: Stage) -> None:
    """A call goes out again, then in vain; a pause ends; a raised place comes by itself: all by the clock's word."""
    hospital = stage.hospital
    with at(23, 59):
        called, aside = stage.bring("called"), stage.bring("waiting")
        entry = stage.entry(aside)
        assert entry is not None
        journey.hold(
            entry.public_id,
            version=entry.version,
            reason="화장실",
            until=clock.utcnow() + timedelta(minutes=5),
            by=hospital.cast.patient(aside),
        )
        assert (journey.answer_for_the_absent(), journey.end_holds()) == (0, 0)
    seen: list[tuple[int, int]] = []
    for minute in (3, 7, 11, 15):
        with at(0, minute, TUESDAY):
            seen.append((journey.answer_for_the_absent(), journey.end_holds()))
            assert (journey.answer_for_the_absent(), journey.end_holds()) == (0, 0)
    assert seen == [(1, 0), (1, 1), (1, 0), (0, 0)]
    assert [line.command for line in stage.lines(called)][-3:] == [
        Command.RECALL,
        Command.RECALL,
        Command.MISS,
    ]
    assert stage.where(called) == (State.WAITING, EntryStatus.NO_SHOW)
    assert stage.where(aside) == (State.WAITING, EntryStatus.WAITING)
    with at(1, 30, TUESDAY):
        assert queues.age_lines(by=SYSTEM) == 1
        assert queues.age_lines(by=SYSTEM) == 0
