"""Patients of the EMR: taken over once, followed, merged; one that cannot be taken stops nobody."""

from datetime import date
from uuid import UUID

from sqlalchemy import select

from app.core.db import db
from app.core.transaction import release
from app.emr import queries as people
from app.emr import services as entered
from app.imaging.models import Study
from tests.integration.fhir.inbound.conftest import MRN, Emr
from tests.integration.imaging.reading import came_in


def test_a_patient_of_the_emr_is_here_after_the_first_pull(emr: Emr) -> None:
    emr.patient("p1")
    pulled = emr.pull()
    assert (pulled.taken, pulled.is_whole, pulled.error) == (1, True, None)
    patient = emr.patient_of("p1")
    assert (patient.name, patient.birth_date, patient.gender) == ("김민수", date(1980, 2, 3), "male")
    assert (patient.mrn, patient.phone_last4, patient.is_active) == ("M-p1", "5678", True)


def test_the_same_version_twice_is_nothing(emr: Emr) -> None:
    emr.patient("p1")
    emr.pull()
    before = emr.patient_of("p1").seq
    again = emr.pull()
    assert (again.taken, again.is_whole) == (0, True)
    assert emr.patient_of("p1").seq == before
    assert len(emr.patients()) == 1


def test_a_name_is_put_together_as_its_language_does(emr: Emr) -> None:
    emr.patient("p1", name=[{"family": "남궁", "given": ["서연"]}])
    emr.patient("p2", name=[{"use": "old", "text": "Miller"}, {"family": "Smith", "given": ["John", "Q."]}])
    emr.pull()
    assert (emr.patient_of("p1").name, emr.patient_of("p2").name) == ("남궁서연", "John Q. Smith")


def test_a_changed_name_follows_and_a_phone_that_is_not_told_is_kept(emr: Emr) -> None:
    emr.patient("p1")
    emr.pull()
    emr.patient("p1", name=[{"text": "김민서"}], telecom=None)
    assert emr.pull().taken == 1
    patient = emr.patient_of("p1")
    assert (patient.name, patient.phone_last4) == ("김민서", "5678")


def test_a_patient_of_the_desk_is_adopted_by_the_record_number(emr: Emr) -> None:
    ours = entered.enter_patient(
        name="김민수",
        birth_date=date(1980, 2, 3),
        phone="010-9999-0000",
        mrn="00012345",
        by=emr.hospital.cast.henry,
    )
    emr.patient("p1", identifier=[{"system": MRN, "value": "00012345"}])
    emr.pull()
    assert emr.patient_of("p1").public_id == ours
    assert emr.patient_of("p1").phone_last4 == "5678"  # registration data are the EMR's
    assert len(emr.patients()) == 1


def test_a_second_record_with_one_number_is_listed_and_not_mixed_up(emr: Emr) -> None:
    emr.patient("p1", identifier=[{"system": MRN, "value": "7"}])
    emr.pull()
    emr.patient("p2", identifier=[{"system": MRN, "value": "7"}], name=[{"text": "다른사람"}])
    assert emr.pull().unmatched == 1
    assert emr.listed() == {"Patient/p2": "mrn_taken"}
    assert emr.patient_of("p1").name == "김민수"


def test_one_without_a_birth_date_is_listed_and_stops_nobody(emr: Emr) -> None:
    emr.patient("p1", birthDate=None)
    emr.patient("p2", birthDate="1980")
    emr.patient("p3", name=None)
    emr.patient("p4")
    pulled = emr.pull()
    assert (pulled.taken, pulled.unmatched, pulled.is_whole) == (1, 3, True)
    assert emr.listed() == {
        "Patient/p1": "no_birth_date",
        "Patient/p2": "no_birth_date",
        "Patient/p3": "no_name",
    }
    assert emr.pull().unmatched == 0  # the same version is not tried again
    emr.patient("p1")
    assert emr.pull().taken == 1
    assert set(emr.listed()) == {"Patient/p2", "Patient/p3"}


def test_somebody_without_a_phone_is_taken_and_no_kiosk_knows_them(emr: Emr) -> None:
    emr.patient("p1", telecom=None)
    emr.patient("p2", telecom=[{"system": "phone", "value": "내선 없음"}])
    emr.pull()
    assert emr.patient_of("p1").phone_last4 is None
    assert emr.patient_of("p2").phone_last4 is None
    assert people.with_identity("", date(1980, 2, 3)) == {}
    assert people.with_identity("0000", date(1980, 2, 3)) == {}


