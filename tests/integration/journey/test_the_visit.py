"""One patient's whole visit, from the door to the way home."""

from uuid import UUID

from flask import Flask
from sqlalchemy import select

from app.boards.queries import my_visit
from app.core.db import db
from app.emr.models import Appointment
from app.journey import services as journey
from app.journey.models import Visit
from app.journey.states import State
from tests.hospital import Hospital


def seen(visit: UUID):
    return my_visit(visit, by=None)


def test_a_patient_goes_from_the_door_to_the_way_home(app: Flask, hospital: Hospital) -> None:
    cast = hospital.cast
    visit = hospital.expect("lab", "consult")
    assert seen(visit).state is State.UNREGISTERED

    journey.arrive(visit, by=cast.henry)
    assert (seen(visit).state, seen(visit).day_number) == (State.ARRIVED, 1)
    journey.register(visit, version=seen(visit).version, by=cast.henry)
    assert (seen(visit).state, seen(visit).entry.people_ahead) == (State.WAITING, 0)

    for queue, room, then in (
        (hospital.lab, hospital.lab_room, State.WAITING),
        (hospital.consult, hospital.rooms[0], State.PAYMENT),
    ):
        journey.call_next(queue, room, by=cast.anne)
        assert seen(visit).state is State.CALLED
        entry = seen(visit).entry
        journey.start(entry.id, version=entry.version, confirm=frozenset({"identity"}), by=cast.anne)
        assert seen(visit).state is State.ONGOING
        journey.complete(entry.id, version=seen(visit).entry.version, by=cast.anne)
        assert seen(visit).state is then

    journey.pay(visit, version=seen(visit).version, method="card", amount=12000, by=cast.iris)
    done = seen(visit)
    assert (done.state, done.disposition, done.day_number) == (State.FINISHED, "completed", 1)
    assert [line.seq for line in done.history] == list(range(1, len(done.history) + 1))
    assert all(a.to_state == b.from_state for a, b in zip(done.history, done.history[1:], strict=False))


def test_the_appointment_goes_back_with_its_visit(sqlite_app: Flask, hospital: Hospital) -> None:
    cast = hospital.cast
    visit = hospital.waiting("consult")

    def status() -> str:
        db.session.rollback()
        return db.session.execute(
            select(Appointment.status)
            .join(Visit, Visit.appointment_id == Appointment.id)
            .where(Visit.public_id == visit)
        ).scalar_one()

    journey.call_next(hospital.consult, hospital.rooms[0], by=cast.anne)
    entry = seen(visit).entry
    assert status() == "checked-in"
    journey.start(entry.id, version=entry.version, confirm=frozenset({"identity"}), by=cast.anne)
    assert status() == "fulfilled"
    journey.undo(visit, version=seen(visit).version, by=cast.anne)
    assert (status(), seen(visit).state) == ("checked-in", State.CALLED)
