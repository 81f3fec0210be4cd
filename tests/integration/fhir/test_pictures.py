"""Pictures at the EMR: the study after its order, what was measured and what was signed after the study."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app import settings
from app.core import relay
from app.core.db import db
from app.core.transaction import release
from app.emr import services as emr_people
from app.emr.models import PatientMerge
from app.fhir import services
from app.fhir.rules import Kind
from app.imaging.rules import accession_number
from app.inference.errors import Refusal
from app.journey import services as journey
from tests.hospital import Hospital
from tests.integration.fhir.deliveries import Emr, emr_at, link, people, row_of, rows
from tests.integration.fhir.radiology import BRAIN, NEXT_MODEL, Radiology
from tests.integration.orders.ward import Ward
from tests.services.fhir import FhirServer

Json = dict[str, Any]


@pytest.fixture(autouse=True)
def _own_archive(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    request.getfixturevalue("app" if "app" in request.fixturenames else "sqlite_app")
    settings.use(settings.current().model_copy(update={"var_dir": tmp_path}))
    relay.clear()  # nobody but the EMR hears of a study here


@pytest.fixture
def radiology(hospital: Hospital) -> Radiology:
    """Give the radiology, which nobody has asked for anything yet."""
    return Radiology(Ward(hospital))


@pytest.fixture
def emr(radiology: Radiology, fhir_server: FhirServer) -> Iterator[Emr]:
    """Give an EMR that refuses a child before its parent."""
    fhir_server.control(config={"REF_INTEGRITY": True})
    yield emr_at(fhir_server)
    fhir_server.reset()


def told_of(emr: Emr) -> list[str]:
    """Return the references of what the EMR has of pictures, in the order in which they came first."""
    kinds = ("ImagingStudy", "Observation", "DiagnosticReport")
    return list(dict.fromkeys(one["ref"] for one in emr.server.journal() if one["ref"].startswith(kinds)))


def subject(emr: Emr, kind: Kind, one: UUID) -> str:
    """Return whose a resource is at the EMR."""
    said: str = emr.holds(kind, one)["subject"]["reference"]
    return said


def newest_merge() -> UUID:
    """Return the trail of the last merge."""
    found = db.session.execute(
        select(PatientMerge.public_id).order_by(PatientMerge.id.desc()).limit(1)
    ).scalar_one()
    release()
    return found


def test_a_study_goes_after_its_order_and_all_that_is_said_of_it_after_the_study(
    app: Flask, radiology: Radiology, emr: Emr
) -> None:
    visit, order = radiology.ordered()
    study = radiology.come_in(radiology.pictures(order), 1, 2, 3)
    result = radiology.measured(study)
    report = radiology.drafted(study, "아직 쓰는 중")
    emr.drain()
    assert told_of(emr) == [f"ImagingStudy/{study}", f"Observation/{result}", f"DiagnosticReport/{report}"]
    said = emr.holds(Kind.STUDY, study)
    assert (said["status"], said["numberOfInstances"]) == ("available", 3)
    assert said["basedOn"] == [{"reference": f"ServiceRequest/{order}"}]
    assert said["encounter"]["reference"] == f"Encounter/{visit}"
    number = {"system": "https://annae.example/fhir/sid/accession", "value": accession_number(order)}
    for one in (said, emr.holds(Kind.ORDER, order)):
        assert number in [{name: of[name] for name in ("system", "value")} for of in one["identifier"]]
    written = [one["ref"] for one in emr.server.journal()]
    assert written.index(f"ServiceRequest/{order}") < written.index(f"ImagingStudy/{study}")
    measured = emr.holds(Kind.RESULT, result)
    assert (measured["status"], measured["component"][0]["valueQuantity"]["value"]) == ("preliminary", BRAIN)
    draft = emr.holds(Kind.REPORT, report)
    assert draft["result"] == [{"reference": f"Observation/{result}"}]
    assert draft["status"] == "preliminary"
    assert "쓰는 중" not in json.dumps(draft, ensure_ascii=False)


def test_a_report_is_told_as_it_is_signed_and_as_it_is_amended(radiology: Radiology, emr: Emr) -> None:
    _, order = radiology.ordered()
    study = radiology.come_in(radiology.pictures(order))
    report = radiology.signed(study, "소견: 우측.\n\n결론: 정상.")
    emr.drain()
    assert emr.holds(Kind.REPORT, report)["conclusion"] == "소견: 우측.\n\n결론: 정상."
    assert emr.holds(Kind.REPORT, report)["resultsInterpreter"] == [{"display": "Nora"}]
    radiology.amended(study, "소견: 좌측.")
    emr.drain()
    versions = emr.server.versions(f"DiagnosticReport/{report}")
    assert [(one["status"], one["conclusion"]) for one in versions] == [
        ("final", "소견: 우측.\n\n결론: 정상."),
        ("amended", "소견: 좌측."),
    ]


def test_what_is_nobodys_stays_here_until_somebody_says_whose_it_is(
    hospital: Hospital, radiology: Radiology, emr: Emr
) -> None:
    study = radiology.come_in(radiology.pictures(patient="unknown-7"))
    result = radiology.measured(study)
    report = radiology.drafted(study, "소견")
    emr.drain()
    assert told_of(emr) == []
    assert {row_of(kind, one).outcome for kind, one in ((Kind.STUDY, study), (Kind.RESULT, result))} == {
        "skipped"
    }
    (patient,) = people(hospital, 1)
    radiology.linked(study, patient)
    emr.drain()
    for kind, one in ((Kind.STUDY, study), (Kind.RESULT, result), (Kind.REPORT, report)):
        assert subject(emr, kind, one) == f"Patient/{patient}"


def test_a_later_picture_may_bring_its_patient(hospital: Hospital, radiology: Radiology, emr: Emr) -> None:
    (patient,) = people(hospital, 1)
    of = radiology.pictures(patient="H-77")
    study = radiology.come_in(of, 1)
    result = radiology.measured(study)
    report = radiology.drafted(study, "소견")
    emr.drain()
    assert told_of(emr) == []
    release()
    emr_people.add_identifier(
        patient, kind="hospital", system="한빛병원", value="H-77", by=hospital.cast.henry
    )
    radiology.come_in(of, 2)
    emr.drain()
    for kind, one in ((Kind.STUDY, study), (Kind.RESULT, result), (Kind.REPORT, report)):
        assert subject(emr, kind, one) == f"Patient/{patient}"


def test_pictures_follow_a_merge_and_its_undoing(
    app: Flask, hospital: Hospital, radiology: Radiology, emr: Emr
) -> None:
    duplicate, survivor = people(hospital, 2)
    study = radiology.come_in(radiology.pictures(patient=radiology.mrn(duplicate)))
    result = radiology.measured(study)
    report = radiology.signed(study, "소견")
    emr.drain()
    about = ((Kind.STUDY, study), (Kind.RESULT, result), (Kind.REPORT, report))
    assert {subject(emr, *one) for one in about} == {f"Patient/{duplicate}"}
    release()
    words = ["other_name"]
    journey.merge_records(
        duplicate, into=survivor, reason="같은 환자분", confirm=words, by=hospital.cast.henry
    )
    emr.drain()
    assert {subject(emr, *one) for one in about} == {f"Patient/{survivor}"}
    release()
    journey.undo_merge(newest_merge(), reason="다른 사람", by=hospital.cast.henry)
    emr.drain()
    assert {subject(emr, *one) for one in about} == {f"Patient/{duplicate}"}
    assert emr.holds(Kind.REPORT, report)["conclusion"] == "소견"


def test_a_model_in_the_shadow_is_heard_by_nobody(radiology: Radiology, emr: Emr) -> None:
    _, order = radiology.ordered()
    study = radiology.come_in(radiology.pictures(order))
    result = radiology.measured(study, shadow=NEXT_MODEL)
    report = radiology.signed(study, "소견")
    emr.drain()
    (shadow,) = radiology.results(study, NEXT_MODEL)
    assert row_of(Kind.RESULT, shadow).outcome == "skipped"
    assert told_of(emr) == [f"ImagingStudy/{study}", f"Observation/{result}", f"DiagnosticReport/{report}"]
    assert emr.holds(Kind.REPORT, report)["result"] == [{"reference": f"Observation/{result}"}]


def test_what_a_later_picture_outdates_is_taken_back_there(radiology: Radiology, emr: Emr) -> None:
    _, order = radiology.ordered()
    of = radiology.pictures(order)
    study = radiology.come_in(of, 1)
    first = radiology.measured(study)
    emr.drain()
    radiology.come_in(of, 2)
    second = radiology.measured(study)
    emr.drain()
    assert first != second
    before, now = emr.holds(Kind.RESULT, first), emr.holds(Kind.RESULT, second)
    assert (before["status"], "component" in before) == ("cancelled", False)
    assert (now["status"], "component" in now) == ("preliminary", True)


def test_not_analysable_is_told_as_no_value_and_never_as_normal(radiology: Radiology, emr: Emr) -> None:
    _, order = radiology.ordered()
    study = radiology.come_in(radiology.pictures(order))
    result = radiology.measured(study, refusal=Refusal.NOT_HEAD)
    emr.drain()
    said = emr.holds(Kind.RESULT, result)
    assert said["dataAbsentReason"]["coding"][1]["code"] == "not-head"
    assert "component" not in said


def test_a_target_that_takes_no_studies_hears_the_rest_without_them(
    radiology: Radiology, fhir_server: FhirServer
) -> None:
    types = ["Patient", "Encounter", "Appointment", "ServiceRequest", "Observation", "DiagnosticReport"]
    fhir_server.control(config={"TYPES": types, "REF_INTEGRITY": True})
    emr = emr_at(fhir_server)
    _, order = radiology.ordered()
    study = radiology.come_in(radiology.pictures(order))
    result = radiology.measured(study)
    report = radiology.signed(study, "소견")
    emr.drain()
    assert row_of(Kind.STUDY, study).outcome == "skipped"
    assert "derivedFrom" not in emr.holds(Kind.RESULT, result)
    said = emr.holds(Kind.REPORT, report)
    assert ("imagingStudy" in said, said["result"]) == (False, [{"reference": f"Observation/{result}"}])


def test_a_study_that_the_emr_had_first_is_not_doubled(
    hospital: Hospital, radiology: Radiology, fhir_server: FhirServer
) -> None:
    (patient,) = people(hospital, 1)
    of = radiology.pictures(patient=radiology.mrn(patient))
    theirs = fhir_server.put(
        {
            "resourceType": "ImagingStudy",
            "id": "pacs-1",
            "identifier": [{"system": "urn:dicom:uid", "value": f"urn:oid:{of.study}"}],
            "status": "available",
            "subject": {"display": "Kim^Minsu"},
            "description": "theirs",
        }
    )
    emr = emr_at(fhir_server, pulls=True)
    study = radiology.come_in(of)
    result = radiology.measured(study)
    emr.drain()
    assert (link(Kind.STUDY, study).remote_id, link(Kind.STUDY, study).is_theirs) == (theirs["id"], True)
    assert [one["id"] for one in fhir_server.search("ImagingStudy")] == ["pacs-1"]
    assert fhir_server.get("ImagingStudy/pacs-1")["description"] == "theirs"
    assert emr.holds(Kind.RESULT, result)["derivedFrom"] == [{"reference": "ImagingStudy/pacs-1"}]


def test_a_new_target_is_told_of_the_pictures_that_are_somebodys(
    radiology: Radiology, fhir_server: FhirServer
) -> None:
    _, order = radiology.ordered()
    study = radiology.come_in(radiology.pictures(order))
    result = radiology.measured(study, shadow=NEXT_MODEL)
    report = radiology.signed(study, "소견")
    radiology.drafted(radiology.come_in(radiology.pictures(patient="unknown-7")), "소견")
    assert rows() == []
    emr = emr_at(fhir_server)
    before = settings.current()
    settings.use(before.model_copy(update={"fhir_base_url": fhir_server.base_url}))
    release()
    made = dict.fromkeys(Kind, 0)
    for kind, number in services.promise_everything("emr", by=radiology.ward.hospital.cast.chris):
        made[kind] += number
    settings.use(before)
    assert [made[kind] for kind in (Kind.STUDY, Kind.RESULT, Kind.REPORT)] == [1, 1, 1]
    emr.drain()
    assert told_of(emr) == [f"ImagingStudy/{study}", f"Observation/{result}", f"DiagnosticReport/{report}"]
    assert emr.holds(Kind.STUDY, study)["subject"]["reference"].startswith("Patient/")
