"""By what right somebody reads a record: the own unit's, a patient under treatment, an hour of an emergency."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import time_machine
from flask import Flask

from app.alerts.rules import Kind
from app.boards import queries as boards
from app.core import clock
from app.core.actor import SYSTEM, Actor
from app.core.errors import InvalidError, NotAllowedError, NotFoundError
from app.core.transaction import release
from app.emr import queries as emr
from app.journey import services as journey
from app.orders import services as orders
from app.orders.services import ItemWords, Wanted
from tests.hospital import Hospital
from tests.web.scenes import entry_of, serve

DESK = Actor(kind="staff", role="desk", id=uuid4())
WHY = "의식 저하, 알레르기 확인 필요"


def opened(patient: UUID, by: Actor) -> bool:
    """Whether somebody gets the record, by page, by search and by the card, all three alike."""
    release()
    told = set()
    for look in (emr.patient_record, emr.patient_card, boards.patient_record):
        try:
            told.add(look(patient, by=by).id == patient)
        except NotFoundError:
            told.add(False)
    mrn = number(patient)
    told.add(bool(emr.search_records(mrn, by=by).rows))
    assert len(told) == 1, "one door is wider than another"
    return told.pop()


def number(patient: UUID) -> str:
    return emr.patient_record(patient, by=DESK).mrn


def patient_of(visit: UUID) -> UUID:
    found = boards.my_visit(visit, by=None).patient_id
    release()
    return found


def elsewhere(hospital: Hospital) -> Actor:
    """Return the ward's doctor after the move to the other unit."""
    return replace(hospital.cast.grace, units=frozenset({hospital.other}))


def test_own_unit_treating_and_emergency_on_each_database(app: Flask, hospital: Hospital) -> None:
    cast, mia = (
        hospital.cast,
        Actor(kind="staff", role="radiology", id=uuid4(), units=frozenset({hospital.ward})),
    )
    visit = hospital.waiting("consult")
    patient, moved = patient_of(visit), elsewhere(hospital)
    assert [opened(patient, by) for by in (cast.anne, cast.flora, cast.grace)] == [True] * 3
    assert [opened(patient, by) for by in (cast.ben, moved, mia)] == [False] * 3

    journey.call_next(hospital.consult, hospital.rooms[0], by=cast.grace)
    assert opened(patient, moved), "who has called somebody treats them, in whatever unit"
    assert not opened(patient, replace(moved, id=uuid4())), "another doctor there does not"
    assert not opened(patient, replace(cast.ben, id=cast.grace.id)), "and no nurse, whoever it was"

    mrn = number(patient)
    journey.declare_emergency(mrn, reason=WHY, by=mia)
    assert opened(patient, mia)
    assert not opened(patient_of(hospital.waiting("consult")), mia), "one record, and no other"


def test_treating_lasts_as_long_as_the_visit(sqlite_app: Flask, hospital: Hospital) -> None:
    visit = hospital.waiting("consult")
    patient, moved = patient_of(visit), elsewhere(hospital)
    journey.call_next(hospital.consult, hospital.rooms[0], by=hospital.cast.grace)
    entry = entry_of(visit)
    journey.uncall(entry.public_id, version=entry.version, by=moved)
    journey.call_next(hospital.consult, hospital.rooms[0], by=hospital.cast.anne)
    assert boards.my_visit(visit, by=moved).id == visit
    serve(hospital, visit)
    assert opened(patient, moved), "who still has to pay is still under treatment"
    journey.pay(visit, version=_version(visit), by=hospital.cast.iris)
    assert not opened(patient, moved)
    with pytest.raises(NotFoundError):
        boards.my_visit(visit, by=moved)


def test_who_has_ordered_treats(sqlite_app: Flask, hospital: Hospital) -> None:
    words = ItemWords(category="procedure", name_ko="드레싱", name_en="Dressing", price_won=5_000)
    orders.add_item("dressing", words, by=SYSTEM)
    visit = hospital.waiting("consult")
    patient, moved = patient_of(visit), elsewhere(hospital)
    assert not opened(patient, moved)
    journey.place_order(visit, items=[Wanted("dressing")], by=hospital.cast.grace)
    assert opened(patient, moved)


def _version(visit: UUID) -> int:
    release()
    return boards.my_visit(visit, by=None).version


MAY = ("nurse", "charge_nurse", "doctor", "radiology")
MAY_NOT = ("technician", "pharmacy", "desk", "cashier", "admin", "auditor")


def reader(hospital: Hospital, role: str) -> Actor:
    return Actor(kind="staff", role=role, id=uuid4(), units=frozenset({hospital.other}), name="Rin")


@pytest.mark.parametrize("role", MAY)
def test_an_emergency_opens_a_record_for_an_hour(sqlite_app: Flask, hospital: Hospital, role: str) -> None:
    patient, rin = patient_of(hospital.waiting("consult")), reader(hospital, role)
    with time_machine.travel(clock.utcnow(), tick=False) as now:
        journey.declare_emergency(number(patient), reason=WHY, by=rin)
        now.shift(timedelta(minutes=59, seconds=59))
        assert opened(patient, rin)
        assert not opened(patient, replace(rin, id=uuid4())), "a colleague declares an own one"
        now.shift(timedelta(seconds=1))
        assert not opened(patient, rin)


@pytest.mark.parametrize("role", MAY_NOT)
def test_an_emergency_is_not_everybodys(sqlite_app: Flask, hospital: Hospital, role: str) -> None:
    patient = patient_of(hospital.waiting("consult"))
    with pytest.raises(NotAllowedError):
        journey.declare_emergency(number(patient), reason=WHY, by=reader(hospital, role))


def test_a_reason_is_asked_for_and_the_patients_ward_hears_of_it(
    sqlite_app: Flask, hospital: Hospital
) -> None:
    patient = patient_of(hospital.waiting("consult"))
    mrn = number(patient)
    ben = hospital.cast.ben
    for reason in ("", "  급함 "):
        with pytest.raises(InvalidError):
            journey.declare_emergency(mrn, reason=reason, by=ben)
    assert not opened(patient, ben)
    journey.declare_emergency(mrn, reason=WHY, by=ben)
    release()
    told = {
        name: [row.kind for strip in boards.own_alert_strips(by=by) for row in strip.alerts]
        for name, by in (("flora", hospital.cast.flora), ("ben", ben))
    }
    assert told == {"flora": [Kind.EMERGENCY_ACCESS], "ben": []}
