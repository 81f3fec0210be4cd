"""flask fhir: what an operator asks and does at the machine, and the shape that monitors read."""

import json
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner

from app import settings
from app.core import relay
from app.core.observability.carrying import Carried
from app.fhir.relay.registering import register_consumers
from tests.hospital import Hospital
from tests.integration.fhir.deliveries import rows
from tests.services.fhir import FhirServer

SHAPE = {
    "pending",
    "processing",
    "failed",
    "dead_letter",
    "completed",
    "breaker",
    "oldest_pending_seconds",
}


@pytest.fixture
def flask(web: Flask) -> FlaskCliRunner:
    """Give the machine's own prompt."""
    return web.test_cli_runner()


@pytest.fixture
def emr(web: Flask, hospital: Hospital, fhir_server: FhirServer) -> Iterator[FhirServer]:
    """Set the EMR up, and let three patients be expected."""
    before = settings.current()
    settings.use(before.model_copy(update={"fhir_base_url": fhir_server.base_url}))
    relay.clear()
    register_consumers()
    for _ in range(3):
        hospital.expect("consult")
    yield fhir_server
    relay.clear()
    settings.use(before)


@pytest.fixture
def away(web: Flask, hospital: Hospital) -> Iterator[None]:
    """Set an EMR up that nobody reaches."""
    before = settings.current()
    settings.use(before.model_copy(update={"fhir_base_url": "http://127.0.0.1:9/fhir"}))
    relay.clear()
    register_consumers()
    hospital.expect("consult")
    yield
    relay.clear()
    settings.use(before)


def told(flask: FlaskCliRunner, *more: str) -> dict[str, object]:
    said = flask.invoke(args=["fhir", "status", "--json", *more])
    assert said.exit_code == 0, said.output
    found: dict[str, object] = json.loads(said.output)
    return found


def test_without_an_emr_all_is_nought(flask: FlaskCliRunner) -> None:
    assert told(flask) == {
        "pending": 0,
        "processing": 0,
        "failed": 0,
        "dead_letter": 0,
        "completed": 0,
        "breaker": "closed",
        "oldest_pending_seconds": None,
    }
    assert "FHIR_BASE_URL" in flask.invoke(args=["fhir", "status"]).output
    for words in (["pull"], ["sync"], ["status", "--target", "nobody"], ["deliver", "--target", "emr"]):
        assert flask.invoke(args=["fhir", *words]).exit_code == 1


def test_what_waits_is_told_and_delivered(flask: FlaskCliRunner, emr: FhirServer) -> None:
    before = told(flask)
    assert before.keys() == SHAPE
    assert before["pending"] == len(rows())
    assert isinstance(before["oldest_pending_seconds"], int)
    assert told(flask, "--target", "emr") == before
    for _ in range(5):
        assert flask.invoke(args=["fhir", "deliver", "--ignore-backoff"]).exit_code == 0
    after = told(flask)
    assert (after["pending"], after["failed"], after["dead_letter"]) == (0, 0, 0)
    assert after["completed"] == len(rows())
    assert emr.control()["resources"]["Encounter"] == 3


def test_an_outage_is_told_by_the_breaker(flask: FlaskCliRunner, away: None) -> None:
    for _ in range(6):
        flask.invoke(args=["fhir", "deliver", "--ignore-backoff"])
    found = told(flask)
    assert found["breaker"] == "open"
    assert found["dead_letter"] == 0
    assert found["pending"]


def test_a_dead_letter_is_found_sent_again_and_given_up(flask: FlaskCliRunner, emr: FhirServer) -> None:
    patient = next(row for row in rows() if row.kind == "patient")
    emr.control(reject=f"Patient/{patient.aggregate_id}", status=422, n=1000)
    for _ in range(5):
        flask.invoke(args=["fhir", "deliver", "--ignore-backoff"])
    assert told(flask)["dead_letter"]
    letter = relay.dead_letters().rows[0]
    assert letter.name in flask.invoke(args=["fhir", "status"]).output
    assert flask.invoke(args=["fhir", "replay"]).exit_code == 2
    assert flask.invoke(args=["fhir", "replay", letter.name, "--all"]).exit_code == 2
    assert flask.invoke(args=["fhir", "replay", letter.name, "--error", "422"]).exit_code == 2
    assert flask.invoke(args=["fhir", "replay", "sms:notice:x:1"]).exit_code == 1
    assert "0" in flask.invoke(args=["fhir", "replay", "--all", "--error", "no such reason"]).output
    assert flask.invoke(args=["fhir", "replay", letter.name]).exit_code == 0
    assert told(flask)["dead_letter"] == 0
    flask.invoke(args=["fhir", "deliver", "--ignore-backoff"])
    name = relay.dead_letters().rows[0].name
    assert flask.invoke(args=["fhir", "discard", name]).exit_code == 2
    assert flask.invoke(args=["fhir", "discard", name, "--reason", "entered there by hand"]).exit_code == 0
    assert told(flask)["dead_letter"] == 0


