"""Both ways at once: what we told comes back as an echo, what they change in it is news, and neither goes round."""

from datetime import timedelta

from app.core import clock
from app.core.transaction import release
from app.emr import services as entered
from app.journey import services as journey
from tests.hospital import SITE
from tests.integration.fhir.inbound.conftest import MRN, Emr


def writes(emr: Emr) -> int:
    return len(emr.server.journal())


def test_what_we_told_is_read_back_as_nothing(emr: Emr) -> None:
    emr.hospital.waiting("consult", "lab")
    emr.deliver()
    before, patients = writes(emr), len(emr.patients())
    pulled = emr.pull(full=False)
    assert (pulled.taken, pulled.unmatched, pulled.is_whole) == (0, 0, True)
    emr.pull(full=True)
    emr.deliver()
    assert emr.server.journal()[before:] == []
    assert len(emr.patients()) == patients


def test_a_first_pull_writes_nothing_there(emr: Emr) -> None:
    for number in range(5):
        emr.patient(f"p{number}")
    before = writes(emr)
    emr.pull()
    emr.deliver()
    assert writes(emr) == before


def test_a_colleague_there_changes_what_we_had_told(emr: Emr) -> None:
    """Our extension stays in it: it is news all the same, once nothing newer of ours is on its way."""
    visit = emr.hospital.expect("consult", name="한지민", at=clock.utcnow() + timedelta(minutes=5))
    emr.deliver()
    [appointment] = emr.server.search("Appointment")
    [patient] = emr.server.search("Patient")
    emr.server.put({**appointment, "status": "cancelled"})
    emr.server.put({**patient, "birthDate": "1953-04-13"})
    assert emr.pull().taken == 2
    release()
    from app.boards.queries import visit_card  # noqa: PLC0415

    card = visit_card(visit, by=emr.hospital.cast.henry)
    assert card.row.state == "FINISHED"
    assert card.birth_date.day == 13
    before = writes(emr)
    emr.deliver()
    told = {one["ref"].partition("/")[0] for one in emr.server.journal()[before:]}
    assert told <= {"Encounter", "ServiceRequest", "Task"}  # its own word is not told back
    assert emr.pull().taken == 0


def test_a_visit_of_somebody_of_theirs_refers_to_their_patient(emr: Emr) -> None:
    emr.patient("p1", identifier=[{"system": MRN, "value": "00012345"}])
    emr.booking("a1", "p1", "consult")
    emr.order("o1", "p1", "consult")
    emr.pull()
    journey.check_in(emr.visit_of("p1").public_id, by=emr.hospital.cast.henry)
    emr.deliver()
    [encounter] = emr.server.search("Encounter")
    assert encounter["subject"]["reference"] == "Patient/p1"
    assert emr.server.get("Appointment/a1")["status"] == "checked-in"
    assert emr.server.get("Appointment/a1")["start"]
    assert len(emr.server.search("Patient")) == len(emr.server.search("ServiceRequest")) == 1
    assert emr.pull().taken == 0
    assert emr.visit_of("p1").state == "WAITING"


def test_ours_on_its_way_is_the_last_word(emr: Emr) -> None:
    """Our desk corrects a name; before it is told, a colleague there changes our older version of it."""
    henry = emr.hospital.cast.henry
    patient = entered.enter_patient(
        name="한지민",
        birth_date=emr.patient("x")["birthDate"] and clock.today(),
        phone="010-3333-4444",
        by=henry,
    )
    emr.deliver()
    theirs = emr.server.get(f"Patient/{patient}")
    entered.edit_demographics(patient, version=1, name="한지은", by=henry)
    emr.server.put({**theirs, "name": [{"text": "다른이름"}]})
    release()
    emr.pull()
    assert emr.patient_of(str(patient)).name == "한지은"
    emr.deliver()
    assert emr.server.get(f"Patient/{patient}")["name"][0]["text"] == "한지은"
    emr.pull()
    assert emr.patient_of(str(patient)).name == "한지은"


def test_two_ways_of_one_walk_in_come_to_rest(emr: Emr) -> None:
    emr.patient("p1")
    emr.pull()
    journey.walk_in(emr.patient_of("p1").public_id, services=("lab",), site=SITE, by=emr.hospital.cast.henry)
    for _ in range(3):
        emr.deliver()
        emr.pull()
    before = writes(emr)
    emr.deliver()
    assert (emr.pull().taken, writes(emr)) == (0, before)
