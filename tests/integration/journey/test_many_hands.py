"""Many nurses, doctors and patients at once: nobody is called twice, nobody is lost."""

from collections import Counter
from collections.abc import Callable
from functools import partial
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from app.core.db import db
from app.core.errors import (
    QueueEmptyError,
    RefusedError,
    TransitionRefusedError,
    VersionStaleError,
)
from app.core.idempotency import Presented, presenting
from app.core.transaction import release
from app.journey import services as journey
from app.journey.services import Outcome
from app.journey.states import Command, State
from app.queues.models import QueueEntry
from app.queues.states import EntryStatus
from tests.hospital import Hospital
from tests.integration.journey.scenes import CONFIRMED, Stage, fingerprint
from tests.together import together


def crowd(stage: Stage, *, waiting: int, rooms: int) -> list[UUID]:
    for _ in range(waiting):
        stage.hospital.waiting()
    return [stage.new_room(stage.hospital.consult) for _ in range(rooms)]


def calls(stage: Stage, rooms: list[UUID]) -> list[Callable[[], Outcome]]:
    return [
        partial(journey.call_next, stage.hospital.consult, room, by=stage.hospital.cast.anne)
        for room in rooms
    ]


def test_fifty_nurses_call_forty_patients_each_once(mariadb_app: Flask, hospital: Hospital) -> None:
    stage = Stage(hospital)
    rooms = crowd(stage, waiting=40, rooms=50)
    order = stage.line(hospital.consult)
    answers = together(mariadb_app, calls(stage, rooms))
    called = [one for one in answers if isinstance(one, Outcome)]
    empty = [one for one in answers if isinstance(one, QueueEmptyError)]
    assert (len(called), len(empty)) == (40, 10), Counter(map(repr, answers))
    assert len({one.entry_id for one in called}) == len({one.visit_id for one in called}) == 40
    release()
    entries = list(db.session.execute(select(QueueEntry)).scalars())
    assert {entry.status for entry in entries} == {EntryStatus.CALLED}
    assert max(Counter(entry.service_point_id for entry in entries).values()) == 1
    assert order == sorted(order)


def test_eight_nurses_call_six_patients_from_a_file(sqlite_app: Flask, hospital: Hospital) -> None:
    stage = Stage(hospital)
    answers = together(sqlite_app, calls(stage, crowd(stage, waiting=6, rooms=8)))
    assert len({one.entry_id for one in answers if isinstance(one, Outcome)}) == 6
    assert sum(isinstance(one, QueueEmptyError) for one in answers) == 2


def test_one_room_calls_one_patient_however_often_it_is_pressed(app: Flask, stage: Stage) -> None:
    [room] = crowd(stage, waiting=4, rooms=1)
    answers = together(app, calls(stage, [room] * 8))
    assert sum(isinstance(one, Outcome) for one in answers) == 1
    assert {getattr(one, "code", "ok") for one in answers if not isinstance(one, Outcome)} == {"ROOM_BUSY"}


@pytest.mark.parametrize("slot", ["active_slot", "engaged_slot"])
def test_the_database_itself_refuses_a_second_entry(stage: Stage, slot: str) -> None:
    visit = stage.bring("called")
    entry = stage.entry(visit)
    assert entry is not None
    apart = {"id", "public_id", "active_slot", "engaged_slot", "serving_slot"}
    columns = ", ".join(sorted({column.name for column in QueueEntry.__table__.columns} - apart))
    statement = text(
        f"INSERT INTO queue_entry (public_id, {slot}, {columns}) "  # noqa: S608 - no input of anybody
        f"SELECT '{'0' * 32}', 1, {columns} FROM queue_entry WHERE id = {entry.id}"
    )
    release()
    with pytest.raises(IntegrityError), db.engine.begin() as connection:
        connection.execute(statement)


