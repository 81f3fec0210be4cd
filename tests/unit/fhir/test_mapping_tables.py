"""Each of our words has its word in FHIR: nine states, nine endings, ten statuses of an entry, six of a step."""

import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from app.fhir.mappers.appointment import appointment
from app.fhir.mappers.checking import issues_of
from app.fhir.mappers.encounter import DISPOSITION, encounter
from app.fhir.mappers.location import location
from app.fhir.mappers.naming import Naming
from app.fhir.mappers.patient import patient
from app.fhir.mappers.service_request import service_request
from app.fhir.mappers.task import task
from app.fhir.rules import JOURNEY_STATE
from app.journey.states import Command, Disposition, State, StepStatus
from app.queues.states import EntryStatus, PointStatus
from tests.unit.fhir.given import (
    GOLDEN,
    HEIR,
    NAMING,
    ROOM,
    STEP,
    WALK,
    a_patient,
    a_point,
    a_step,
    a_visit,
    an_appointment,
    an_entry,
    golden,
    minute,
    number,
    walked,
)

ALONG_THE_WAY = (
    "planned",
    "arrived",
    "arrived",
    "arrived",
    "arrived",
    "in-progress",
    "in-progress",
    "in-progress",
    "in-progress",
    "in-progress",
    "in-progress",
    "in-progress",
    "finished",
)
# How a visit that ends so is told, before care has begun and after.
ENDINGS = {
    Disposition.COMPLETED: ("finished", "finished"),
    Disposition.CANCELLED_BY_PATIENT: ("cancelled", "finished"),
    Disposition.CANCELLED_BY_STAFF: ("cancelled", "finished"),
    Disposition.NO_SHOW_VISIT: ("cancelled", "finished"),
    Disposition.LWBS: ("cancelled", "finished"),
    Disposition.LEFT_DURING_CARE: ("cancelled", "finished"),
    Disposition.TRANSFERRED_OUT: ("cancelled", "finished"),
    Disposition.ADMIN_CLOSE: ("cancelled", "finished"),
    Disposition.ENTERED_IN_ERROR: ("entered-in-error", "entered-in-error"),
}
BY_COMMAND = {Disposition.COMPLETED: Command.PAY, Disposition.ENTERED_IN_ERROR: Command.VOID}
# What the examples show and we do not hold: phone and address, the parts of a name, a category of services, when a
# step was ordered, one number for all that was measured.
NOT_OURS = {
    "Observation.valueQuantity.code",
    "Observation.valueQuantity.system",
    "Observation.valueQuantity.value",
    "Patient.address.country",
    "Patient.address.text",
    "Patient.name.family",
    "Patient.name.given",
    "Patient.telecom.system",
    "Patient.telecom.use",
    "Patient.telecom.value",
    "ServiceRequest.category.coding.display",
}
# What we hold and the examples do not show.
MORE = {
    "Appointment.serviceType.coding.code",
    "Appointment.serviceType.coding.system",
    "Appointment.serviceType.text",
    "DiagnosticReport.code.coding.code",
    "DiagnosticReport.code.coding.system",
    "DiagnosticReport.resultsInterpreter.display",
    "DiagnosticReport.resultsInterpreter.reference",
    "Encounter.identifier.use",
    "Encounter.location.period.end",
    "ImagingStudy.description",
    "ImagingStudy.identifier.type.coding.code",
    "ImagingStudy.identifier.type.coding.system",
    "ImagingStudy.identifier.use",
    "ImagingStudy.series.description",
    "ImagingStudy.series.modality.code",
    "ImagingStudy.series.modality.system",
    "ImagingStudy.series.number",
    "ImagingStudy.series.numberOfInstances",
    "ImagingStudy.series.uid",
    "Location.alias",
    "Location.identifier.use",
    "Observation.code.coding.code",
    "Observation.code.coding.system",
    "Observation.component.code.coding.code",
    "Observation.component.code.coding.system",
    "Observation.component.code.text",
    "Observation.component.valueQuantity.code",
    "Observation.component.valueQuantity.system",
    "Observation.component.valueQuantity.unit",
    "Observation.component.valueQuantity.value",
    "Observation.contained.deviceName.name",
    "Observation.contained.deviceName.type",
    "Observation.contained.id",
    "Observation.contained.identifier.system",
    "Observation.contained.identifier.value",
    "Observation.contained.resourceType",
    "Observation.contained.version.value",
    "Observation.dataAbsentReason.coding.code",
    "Observation.dataAbsentReason.coding.system",
    "Observation.derivedFrom.reference",
    "Observation.device.reference",
    "Observation.issued",
    "Observation.note.text",
    "Patient.link.other.reference",
    "Patient.link.type",
    "ServiceRequest.code.coding.code",
    "ServiceRequest.code.coding.system",
    "ServiceRequest.identifier.use",
    "ServiceRequest.note.text",
    "ServiceRequest.orderDetail.coding.code",
    "ServiceRequest.orderDetail.coding.system",
    "ServiceRequest.orderDetail.extension.url",
    "ServiceRequest.orderDetail.extension.valueCode",
    "ServiceRequest.orderDetail.extension.valueInteger",
    "ServiceRequest.orderDetail.text",
    "ServiceRequest.priority",
    "ServiceRequest.requester.reference",
    "ServiceRequest.requisition.system",
    "ServiceRequest.requisition.type.coding.code",
    "ServiceRequest.requisition.type.coding.system",
    "ServiceRequest.requisition.value",
    "Task.executionPeriod.end",
    "Task.identifier.use",
    "Task.owner.reference",
}


