"""Bookings and orders of the EMR: expected at once, moved, called off; from the arrival on this house decides."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from app.core import clock
from app.core.actor import EMR
from app.core.audit import AuditRow
from app.core.db import db
from app.core.errors import BadCredentialsError
from app.core.outbox import TopicEvent
from app.core.transaction import release
from app.emr import services as entered
from app.fhir import inbound
from app.journey import services as journey
from app.journey.models import FlowEvent
from app.queues import services as queues
from app.queues.models import QueueEntry
from tests.hospital import SITE
from tests.integration.fhir.inbound.conftest import Emr


def waiting(emr: Emr, patient: str, *codes: str) -> None:
    """Let somebody be booked there and wait here."""
    emr.patient(patient)
    emr.booking(f"a-{patient}", patient, *codes)
    emr.pull()
    visit = emr.visit_of(patient)
    journey.check_in(visit.public_id, by=emr.hospital.cast.henry)


def test_who_is_booked_for_today_is_expected_at_once(emr: Emr) -> None:
    emr.patient("p1")
    emr.booking("a1", "p1", "lab", "consult")
    assert emr.pull().taken == 2
    visit = emr.visit_of("p1")
    assert (visit.state, visit.site) == ("UNREGISTERED", SITE)
    assert emr.steps_of(visit.public_id) == [("lab", "planned"), ("consult", "planned")]
    assert emr.appointment_of("a1").status == "booked"


def test_a_booking_of_today_that_was_written_long_ago_brings_its_patient_along(emr: Emr) -> None:
    """The first pull reads today's and tomorrow's list by date; whoever is booked is fetched by reference."""
    emr.patient("p1")
    emr.booking("a1", "p1")
    emr.booking("a2", "p1", at=clock.utcnow() + timedelta(days=1))
    emr.server.control(mode="503", match="GET .*Patient\\?", n=1)
    assert emr.pull().error is not None
    assert emr.patients() == []
    emr.pull()
    assert emr.visit_of("p1").expected_at is not None
    assert emr.appointment_of("a2").business_date > clock.today()


def test_another_time_and_another_plan_follow_until_the_patient_comes(emr: Emr) -> None:
    emr.patient("p1")
    emr.booking("a1", "p1", "consult")
    emr.pull()
    later = (clock.utcnow() + timedelta(minutes=40)).replace(microsecond=0)
    emr.booking("a1", "p1", "lab", at=later)
    emr.pull()
    visit = emr.visit_of("p1")
    assert visit.expected_at == later
    assert emr.steps_of(visit.public_id) == [("consult", "cancelled"), ("lab", "planned")]
    journey.check_in(visit.public_id, by=emr.hospital.cast.henry)
    emr.booking("a1", "p1", "consult", at=later + timedelta(hours=1))
    emr.pull()
    visit = emr.visit_of("p1")
    assert (visit.state, visit.expected_at) == ("WAITING", later)


def test_a_booking_moved_to_tomorrow_and_back(emr: Emr) -> None:
    emr.patient("p1")
    emr.booking("a1", "p1")
    emr.pull()
    emr.booking("a1", "p1", at=clock.utcnow() + timedelta(days=1))
    emr.pull()
    [gone] = emr.visits_of("p1")
    assert (gone.state, gone.open_slot) == ("FINISHED", None)
    assert emr.appointment_of("a1").status == "booked"
    emr.booking("a1", "p1")
    emr.pull()
    assert emr.visit_of("p1").state == "UNREGISTERED"


def test_who_is_called_off_before_coming_is_not_expected_any_more(emr: Emr) -> None:
    for number, status in enumerate(("cancelled", "noshow", "entered-in-error")):
        emr.patient(f"p{number}")
        emr.booking(f"a{number}", f"p{number}")
        emr.pull()
        emr.booking(f"a{number}", f"p{number}", status=status)
        emr.pull()
    ended = [emr.visits_of(f"p{number}")[0].disposition for number in range(3)]
    assert ended == ["cancelled_by_staff", "no_show_visit", "cancelled_by_staff"]
    assert [emr.appointment_of(f"a{number}").status for number in range(3)] == [
        "cancelled",
        "noshow",
        "cancelled",
    ]


def test_who_is_called_off_while_waiting_leaves_the_line_by_the_emrs_word(emr: Emr) -> None:
    waiting(emr, "p1")
    visit = emr.visit_of("p1").public_id
    emr.booking("a-p1", "p1", status="cancelled")
    emr.pull()
    [ended] = emr.visits_of("p1")
    assert (ended.state, ended.disposition) == ("FINISHED", "cancelled_by_staff")
    last = db.session.execute(select(FlowEvent).order_by(FlowEvent.id.desc()).limit(1)).scalar_one()
    assert (last.command, last.actor_role) == ("cancel", "emr")
    audit = db.session.execute(
        select(AuditRow.role).where(
            AuditRow.action == "journey:visit:cancel", AuditRow.object == f"visit:{visit}"
        )
    ).scalar_one()
    assert audit == "emr"


def test_who_is_inside_stays_inside(emr: Emr) -> None:
    waiting(emr, "p1")
    cast, hospital = emr.hospital.cast, emr.hospital
    journey.call_next(hospital.consult, hospital.rooms[0], by=cast.anne)
    visit = emr.visit_of("p1").public_id
    entry = db.session.execute(select(QueueEntry.public_id, QueueEntry.version)).one()
    release()
    journey.start(entry.public_id, version=entry.version, confirm=frozenset({"identity"}), by=cast.anne)
    emr.booking("a-p1", "p1", status="cancelled")
    emr.pull()
    assert emr.visit_of("p1").state == "ONGOING"
    assert emr.visit_of("p1").public_id == visit


def test_an_arrival_that_the_emrs_own_desk_saw_counts_here(emr: Emr) -> None:
    emr.patient("p1")
    emr.patient("p2")
    emr.booking("a1", "p1", status="arrived")
    emr.booking("a2", "p2", status="checked-in")
    emr.pull()
    assert emr.visit_of("p1").state == "ARRIVED"
    assert emr.visit_of("p2").state == "WAITING"


def test_an_unknown_service_is_listed_by_its_code_and_taken_once_it_is_one(emr: Emr) -> None:
    emr.patient("p1")
    emr.booking("a1", "p1", "mri")
    emr.booking("a2", "p1", serviceType=None)
    pulled = emr.pull()
    assert (pulled.unmatched, pulled.is_whole) == (2, True)
    assert emr.listed() == {"Appointment/a1": "unknown_service", "Appointment/a2": "no_service"}
    queues.offer("mri", name_ko="자기공명영상", name_en="MRI", by=emr.hospital.cast.chris)
    assert emr.pull().taken == 0  # nothing has changed there
    release()
    assert inbound.retry(emr.target).taken == 1
    assert emr.listed() == {"Appointment/a2": "no_service"}
    assert emr.steps_of(emr.visit_of("p1").public_id) == [("mri", "planned")]


def test_a_service_is_known_by_its_name_where_no_code_of_ours_stands(emr: Emr) -> None:
    emr.patient("p1")
    emr.booking("a1", "p1", serviceType=[{"text": "채혈"}])
    emr.pull()
    assert emr.steps_of(emr.visit_of("p1").public_id) == [("lab", "planned")]


def test_a_booking_for_nobody_known_is_listed(emr: Emr) -> None:
    emr.patient("p9", birthDate=None)
    emr.booking("a1", "p9")
    emr.booking("a2", "nobody")
    emr.pull()
    assert emr.listed() == {
        "Patient/p9": "no_birth_date",
        "Appointment/a1": "unknown_patient",
        "Appointment/a2": "unknown_patient",
    }
    emr.patient("p9")
    emr.pull()
    assert emr.listed() == {"Appointment/a2": "unknown_patient"}
    assert emr.visit_of("p9").state == "UNREGISTERED"


def test_an_order_is_one_more_examination_and_one_only(emr: Emr) -> None:
    waiting(emr, "p1", "consult")
    emr.order("o1", "p1", "lab")
    emr.pull()
    emr.pull()
    emr.order("o1", "p1", "lab", note=[{"text": "x"}])
    emr.pull()
    visit = emr.visit_of("p1")
    assert emr.steps_of(visit.public_id) == [("consult", "active"), ("lab", "planned")]
    emr.order("o1", "p1", "lab", status="revoked")
    emr.pull()
    assert emr.steps_of(visit.public_id) == [("consult", "active"), ("lab", "cancelled")]
    assert emr.visit_of("p1").state == "WAITING"


def test_an_order_taken_back_in_line_lets_the_next_one_begin(emr: Emr) -> None:
    waiting(emr, "p1", "consult")
    emr.order("o1", "p1", "consult")
    emr.order("o2", "p1", "lab")
    emr.pull()
    emr.order("o1", "p1", "consult", status="revoked")
    emr.pull()
    visit = emr.visit_of("p1")
    assert emr.steps_of(visit.public_id) == [("consult", "cancelled"), ("lab", "active")]
    assert visit.state == "WAITING"


def test_an_order_while_paying_opens_the_line_again(emr: Emr) -> None:
    waiting(emr, "p1", "consult")
    visit = emr.visit_of("p1").public_id
    journey.revoke(visit, by=EMR)
    assert emr.visit_of("p1").state == "PAYMENT"
    emr.order("o1", "p1", "lab")
    emr.pull()
    assert emr.visit_of("p1").state == "WAITING"
    assert emr.steps_of(visit)[-1] == ("lab", "active")


def test_an_order_before_the_arrival_is_part_of_the_plan(emr: Emr) -> None:
    emr.patient("p1")
    emr.booking("a1", "p1", "consult")
    emr.order("o1", "p1", "lab")
    emr.order("o2", "p1", "consult")
    emr.pull()
    visit = emr.visit_of("p1").public_id
    assert emr.steps_of(visit) == [("consult", "planned"), ("lab", "planned")]
    emr.booking("a1", "p1", "ortho")  # what was ordered stays, whatever is booked
    emr.pull()
    assert emr.steps_of(visit) == [("consult", "planned"), ("lab", "planned"), ("ortho", "planned")]


def test_an_order_for_somebody_who_is_not_expected_waits_for_the_visit(emr: Emr) -> None:
    emr.patient("p1")
    emr.order("o1", "p1", "lab")
    emr.pull()
    assert emr.listed() == {"ServiceRequest/o1": "waits_for_visit"}
    patient = emr.patient_of("p1").public_id
    journey.walk_in(patient, services=("consult",), site=SITE, by=emr.hospital.cast.henry)
    emr.pull()
    assert emr.listed() == {}
    assert emr.steps_of(emr.visit_of("p1").public_id) == [("consult", "planned"), ("lab", "planned")]


def test_a_duplicate_hands_its_bookings_to_whom_it_was_merged_into(emr: Emr) -> None:
    emr.patient("p1", telecom=[{"system": "phone", "value": "010-1111-1111"}])
    emr.patient("p2")
    emr.booking("a1", "p1")
    emr.booking("a2", "p1", at=clock.utcnow() + timedelta(days=1))
    emr.pull()
    emr.patient(
        "p1",
        active=False,
        telecom=[{"system": "phone", "value": "010-1111-1111"}],
        link=[{"other": {"reference": "Patient/p2"}, "type": "replaced-by"}],
    )
    emr.pull()
    dead, survivor = emr.patient_of("p1"), emr.patient_of("p2")
    assert (dead.is_active, dead.replaced_by_id) == (False, survivor.id)
    assert emr.appointment_of("a1").patient_id == survivor.id
    assert emr.appointment_of("a2").patient_id == survivor.id
    visit = emr.visit_of("p2")
    assert visit.state == "UNREGISTERED"
    dana = emr.hospital.cast.dana
    release()
    found = journey.identify(phone_last4="1111", birth_date=dead.birth_date, by=dana)
    assert found.visit_id == visit.public_id


def test_an_open_visit_of_a_duplicate_stays_where_it_is(emr: Emr) -> None:
    waiting(emr, "p1")
    emr.patient("p2", telecom=[{"system": "phone", "value": "010-2222-2222"}])
    emr.patient("p1", active=False, link=[{"other": {"reference": "Patient/p2"}, "type": "replaced-by"}])
    emr.pull()
    visit = emr.visit_of("p1")
    assert visit.state == "WAITING"
    release()
    found = journey.identify(
        phone_last4="5678", birth_date=emr.patient_of("p1").birth_date, by=emr.hospital.cast.dana
    )
    assert found.visit_id == visit.public_id


def test_a_survivor_whom_nobody_knows_is_fetched_first(emr: Emr) -> None:
    emr.patient("z", active=False, link=[{"other": {"reference": "Patient/a"}, "type": "replaced-by"}])
    emr.patient("a", name=[{"text": "남은사람"}], identifier=None)
    emr.patient("y", active=False, link=[{"other": {"reference": "Patient/none"}, "type": "replaced-by"}])
    emr.pull()
    assert emr.patient_of("z").replaced_by_id == emr.patient_of("a").id
    assert emr.listed() == {"Patient/y": "merged_into_unknown"}


def test_who_is_no_longer_active_cannot_log_in(emr: Emr) -> None:
    emr.patient("p1")
    emr.booking("a1", "p1")
    emr.pull()
    emr.patient("p1", active=False)
    emr.pull()
    born = emr.patient_of("p1").birth_date
    release()
    with pytest.raises(BadCredentialsError):
        journey.identify(phone_last4="5678", birth_date=born, by=emr.hospital.cast.dana)


def test_a_corrected_name_moves_the_pages_that_show_it(emr: Emr) -> None:
    waiting(emr, "p1")
    topic = f"queue:{emr.hospital.consult}"
    before = db.session.execute(select(TopicEvent.seq).where(TopicEvent.topic == topic)).all()
    emr.patient("p1", name=[{"text": "박서준"}])
    emr.pull()
    after = db.session.execute(select(TopicEvent.seq).where(TopicEvent.topic == topic)).all()
    assert len(after) == len(before) + 1


def test_staff_and_rooms_are_linked_and_the_others_listed(emr: Emr) -> None:
    emr.server.put(
        {"resourceType": "Practitioner", "id": "d1", "identifier": [{"system": "urn:x", "value": "Grace"}]}
    )
    emr.server.put(
        {"resourceType": "Practitioner", "id": "d2", "identifier": [{"system": "urn:x", "value": "nobody"}]}
    )
    emr.server.put({"resourceType": "Location", "id": "l1", "name": "2번 진료실"})
    emr.server.put({"resourceType": "Location", "id": "l2", "name": "옥상"})
    emr.pull()
    assert emr.listed() == {"Practitioner/d2": "no_staff", "Location/l2": "no_place"}
    assert emr.links() == 2


def test_what_we_moved_here_is_not_undone_by_an_older_word(emr: Emr) -> None:
    """Called off at our desk, and the EMR's change of a minute before arrives late."""
    emr.patient("p1")
    emr.booking("a1", "p1")
    emr.pull()
    visit = emr.visit_of("p1")
    journey.cancel(visit.public_id, version=visit.version, reason="환자 요청", by=emr.hospital.cast.anne)
    emr.booking("a1", "p1", comment="보호자 동반")
    emr.pull()
    assert [one.state for one in emr.visits_of("p1")] == ["FINISHED"]


def test_our_own_word_comes_back_as_an_echo(emr: Emr) -> None:
    """Read before its delivery was recorded: no link stands yet, but the id is ours."""
    born = emr.hospital.phones[emr.hospital.expect()][1]
    patient = entered.enter_patient(
        name="한지민", birth_date=born, phone="010-3333-4444", by=emr.hospital.cast.henry
    )
    emr.patient(
        str(patient),
        identifier=None,
        name=[{"text": "한지민"}],
        extension=[
            {"url": "https://annae.example/fhir/StructureDefinition/source-version", "valueInteger": 1}
        ],
    )
    before = len(emr.patients())
    pulled = emr.pull()
    assert (pulled.taken, pulled.echoes) == (0, 1)
    assert (len(emr.patients()), emr.links()) == (before, 0)


def test_a_foreign_resource_with_such_an_extension_is_taken_all_the_same(emr: Emr) -> None:
    emr.patient(
        str(uuid4()),
        extension=[
            {"url": "https://annae.example/fhir/StructureDefinition/source-version", "valueInteger": 9}
        ],
    )
    assert emr.pull().taken == 1