def test_the_database_itself_refuses_a_second_patient_in_one_place(stage: Stage) -> None:
    stage.only_room = stage.hospital.rooms[0]
    inside = stage.entry(stage.bring("inside"))
    assert inside is not None
    place = {"slot": inside.serving_slot, "room": inside.service_point_id}
    called = stage.entry(stage.bring("called"))
    assert called is not None
    statement = text("UPDATE queue_entry SET serving_slot = :slot, service_point_id = :room WHERE id = :id")
    statement = statement.bindparams(**place, id=called.id)
    release()
    with pytest.raises(IntegrityError), db.engine.begin() as connection:
        connection.execute(statement)


def test_completing_and_joining_at_once_leaves_one_entry(app: Flask, stage: Stage) -> None:
    cast = stage.hospital.cast
    for _ in range(3):
        visit = stage.hospital.expect("lab", "consult")
        for command in (Command.ARRIVE, Command.REGISTER, Command.CALL, Command.START):
            stage.give(command, visit)
        entry = stage.entry(visit)
        assert entry is not None
        done = partial(
            journey.complete, entry.public_id, version=entry.version, confirm=CONFIRMED, by=cast.anne
        )
        join = partial(journey.join, visit, by=cast.patient(visit))
        answers = together(app, [done, join, done, join, join])
        assert sum(isinstance(one, Outcome) and not one.is_repeat for one in answers) == 1, answers
        assert all(isinstance(one, Outcome | RefusedError) for one in answers), answers
        assert stage.where(visit) == (State.WAITING, EntryStatus.WAITING)
        release()
        open_entries = db.session.execute(
            select(QueueEntry.number).where(
                QueueEntry.visit_id == stage.visit(visit).id, QueueEntry.active_slot == 1
            )
        ).all()
        assert len(open_entries) == 1


def test_a_start_and_an_undone_call_at_once_agree(app: Flask, stage: Stage) -> None:
    visit = stage.bring("called")
    entry, version = stage.entry(visit), stage.visit(visit).version
    assert entry is not None
    anne = stage.hospital.cast.anne
    answers = together(
        app,
        [
            partial(journey.start, entry.public_id, version=entry.version, confirm=CONFIRMED, by=anne),
            partial(journey.undo, visit, version=version, by=anne),
        ],
    )
    assert sum(isinstance(one, Outcome) for one in answers) == 1, answers
    assert sum(isinstance(one, VersionStaleError | TransitionRefusedError) for one in answers) == 1, answers
    started = isinstance(answers[0], Outcome)
    assert stage.where(visit)[0] is (State.ONGOING if started else State.WAITING)


def test_an_order_while_paying_and_the_payment_at_once_agree(app: Flask, stage: Stage) -> None:
    visit = stage.bring("paying")
    version = stage.visit(visit).version
    cast = stage.hospital.cast
    answers = together(
        app,
        [
            partial(journey.add_step, visit, service="lab", version=version, by=cast.grace),
            partial(journey.pay, visit, version=version, method="cash", by=cast.iris),
        ],
    )
    assert sum(isinstance(one, Outcome) for one in answers) == 1, answers
    assert stage.where(visit)[0] is (State.WAITING if isinstance(answers[0], Outcome) else State.FINISHED)


def test_a_double_tap_is_one_call(app: Flask, stage: Stage) -> None:
    [room] = crowd(stage, waiting=3, rooms=1)

    def tap() -> Outcome:
        with presenting(Presented(scope="anne", key="a tap", fingerprint="x")):
            return journey.call_next(stage.hospital.consult, room, by=stage.hospital.cast.anne)

    answers = together(app, [tap] * 6)
    assert len({repr(one) for one in answers}) == 1, answers
    before = fingerprint()
    assert [tap() for _ in range(3)] == answers[:3]
    assert fingerprint() == before


def test_a_second_number_is_never_given(app: Flask, stage: Stage) -> None:
    visit = stage.hospital.expect()
    arrive = partial(journey.arrive, visit, by=stage.hospital.cast.henry)
    answers = together(app, [arrive] * 8)
    assert [one.is_repeat for one in answers].count(False) == 1
    assert stage.visit(visit).day_number == 1
    assert len(stage.lines(visit)) == 1