def test_nothing_is_told_back_that_came_from_there(emr: Emr) -> None:
    emr.patient("p1")
    emr.pull()
    emr.patient("p1", name=[{"text": "김민서"}])
    emr.pull()
    told = db.session.execute(db.text("SELECT kind FROM outbox WHERE consumer = 'fhir:emr'")).all()
    assert [row.kind for row in told if row.kind == "patient"] == []


def test_what_somebody_here_changes_is_told(emr: Emr) -> None:
    emr.patient("p1")
    emr.pull()
    patient = emr.patient_of("p1")
    entered.edit_demographics(
        patient.public_id, version=patient.version, name="김민정", by=emr.hospital.cast.henry
    )
    told = db.session.execute(db.text("SELECT kind FROM outbox WHERE consumer = 'fhir:emr'")).all()
    assert [row.kind for row in told if row.kind == "patient"] == ["patient"]


def test_more_than_a_page_is_read_whole_once_though_all_were_written_in_one_moment(emr: Emr) -> None:
    bundle = {
        "resourceType": "Bundle",
        "type": "batch",
        "entry": [
            {
                "resource": {
                    "resourceType": "Patient",
                    "id": f"many-{number}",
                    "name": [{"text": f"환자{number}"}],
                    "birthDate": "1970-01-01",
                },
                "request": {"method": "PUT", "url": f"Patient/many-{number}"},
            }
            for number in range(230)
        ],
    }
    emr.server.request("POST", "", bundle).raise_for_status()
    pulled = emr.pull()
    assert (pulled.taken, pulled.is_whole) == (230, True)
    assert len(emr.patients()) == 230
    assert emr.pull().taken == 0


def test_further_numbers_are_kept_and_what_the_emr_says_no_more_has_ended(emr: Emr) -> None:
    mrn = {"system": MRN, "value": "M-p1"}
    theirs = {"system": "urn:oid:1.2.410.7", "value": "C-9", "type": {"coding": [{"code": "MR"}]}}
    resident = {"system": "urn:rrn", "value": "800203-1234567"}
    emr.patient("p1", identifier=[mrn, theirs, resident])
    emr.patient("p2", identifier=[{"system": MRN, "value": "M-p2"}, theirs])
    assert emr.pull().unmatched == 0, "a number that is another one's stops nobody"
    ours, henry = emr.patient_of("p1").public_id, emr.hospital.cast.henry

    def known() -> list[tuple[str, str]]:
        found = people.patient_record(ours, by=henry).identifiers
        db.session.remove()
        return [(one.system, one.value) for one in found]

    assert known() == [("urn:oid:1.2.410.7", "C-9")]
    told = db.session.execute(db.text("SELECT id FROM outbox WHERE consumer = 'fhir:emr'")).all()
    assert told == [], "it knows that already"
    entered.add_identifier(ours, kind="hospital", system="한빛병원", value="H-77", by=henry)
    emr.deliver()
    there = emr.server.get("Patient/p1")["identifier"][-1]
    assert [one["value"] for one in emr.server.get("Patient/p1")["identifier"][1:3]] == [
        "C-9",
        "800203-1234567",
    ]
    assert there["assigner"] == {"display": "한빛병원"}
    emr.patient("p1", identifier=[mrn, there])
    emr.pull()
    assert known() == [("한빛병원", "H-77")], "what comes home is no second one, and theirs is over"
    (noted,) = people.patient_record(ours, by=henry).identifiers
    db.session.remove()
    entered.end_identifier(ours, noted.id, version=noted.version, reason="잘못 옮겨 적음", by=henry)
    emr.deliver()
    assert emr.server.get("Patient/p1")["identifier"] == [mrn]
    emr.pull()
    assert known() == []


def test_pictures_follow_whom_the_emr_merges_and_come_back_with_whom_it_parts(emr: Emr) -> None:
    for one in ("p1", "p2"):
        emr.patient(one)
    emr.pull()
    duplicate, survivor = (emr.patient_of(one).public_id for one in ("p1", "p2"))
    release()
    theirs, other = came_in(duplicate), came_in(survivor)

    def owners() -> list[UUID | None]:
        release()
        rows = db.session.execute(select(Study.public_id, Study.patient_id)).all()
        found = {row.public_id: row.patient_id for row in rows}
        return [found[theirs], found[other]]

    emr.patient("p1", active=False, link=[{"other": {"reference": "Patient/p2"}, "type": "replaced-by"}])
    emr.pull()
    assert owners() == [survivor, survivor]
    emr.patient("p1", active=True)
    emr.pull()
    assert owners() == [duplicate, survivor]
