"""A study says what is kept, a result what was measured and by which model, a report what was signed and by whom."""

import json
import math
from typing import Any

import pytest

from app.fhir.mappers.checking import issues_of
from app.fhir.mappers.diagnostic_report import diagnostic_report
from app.fhir.mappers.imaging_study import imaging_study
from app.fhir.mappers.observation import NATURE, observation
from app.fhir.mappers.order import order
from app.fhir.rules import BASE, TYPES, Kind, meant
from app.imaging.rules import accession_number
from app.imaging.states import ReportStatus
from tests.unit.fhir.given import (
    NAMING,
    ORDER,
    PATIENT,
    REPORT,
    RESULT,
    STUDY,
    UID,
    VISIT,
    a_line,
    a_report,
    a_result,
    a_series,
    a_study,
    an_order,
    number,
)

ACCESSION = f"{BASE}/sid/accession"


def accessions(resource: dict[str, Any]) -> list[tuple[str | None, str]]:
    """Return system and value of the accession numbers of a resource."""
    return [
        (one.get("system"), one["value"])
        for one in resource["identifier"]
        if one.get("type", {}).get("coding", [{}])[0].get("code") == "ACSN"
    ]


def test_a_study_is_found_by_its_uid_and_counts_its_pictures() -> None:
    said = imaging_study(a_study(), NAMING)
    assert said["identifier"][0]["system"] == "urn:dicom:uid"
    assert said["identifier"][0]["value"] == f"urn:oid:{UID}"
    assert (said["status"], said["numberOfSeries"], said["numberOfInstances"]) == ("available", 2, 29)
    assert [one["code"] for one in said["modality"]] == ["CT", "SR"]
    assert [(one["uid"], one["numberOfInstances"]) for one in said["series"]] == [
        (f"{UID}.1", 28),
        (f"{UID}.2", 1),
    ]
    assert not [one for one in said["series"] if "instance" in one]
    assert said["started"] == "2027-03-02"


def test_order_and_pictures_share_one_number() -> None:
    imaging = order(an_order(lines=(a_line(category="imaging"),)), NAMING)
    study = imaging_study(a_study(), NAMING)
    assert accessions(imaging) == accessions(study) == [(ACCESSION, accession_number(ORDER))]
    assert study["basedOn"] == [{"reference": f"ServiceRequest/{ORDER}"}]
    assert accessions(order(an_order(), NAMING)) == []  # blood and tablets


@pytest.mark.parametrize(
    ("order_id", "said", "told"),
    [
        (None, "", []),
        (None, "RIS 7", [(None, "RIS 7")]),
        (ORDER, "", [(ACCESSION, accession_number(ORDER))]),
        (ORDER, accession_number(ORDER).lower(), [(ACCESSION, accession_number(ORDER))]),
        (ORDER, "RIS\t7", [(ACCESSION, accession_number(ORDER)), (None, "RIS7")]),
    ],
)
def test_a_number_of_somebody_else_is_not_passed_off_as_ours(
    order_id: Any, said: str, told: list[tuple[str | None, str]]
) -> None:
    resource = imaging_study(a_study(order_id=order_id, accession_number=said), NAMING)
    assert [(system, value.replace(" ", "")) for system, value in accessions(resource)] == [
        (system, value.replace(" ", "")) for system, value in told
    ]
    assert not issues_of(resource)


@pytest.mark.parametrize("wrong", [-1, 2**31, None])
def test_what_a_modality_numbers_beyond_fhir_has_no_number(wrong: int | None) -> None:
    said = imaging_study(a_study(series=(a_series(number=wrong, modality=""),)), NAMING)
    assert "number" not in said["series"][0]
    assert said["series"][0]["modality"]["code"] == "OT"
    assert not issues_of(said)


def test_a_result_says_each_measure_with_its_unit_and_the_model_to_the_byte() -> None:
    said = observation(a_result(), NAMING)
    assert said["status"] == "preliminary"
    assert [
        (one["code"]["coding"][0]["code"], one["valueQuantity"]["value"], one["valueQuantity"]["code"])
        for one in said["component"]
    ] == [("brain-volume", 1311.4, "mL"), ("brain-mean", 31, "[hnsf'U]")]
    assert [one["valueQuantity"]["unit"] for one in said["component"]] == ["mL", "HU"]
    (model,) = said["contained"]
    assert said["device"]["reference"] == f"#{model['id']}"
    assert model["deviceName"][0]["name"] == "head-ct"
    assert model["version"] == [{"value": "1.0.0"}]
    assert model["identifier"][0]["value"] == "ab" * 32
    assert said["derivedFrom"] == [{"reference": f"ImagingStudy/{STUDY}"}]


