"""Orders of this house at the EMR: told after whom they are for, read back as nothing, taken back there and here."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from flask import Flask

from app.core.transaction import release
from app.journey import services as journey
from app.journey.states import Command, State
from tests.hospital import Hospital
from tests.integration.fhir.inbound.conftest import BASE, Emr, open_emr
from tests.integration.orders.ward import Ward
from tests.services.fhir import FhirServer


@pytest.fixture
def ward(app: Flask, hospital: Hospital) -> Ward:
    """Give the ward with a catalogue, on each database."""
    return Ward(hospital)


@pytest.fixture
def emr(ward: Ward, fhir_server: FhirServer) -> Iterator[Emr]:
    """Give the EMR that hears of its orders; it knows the doctor."""
    for emr in open_emr(fhir_server, ward.hospital):
        emr.server.put(
            {
                "resourceType": "Practitioner",
                "id": "d1",
                "identifier": [{"system": "urn:x", "value": "Grace"}],
            }
        )
        emr.pull()
        yield emr


def told(emr: Emr, order_id: UUID) -> str:
    """Return where the EMR has an order of ours."""
    status: str = emr.server.get(f"ServiceRequest/{order_id}")["status"]
    return status


def test_an_order_arrives_after_whom_it_is_for_and_is_read_back_as_nothing(ward: Ward, emr: Emr) -> None:
    visit = ward.bring("paying")
    placed = ward.order(visit, "cbc", "dressing", priority="urgent")
    emr.deliver()
    said = emr.server.get(f"ServiceRequest/{placed.order_id}")
    assert (said["status"], said["priority"]) == ("active", "urgent")
    assert said["encounter"]["reference"] == f"Encounter/{visit}"
    assert said["requester"]["reference"] == "Practitioner/d1"
    written = [one["ref"] for one in emr.server.journal()]
    assert written.index(said["subject"]["reference"]) < written.index(f"ServiceRequest/{placed.order_id}")
    assert written.index(f"Encounter/{visit}") < written.index(f"ServiceRequest/{placed.order_id}")
    steps, before = emr.steps_of(visit), len(written)
    assert emr.pull().taken == 0
    emr.pull(full=True)
    assert (emr.steps_of(visit), emr.listed()) == (steps, {})
    emr.deliver()
    assert len(emr.server.journal()) == before


def test_what_is_done_here_is_told_and_the_doctor_is_named_as_the_emr_knows_her(ward: Ward, emr: Emr) -> None:
    visit = ward.bring("paying")
    placed = ward.order(visit, "cbc")
    ward.give(Command.CALL, visit)
    emr.deliver()
    assert [one for one in emr.server.search("Task") if one.get("owner")] == []  # of Anne it knows nothing
    for command in (Command.START, Command.COMPLETE):
        ward.give(command, visit)
    emr.deliver()
    assert told(emr, placed.order_id) == "completed"


def test_an_order_that_is_taken_back_there_is_taken_back_here_and_not_told_back(ward: Ward, emr: Emr) -> None:
    visit = ward.bring("paying")
    placed = ward.order(visit, "cbc", "dressing")
    emr.deliver()
    emr.server.put(emr.server.get(f"ServiceRequest/{placed.order_id}") | {"status": "revoked"})
    assert emr.pull().taken == 1
    assert ward.status(placed.order_id) == ("revoked", ["revoked", "revoked"])
    assert ward.where(visit) == (State.PAYMENT, None)
    before = len(emr.server.journal())
    emr.deliver()
    assert f"ServiceRequest/{placed.order_id}" not in {one["ref"] for one in emr.server.journal()[before:]}
    assert emr.pull().taken == 0


def test_whoever_is_inside_for_it_is_not_sent_out_of_the_room(ward: Ward, emr: Emr) -> None:
    visit = ward.bring("paying")
    placed = ward.order(visit, "cbc")
    for command in (Command.CALL, Command.START):
        ward.give(command, visit)
    emr.deliver()
    emr.server.put(emr.server.get(f"ServiceRequest/{placed.order_id}") | {"status": "revoked"})
    emr.pull()
    assert emr.listed() == {f"ServiceRequest/{placed.order_id}": "in_room"}
    assert ward.status(placed.order_id) == ("active", ["active"])


@pytest.mark.parametrize("how", ["reference", "number"])
def test_the_order_by_which_a_department_carries_ours_out_is_no_second_examination(
    ward: Ward, emr: Emr, how: str
) -> None:
    visit = ward.bring("paying")
    placed = ward.order(visit, "cbc")
    emr.deliver()
    steps = emr.steps_of(visit)
    patient = emr.server.get(f"ServiceRequest/{placed.order_id}")["subject"]["reference"].partition("/")[2]
    named: dict[str, object] = {
        "reference": {"reference": f"ServiceRequest/{placed.order_id}"},
        "number": {"identifier": {"system": f"{BASE}/sid/service-order", "value": str(placed.order_id)}},
    }
    emr.order("filler", patient, "lab", intent="filler-order", basedOn=[named[how]])
    assert emr.pull().taken == 0
    assert (emr.steps_of(visit), emr.listed()) == (steps, {})
    emr.order("filler", patient, "lab", intent="filler-order", basedOn=[named[how]], status="revoked")
    emr.pull()
    assert told(emr, placed.order_id) == "active"
    assert ward.status(placed.order_id)[0] == "active"


def test_what_a_result_of_ours_calls_for_is_one_examination_more(ward: Ward, emr: Emr) -> None:
    visit = ward.bring("paying")
    placed = ward.order(visit, "cbc")
    emr.deliver()
    steps = emr.steps_of(visit)
    patient = emr.server.get(f"ServiceRequest/{placed.order_id}")["subject"]["reference"].partition("/")[2]
    based = [{"reference": f"ServiceRequest/{placed.order_id}"}]
    emr.order("reflex", patient, "lab", intent="reflex-order", basedOn=based)
    assert emr.pull().taken == 1
    assert len(emr.steps_of(visit)) == len(steps) + 1


def test_an_order_of_theirs_and_the_one_that_carries_it_out_are_one_examination(ward: Ward, emr: Emr) -> None:
    visit = ward.bring("waiting")
    emr.deliver()
    patient = emr.server.get(f"Encounter/{visit}")["subject"]["reference"].partition("/")[2]
    emr.order("placed", patient, "lab")
    emr.pull()
    steps = emr.steps_of(visit)
    emr.order(
        "filler", patient, "lab", intent="filler-order", basedOn=[{"reference": "ServiceRequest/placed"}]
    )
    assert emr.pull().taken == 0
    assert emr.steps_of(visit) == steps


def test_what_a_colleague_there_adds_stays_under_our_word(ward: Ward, emr: Emr) -> None:
    placed = ward.order(ward.bring("paying"), "dressing")
    emr.deliver()
    emr.server.put(
        emr.server.get(f"ServiceRequest/{placed.order_id}") | {"patientInstruction": "금식하고 오세요"}
    )
    emr.pull()
    version = ward.see(placed.order_id).version
    release()
    journey.revoke_order(placed.order_id, version=version, reason="중복 처방", by=ward.doctor)
    emr.deliver()
    said = emr.server.get(f"ServiceRequest/{placed.order_id}")
    assert (said["status"], said["patientInstruction"]) == ("revoked", "금식하고 오세요")
