"""What is not R4 is found before it leaves, and told without a word of what was written there."""

import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from app.fhir.mappers.appointment import appointment
from app.fhir.mappers.checking import issues_of, told
from app.fhir.mappers.codes import OUR_OWN, REQUIRED
from app.fhir.mappers.diagnostic_report import diagnostic_report
from app.fhir.mappers.encounter import encounter
from app.fhir.mappers.imaging_study import imaging_study
from app.fhir.mappers.location import location
from app.fhir.mappers.observation import observation
from app.fhir.mappers.order import order
from app.fhir.mappers.patient import patient
from app.fhir.mappers.service_request import service_request
from app.fhir.mappers.task import task
from tests.services.fhir import FhirServer
from tests.unit.fhir.given import (
    NAMING,
    WALK,
    a_patient,
    a_point,
    a_report,
    a_result,
    a_step,
    a_study,
    an_appointment,
    an_entry,
    an_order,
    golden,
    minute,
    walked,
)

Json = dict[str, Any]
GONE = object()
MAKE: dict[str, Callable[[], Json]] = {
    "Patient": lambda: patient(a_patient(), NAMING),
    "Appointment": lambda: appointment(an_appointment(), NAMING),
    "Encounter": lambda: encounter(walked(len(WALK)), NAMING),
    "Task": lambda: task(an_entry(started_at=minute(9), ended_at=minute(10)), NAMING),
    "ServiceRequest": lambda: service_request(a_step(), NAMING),
    "Order": lambda: order(an_order(), NAMING),
    "Location": lambda: location(a_point(), NAMING),
    "ImagingStudy": lambda: imaging_study(a_study(), NAMING),
    "Observation": lambda: observation(a_result(), NAMING),
    "DiagnosticReport": lambda: diagnostic_report(a_report(), NAMING),
}
# Where, what is written there, and the rule that says so: R4's own, which an independent validator must see too.
R4S: list[tuple[str, Any, str]] = [
    ("Encounter.status", "waiting", "required-code at Encounter.status"),
    ("Encounter.statusHistory.1.status", "waiting", "required-code at Encounter.statusHistory[1].status"),
    ("Encounter.location.0.status", "left", "required-code at Encounter.location[0].status"),
    ("Patient.gender", "F", "required-code at Patient.gender"),
    ("Task.status", "done", "required-code at Task.status"),
    ("Task.intent", "wish", "required-code at Task.intent"),
    ("Task.priority", "high", "required-code at Task.priority"),
    ("Task.identifier.1.use", "sometimes", "required-code at Task.identifier[1].use"),
    ("ServiceRequest.status", "done", "required-code at ServiceRequest.status"),
    ("ServiceRequest.intent", "wish", "required-code at ServiceRequest.intent"),
    ("Order.priority", "soon", "required-code at ServiceRequest.priority"),
    ("Order.code", GONE, "prr-1 at ServiceRequest.orderDetail"),
    ("Location.status", "open", "required-code at Location.status"),
    ("Location.mode", "room", "required-code at Location.mode"),
    ("Appointment.status", "called-off", "required-code at Appointment.status"),
    ("Appointment.participant.0.status", "yes", "required-code at Appointment.participant[0].status"),
    ("Appointment.participant", GONE, "missing at Appointment.participant"),
    ("Appointment.end", GONE, "app-2 at Appointment"),
    ("Encounter.class", GONE, "missing at Encounter.class"),
    ("Encounter.location", [], "ele-1 at Encounter.location"),
    ("Encounter.location.0.period", {}, "ele-1 at Encounter.location[0].period"),
    ("Patient.name.0.text", "", "string_pattern_mismatch at Patient.name.0.text"),
    ("Patient.birthDate", "1953-02-30", "date_from_datetime_parsing at Patient.birthDate"),
    ("Patient.active", "yes", "type at Patient.active"),
    ("Task.extension.0.valueString", "1", "value_error at Task.extension.0"),
    ("Task.queue", "consult", "extra_forbidden at Task.queue"),
    ("Task.executionPeriod.end", "2027-03-02T08:00:00+09:00", "per-1 at Task.executionPeriod"),
    ("Task.lastModified", "2027-03-02T09:01:59+09:00", "inv-1 at Task.lastModified"),
    ("Task.focus.reference", 7, "string_type at Task.focus.reference"),
    ("ImagingStudy.status", "stored", "required-code at ImagingStudy.status"),
    ("ImagingStudy.subject", GONE, "missing at ImagingStudy.subject"),
    ("ImagingStudy.series.0.modality", GONE, "missing at ImagingStudy.series.0.modality"),
    ("ImagingStudy.numberOfSeries", -1, "greater_than_equal at ImagingStudy.numberOfSeries"),
    ("Observation.status", "measured", "required-code at Observation.status"),
    (
        "Observation.contained.0.deviceName.0.type",
        "name",
        "required-code at Observation.contained[0].deviceName[0].type",
    ),
    ("Observation.issued", "2027-03-02", "value_error at Observation.issued"),
    ("DiagnosticReport.status", "signed", "required-code at DiagnosticReport.status"),
    ("DiagnosticReport.code", GONE, "missing at DiagnosticReport.code"),
]
# Our own: what we promise of every resource that is ours.
OURS: list[tuple[str, Any, str]] = [
    ("Task.focus.reference", f"Patient/{an_entry().patient_id}", "reference at Task.focus"),
    ("Task.for.reference", "Patient/1", "reference at Task.for"),
    ("Encounter.partOf", {"reference": f"Encounter/{an_entry().visit_id}"}, "reference at Encounter.partOf"),
    ("Encounter.class.code", "WALK", "required-code at Encounter.class.code"),
    ("Location.operationalStatus", {"code": "X"}, "required-code at Location.operationalStatus.code"),
    ("Order.category.0.coding.0.code", "x-ray", "own-code at ServiceRequest.category[0].coding[0]"),
    (
        "Order.requester.reference",
        f"Patient/{an_entry().patient_id}",
        "reference at ServiceRequest.requester",
    ),
    ("ImagingStudy.basedOn.0.reference", "ServiceRequest/1", "reference at ImagingStudy.basedOn[0]"),
    ("ImagingStudy.numberOfInstances", "29", "type at ImagingStudy.numberOfInstances"),
    ("Observation.device.reference", "#other", "ref-1 at Observation.device"),
    ("Observation.device.reference", f"Patient/{an_entry().patient_id}", "reference at Observation.device"),
    ("Observation.component", GONE, "value-or-why-not at Observation.component"),
    (
        "Observation.component.0.valueQuantity.value",
        "31",
        "type at Observation.component[0].valueQuantity.value",
    ),
    ("DiagnosticReport.conclusion", GONE, "text-when-signed at DiagnosticReport.conclusion"),
    ("DiagnosticReport.status", "preliminary", "text-when-signed at DiagnosticReport.conclusion"),
    ("Patient.id", "1", "our-id at Patient.id"),
    ("Task.extension.0.url", "https://annae.example/x", "source-version at Task.extension"),
    ("Task.extension", GONE, "source-version at Task.extension"),
    ("Task.identifier", GONE, "identifier at Task.identifier"),
    ("Task.businessStatus.coding.0.code", "SKIPPED", "own-code at Task.businessStatus.coding[0]"),
    ("Encounter.extension.1.url", "https://annae.example/x", "journey-state at Encounter.extension"),
    ("Encounter.status", "in-progress", "history-ends-now at Encounter.statusHistory"),
    (
        "Encounter.statusHistory.3.period.end",
        "2027-03-02T10:00:00+09:00",
        "history-ends-now at Encounter.statusHistory[3].period",
    ),
    ("Encounter.statusHistory.1", GONE, "history-gap at Encounter.statusHistory[0]"),
    ("Encounter.statusHistory.2.status", "arrived", "history-repeats at Encounter.statusHistory[1]"),
    ("Encounter.period.end", GONE, "period-ends-when-over at Encounter.period"),
]