@pytest.mark.parametrize(
    "changes",
    [{}, {"measures": (), "refusal": "not-head"}, {"holds": False}, {"measures": ()}],
)
def test_a_measurement_is_never_told_as_a_diagnosis(changes: dict[str, Any]) -> None:
    said = observation(a_result(**changes), NAMING)
    assert said["note"][0]["text"] == NATURE
    assert said["status"] in {"preliminary", "cancelled"}
    assert not {"interpretation", "valueQuantity"} & said.keys()
    assert not issues_of(said)


def test_not_analysable_says_so_and_has_no_number() -> None:
    said = observation(a_result(measures=(), refusal="not-head"), NAMING)
    assert [one["code"] for one in said["dataAbsentReason"]["coding"]] == ["not-performed", "not-head"]
    assert "component" not in said
    assert "not the same as normal" in said["note"][1]["text"]


def test_what_later_pictures_have_outdated_loses_its_numbers() -> None:
    said = observation(a_result(holds=False), NAMING)
    assert (said["status"], "component" in said) == ("cancelled", False)
    assert "1311" not in json.dumps(said)


@pytest.mark.parametrize("value", [math.nan, math.inf, True, "1311.4", None])
def test_what_is_no_number_does_not_leave(value: Any) -> None:
    said = observation(a_result(measures=({"name": "brain-volume", "value": value, "unit": "mL"},)), NAMING)
    assert issues_of(said)


def test_a_draft_is_announced_and_its_text_stays_here() -> None:
    draft = a_report(status=ReportStatus.PRELIMINARY, text="아직 판독 중", signed_at=None, signed_by=None)
    said = diagnostic_report(draft, NAMING)
    assert said["status"] == "preliminary"
    assert not {"conclusion", "issued", "resultsInterpreter"} & said.keys()
    assert "판독 중" not in json.dumps(said, ensure_ascii=False)
    assert not issues_of(said)


@pytest.mark.parametrize("status", [ReportStatus.FINAL, ReportStatus.AMENDED])
def test_a_signed_report_says_its_text_and_who_answers_for_it(status: ReportStatus) -> None:
    said = diagnostic_report(a_report(status=status), NAMING)
    assert said["status"] == status
    assert said["conclusion"] == "소견: 급성 출혈 없음.\n\n결론: 정상."
    assert said["resultsInterpreter"] == [{"reference": "Practitioner/d-1", "display": "김의사"}]
    assert said["issued"] == "2027-03-02T09:30:00+09:00"
    stranger = diagnostic_report(a_report(status=status, signed_by=number(99)), NAMING)
    assert stranger["resultsInterpreter"] == [{"display": "김의사"}]


def test_a_report_leads_to_all_it_is_about() -> None:
    said = diagnostic_report(a_report(), NAMING)
    assert said["subject"]["reference"] == f"Patient/{PATIENT}"
    assert said["encounter"]["reference"] == f"Encounter/{VISIT}"
    assert said["imagingStudy"] == [{"reference": f"ImagingStudy/{STUDY}"}]
    assert said["result"] == [{"reference": f"Observation/{RESULT}"}]
    assert said["basedOn"] == [{"reference": f"ServiceRequest/{ORDER}"}]
    assert said["identifier"][0]["value"] == str(REPORT)


def test_a_text_keeps_its_lines_and_nothing_that_is_no_text() -> None:
    text = "\r\n 소견:\t\u3000출혈 없음.\x00\r\n\r\n\r\n\r\n결론:  정상.\n"
    said = diagnostic_report(a_report(text=text), NAMING)
    assert said["conclusion"] == "소견: 출혈 없음.\n\n결론: 정상."
    assert not issues_of(said)


def test_pictures_refer_to_orders_and_places_in_a_line_to_steps() -> None:
    request = TYPES[Kind.ORDER]
    assert {meant(request, by=one) for one in (Kind.STUDY, Kind.REPORT)} == {Kind.ORDER}
    assert meant(request, by=Kind.ENTRY) is Kind.STEP
    assert meant("Patient", by=Kind.STUDY) is Kind.PATIENT
    assert meant("Practitioner", by=Kind.REPORT) is None