def state_said(resource: dict[str, Any]) -> str:
    """Return the journey's own word in an Encounter."""
    found: str = next(
        one["valueCoding"]["code"] for one in resource["extension"] if one["url"] == JOURNEY_STATE
    )
    return found


def paths(value: Any, at: str) -> set[str]:
    """Return where values stand."""
    if isinstance(value, list):
        return {path for one in value for path in paths(one, at)}
    if isinstance(value, dict):
        return {path for name, one in value.items() for path in paths(one, f"{at}.{name}")}
    return {at}


@pytest.mark.parametrize("steps", range(len(WALK) + 1))
def test_every_state_of_the_walk_has_its_status_and_says_itself(steps: int) -> None:
    said = encounter(walked(steps), NAMING)
    assert said["status"] == ALONG_THE_WAY[steps]
    assert state_said(said) == (WALK[steps - 1][2] if steps else State.UNREGISTERED)


def test_the_walk_meets_all_nine_states() -> None:
    assert {state for _command, _which, state in WALK} | {State.UNREGISTERED} == set(State)


@pytest.mark.parametrize("disposition", Disposition)
@pytest.mark.parametrize("steps", range(len(WALK)))
def test_every_ending_from_every_state(steps: int, disposition: Disposition) -> None:
    command = BY_COMMAND.get(disposition, Command.CANCEL)
    ended = walked(steps, (command, 99, State.FINISHED), disposition=disposition)
    said = encounter(ended, NAMING)
    has_begun = ALONG_THE_WAY[steps] == "in-progress"
    assert said["status"] == ENDINGS[disposition][has_begun]
    assert {one["url"]: one for one in said["extension"]}[DISPOSITION]["valueCoding"]["code"] == disposition
    assert said["statusHistory"][-1]["status"] == said["status"]
    assert {one["status"] for one in said.get("location", [])} <= {"completed"}


def test_no_ending_is_forgotten() -> None:
    assert ENDINGS.keys() == set(Disposition)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (EntryStatus.WAITING, "ready"),
        (EntryStatus.HELD, "on-hold"),
        (EntryStatus.CALLED, "ready"),
        (EntryStatus.IN_SERVICE, "in-progress"),
        (EntryStatus.DONE, "completed"),
        (EntryStatus.NO_SHOW, "on-hold"),
        (EntryStatus.TRANSFERRED, "cancelled"),
        (EntryStatus.CANCELLED, "cancelled"),
        (EntryStatus.LEFT, "cancelled"),
        (EntryStatus.ENTERED_IN_ERROR, "entered-in-error"),
    ],
)
def test_a_stay_in_a_line_says_its_status_and_exactly_where_it_stands(status: EntryStatus, said: str) -> None:
    mapped = task(an_entry(status=status), NAMING)
    assert mapped["status"] == said
    assert mapped["businessStatus"]["coding"][0]["code"] == status


@pytest.mark.parametrize("status", EntryStatus)
def test_every_status_of_an_entry_has_its_word(status: EntryStatus) -> None:
    assert task(an_entry(status=status), NAMING)["status"]


@pytest.mark.parametrize(("given", "said"), [(0, "routine"), (1, "routine"), (2, "urgent")])
def test_only_the_urgent_are_urgent(given: int, said: str) -> None:
    assert task(an_entry(priority_class=given), NAMING)["priority"] == said


def test_service_has_its_period_and_a_waiver_its_reason() -> None:
    done = task(an_entry(started_at=minute(9), ended_at=minute(10)), NAMING)
    assert done["executionPeriod"] == {
        "start": "2027-03-02T09:09:00+09:00",
        "end": "2027-03-02T09:10:00+09:00",
    }
    assert task(an_entry(ended_reason="waived"), NAMING)["statusReason"]["coding"][0]["code"] == "waived"
    assert "executionPeriod" not in task(an_entry(ended_at=minute(10)), NAMING)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (StepStatus.PLANNED, "active"),
        (StepStatus.READY, "active"),
        (StepStatus.ACTIVE, "active"),
        (StepStatus.DONE, "completed"),
        (StepStatus.WAIVED, "revoked"),
        (StepStatus.CANCELLED, "revoked"),
    ],
)
def test_a_step_says_its_status_unless_its_visit_never_was(status: StepStatus, said: str) -> None:
    assert service_request(a_step(status=status), NAMING)["status"] == said
    void = a_step(status=status, visit_disposition=Disposition.ENTERED_IN_ERROR)
    assert service_request(void, NAMING)["status"] == "entered-in-error"