def spoiled(where: str, value: Any) -> Json:
    """Return a resource of ours with one thing changed, added or taken away."""
    name, *path = where.split(".")
    resource = MAKE[name]()
    assert not issues_of(resource)
    at: Any = resource
    for step in path[:-1]:
        at = at[int(step)] if isinstance(at, list) else at[step]
    last: Any = int(path[-1]) if isinstance(at, list) else path[-1]
    if value is GONE:
        at.pop(last)
    else:
        at[last] = value
    return resource


@pytest.mark.parametrize(("where", "value", "rule"), [*R4S, *OURS])
def test_what_is_spoiled_is_found(where: str, value: Any, rule: str) -> None:
    assert rule in [str(issue) for issue in issues_of(spoiled(where, value))]


def test_a_booking_without_a_time_is_none() -> None:
    timeless = MAKE["Appointment"]()
    del timeless["start"], timeless["end"]
    assert told(issues_of(timeless)) == "app-3 at Appointment"


def test_the_independent_validator_sees_what_is_r4s_own(fhir_server: FhirServer) -> None:
    found = fhir_server.validate([spoiled(where, value) for where, value, _rule in R4S])
    assert not [row[0] for row, issues in zip(R4S, found, strict=True) if not issues]


def test_the_independent_validator_takes_every_resource_of_ours(fhir_server: FhirServer) -> None:
    assert not [issues for issues in fhir_server.validate(golden()) if issues]


def test_every_resource_of_ours_passes() -> None:
    assert not [told(found) for one in golden() if (found := issues_of(one))]


def test_what_is_told_quotes_nobody() -> None:
    secret = "김환자1 010-1234-5678"
    misshapen = patient(a_patient(name=secret, mrn=secret), NAMING)
    misshapen |= {"birthDate": secret, "active": secret, "deceasedDateTime": secret}
    assert len(issues_of(misshapen)) == 3
    wrong = patient(a_patient(name=secret), NAMING) | {"gender": secret}
    wrong["identifier"][0]["use"] = secret
    for line in (told(issues_of(misshapen)), told(issues_of(wrong))):
        assert line
        assert not {"김환자1", "1234"} & {*re.split(r"[^\w]+", line)}


def test_many_issues_are_one_short_line() -> None:
    wrong = MAKE["Encounter"]()
    for position, stage in enumerate(wrong["statusHistory"]):
        stage["status"] = f"waiting {position}"
    wrong["id"] = "1"
    line = told(issues_of(wrong))
    assert line.endswith("more")
    assert "\n" not in line
    assert len(line) < 400


def test_the_tables_of_codes_have_no_empty_row() -> None:
    assert len(REQUIRED) >= 15
    assert all({*REQUIRED.values()})
    assert all({*OUR_OWN.values()})


def test_a_worker_imports_the_library_before_it_forks() -> None:
    program = (
        "import sys; from app.fhir.mappers import checking; assert 'fhir' not in sys.modules; checking.prepare();"
        "sys.exit('fhir.resources.R4B.encounter' not in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_pages_and_commands_do_not_pay_for_the_library() -> None:
    program = (
        "import sys, app.factory, app.subscribers, app.fhir.relay.rendering;"
        "sys.exit(any(name.split('.')[0] == 'fhir' for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False)
    assert done.returncode == 0, "fhir.resources is imported with the application"