def test_all_of_one_error_are_sent_again(flask: FlaskCliRunner, emr: FhirServer) -> None:
    patient = next(row for row in rows() if row.kind == "patient")
    emr.control(reject=f"Patient/{patient.aggregate_id}", status=422, n=1)
    flask.invoke(args=["fhir", "deliver"])
    assert told(flask)["dead_letter"] == 1
    assert flask.invoke(args=["fhir", "replay", "--all", "--error", "422"]).exit_code == 0
    for _ in range(5):
        flask.invoke(args=["fhir", "deliver", "--ignore-backoff"])
    assert told(flask)["dead_letter"] == 0
    assert emr.control()["resources"]["Patient"] == 3


def test_a_new_target_is_told_everything(flask: FlaskCliRunner, emr: FhirServer) -> None:
    relay.purge()
    said = flask.invoke(args=["fhir", "sync", "--days", "7"])
    assert said.exit_code == 0
    assert "point" in said.output
    assert flask.invoke(args=["fhir", "sync", "--days", "-1"]).exit_code == 2


def test_a_wiped_target_is_told_everything_once_more(flask: FlaskCliRunner, emr: FhirServer) -> None:
    for _ in range(5):
        flask.invoke(args=["fhir", "deliver", "--ignore-backoff"])
    emr.control(wipe=True)
    said = flask.invoke(args=["fhir", "sync", "--again"])
    assert said.exit_code == 0, said.output
    for _ in range(5):
        flask.invoke(args=["fhir", "deliver", "--ignore-backoff"])
    assert emr.control()["resources"]["Encounter"] == 3


def test_a_target_that_is_down_is_not_told_again(flask: FlaskCliRunner, away: None) -> None:
    said = flask.invoke(args=["fhir", "sync", "--again"])
    assert said.exit_code == 1
    assert said.output.count("\n") == 1
    assert "Traceback" not in said.output


def test_news_of_the_emr_is_read(flask: FlaskCliRunner, emr: FhirServer) -> None:
    emr.put(
        {
            "resourceType": "Patient",
            "id": "emr-1",
            "identifier": [{"system": "https://annae.example/fhir/sid/mrn", "value": "M-1"}],
            "name": [{"text": "김민수"}],
            "gender": "male",
            "birthDate": "1980-02-03",
        }
    )
    said = flask.invoke(args=["fhir", "pull", "--full"])
    assert said.exit_code == 0, said.output
    assert "emr" in said.output


def test_an_emr_that_does_not_answer_ends_in_one_sentence(flask: FlaskCliRunner, away: None) -> None:
    said = flask.invoke(args=["fhir", "pull"])
    assert said.exit_code == 1
    assert "Traceback" not in said.output


def test_types_are_told_and_decided(flask: FlaskCliRunner, emr: FhirServer) -> None:
    assert flask.invoke(args=["fhir", "capabilities", "--leave", "Task"]).exit_code == 0
    found = json.loads(flask.invoke(args=["fhir", "capabilities", "--json"]).output)
    assert found["emr"]["Task"] == {"is_taken": False, "allows_our_ids": None, "decided_by": "admin"}
    assert flask.invoke(args=["fhir", "capabilities", "--take", "Task", "--target", "emr"]).exit_code == 0
    assert "Task" in flask.invoke(args=["fhir", "capabilities"]).output
    assert flask.invoke(args=["fhir", "capabilities", "--take", "Medication"]).exit_code == 1
    assert flask.invoke(args=["fhir", "capabilities", "--take", "Task", "--leave", "Task"]).exit_code == 2


def test_purge_says_how_many_before_it_deletes(flask: FlaskCliRunner, emr: FhirServer) -> None:
    for _ in range(5):
        flask.invoke(args=["fhir", "deliver", "--ignore-backoff"])
    kept = len(rows())
    assert flask.invoke(args=["fhir", "purge", "--dry-run"]).output.endswith(" 0건\n")
    assert flask.invoke(args=["fhir", "purge"]).exit_code == 0
    assert len(rows()) == kept


def test_what_was_sent_is_counted(flask: FlaskCliRunner, emr: FhirServer) -> None:
    def counted(name: str, **labels: str) -> float:
        return sum(
            sample.value
            for family in Carried().collect()
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    names = (
        "annae_fhir_bundle_entries_sum",
        "annae_fhir_bundle_bytes_sum",
        "annae_fhir_request_seconds_count",
    )
    before = [counted(one, target="emr") for one in names]
    taken = counted("annae_fhir_responses_total", target="emr", resource_type="Patient")
    for _ in range(3):
        flask.invoke(args=["fhir", "deliver", "--ignore-backoff"])
    assert all(counted(one, target="emr") > was for one, was in zip(names, before, strict=True))
    now = counted("annae_fhir_responses_total", target="emr", resource_type="Patient")
    assert now >= taken + 3  # each patient, and whoever was looked at first