@pytest.mark.parametrize("status", StepStatus)
def test_every_status_of_a_step_has_its_word(status: StepStatus) -> None:
    assert service_request(a_step(status=status), NAMING)["status"]


def test_an_order_of_somebody_else_is_named_and_our_own_id_not_twice() -> None:
    theirs = service_request(a_step(order_ref=number(9)), NAMING)["identifier"]
    assert [one["value"] for one in theirs] == [str(STEP), str(number(9))]
    assert len(service_request(a_step(order_ref=STEP), NAMING)["identifier"]) == 1


@pytest.mark.parametrize(
    ("status", "said", "operational"),
    [
        (PointStatus.OPEN, "active", None),
        (PointStatus.PAUSED, "active", None),
        (PointStatus.CLOSED, "suspended", "C"),
    ],
)
def test_a_room_is_in_use_or_closed(status: PointStatus, said: str, operational: str | None) -> None:
    mapped = location(a_point(status=status), NAMING)
    assert mapped["status"] == said
    assert mapped.get("operationalStatus", {}).get("code") == operational


@pytest.mark.parametrize("status", PointStatus)
def test_every_status_of_a_room_has_its_word(status: PointStatus) -> None:
    assert location(a_point(status=status), NAMING)["status"]


@pytest.mark.parametrize("status", ["booked", "arrived", "checked-in", "fulfilled", "cancelled", "noshow"])
def test_a_booking_keeps_the_word_of_the_journey(status: str) -> None:
    assert appointment(an_appointment(status=status), NAMING)["status"] == status


def test_a_booking_ends_when_its_services_would() -> None:
    assert appointment(an_appointment(), NAMING)["end"] == "2027-03-02T09:15:00+09:00"
    assert appointment(an_appointment(planned=()), NAMING)["end"] == "2027-03-02T09:10:00+09:00"


def test_a_person_is_told_without_phone_and_without_inventing() -> None:
    said = patient(a_patient(), NAMING)
    assert said["gender"] == "unknown"
    assert said["name"] == [{"use": "official", "text": "김환자1"}]
    assert not {"telecom", "address", "link"} & said.keys()


def test_a_merged_person_points_to_the_one_who_lives_on() -> None:
    said = patient(a_patient(is_active=False, replaced_by=HEIR), NAMING)
    assert said["active"] is False
    assert said["link"] == [{"other": {"reference": f"Patient/{HEIR}"}, "type": "replaced-by"}]


def test_names_are_told_with_plain_spaces() -> None:
    said = location(a_point(name="1번\u3000진료실\ufeff", name_en="1번 진료실"), NAMING)
    assert said["name"] == "1번 진료실"
    assert "alias" not in said
    assert not issues_of(said)


def test_somebody_expected_without_a_time_has_neither_period_nor_history() -> None:
    said = encounter(a_visit(expected_at=None, appointment_id=None), NAMING)
    assert said["status"] == "planned"
    assert not {"period", "statusHistory", "appointment", "location"} & said.keys()


def test_the_hospital_may_give_its_own_address_to_its_numbers_and_not_to_our_words() -> None:
    own = Naming("https://hospital.example/fhir", NAMING.zone)
    said = encounter(walked(3), own)
    assert {one["system"].partition("/sid/")[0] for one in said["identifier"]} == {own.system_base}
    assert said["extension"] == encounter(walked(3), NAMING)["extension"]


def test_the_first_identifier_is_unique_whatever_the_number_on_the_ticket() -> None:
    there, back = (task(an_entry(id=number(one)), NAMING)["identifier"] for one in (50, 51))
    assert there[0] != back[0]
    assert there[1] == back[1]


def test_the_field_sets_are_those_of_the_examples() -> None:
    examples = set((Path(__file__).parent / "reference_shape.txt").read_text(encoding="ascii").split())
    ours = {path for one in golden() for path in paths(one, one["resourceType"])}
    ours |= paths(task(an_entry(ended_reason="waived"), NAMING), "Task")
    reason = {"Task.statusReason.coding.code", "Task.statusReason.coding.system"}
    assert examples - ours == NOT_OURS
    assert ours - examples == MORE | reason


def test_the_golden_file_is_what_the_mappers_make() -> None:
    kept = [json.loads(line) for line in GOLDEN.read_bytes().splitlines()]
    assert [orjson.loads(orjson.dumps(one)) for one in golden()] == kept, (
        "python -m tests.unit.fhir.given > tests/unit/fhir/golden.ndjson"
    )


def test_a_call_reserves_the_room_and_a_pause_leaves_it() -> None:
    called = encounter(walked(4), NAMING)["location"]
    assert [one["status"] for one in called] == ["reserved"]
    inside = encounter(walked(5), NAMING)["location"]
    assert [(one["status"], "end" in one["period"]) for one in inside] == [("active", False)]
    twice = encounter(walked(len(WALK)), NAMING)["location"]
    assert [one["status"] for one in twice] == ["completed", "completed"]
    assert twice[1]["location"]["reference"] == f"Location/{ROOM}"
