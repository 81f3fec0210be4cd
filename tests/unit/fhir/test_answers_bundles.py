"""What goes out: under which id, guarded by what, in which wave and bundle, and with whose references."""

from typing import Any

import orjson
import pytest

from app.fhir.relay import bundles
from app.fhir.relay.answers import Phase
from app.fhir.rules import SOURCE_VERSION

PATIENT = {
    "resourceType": "Patient",
    "id": "ours",
    "identifier": [{"value": "no system"}, {"system": "urn:mrn", "value": "1|2 3"}],
}
VISIT = {
    "resourceType": "Encounter",
    "id": "v",
    "subject": {"reference": "Patient/ours", "display": "name"},
    "location": [{"location": {"reference": "Location/l1"}}, {"location": {"reference": "Location/l2"}}],
    "appointment": [{"reference": "Appointment/a"}],
    "partOf": {"reference": "https://elsewhere.example/Encounter/9"},
    "basedOn": [{"reference": "#inside"}],
}


def text_of(resource: dict[str, Any]) -> str:
    return orjson.dumps(resource).decode()


def request(weight: int = 0) -> bundles.Request:
    return bundles.Request(phase=Phase.CREATE, url="Patient/1", resource={"x": "y" * weight})


def test_a_new_one_is_put_under_our_id_and_a_linked_one_guarded_by_its_etag() -> None:
    created = bundles.write(PATIENT, remote_id="ours", etag=None, is_there=False)
    updated = bundles.write(PATIENT, remote_id="42", etag='W/"7"', is_there=True)
    assert created is not None
    assert updated is not None
    assert (created.phase, created.method, created.url, created.if_match) == (
        Phase.CREATE,
        "PUT",
        "Patient/ours",
        None,
    )
    assert (updated.phase, updated.url, updated.if_match) == (Phase.UPDATE, "Patient/42", 'W/"7"')
    assert updated.resource == {**PATIENT, "id": "42"}


def test_where_ids_are_theirs_the_identifier_finds_it_and_the_body_has_none() -> None:
    upsert = bundles.write(PATIENT, remote_id=None, etag=None, is_there=False)
    assert upsert is not None
    assert (upsert.phase, upsert.url) == (Phase.UPSERT, "Patient?identifier=urn%3Amrn%7C1%7C2%203")
    assert "id" not in (upsert.resource or {})
    assert bundles.write({"resourceType": "Patient"}, remote_id=None, etag=None, is_there=False) is None
    assert bundles.look({"resourceType": "Patient"}, remote_id=None) is None


def test_a_bundle_holds_fifty_and_not_much_more_than_a_megabyte() -> None:
    assert [len(piece) for piece in bundles.pieces([request()] * 120)] == [50, 50, 20]
    assert [len(piece) for piece in bundles.pieces([request(400_000)] * 5)] == [2, 2, 1]
    assert [len(piece) for piece in bundles.pieces([request(3_000_000), request()])] == [1, 1]
    assert list(bundles.pieces([])) == []


def test_references_are_told_apart_and_carry_their_ids() -> None:
    assert bundles.references(text_of(VISIT)) == {
        ("Patient", "ours"),
        ("Location", "l1"),
        ("Location", "l2"),
        ("Appointment", "a"),
    }
    sent = bundles.translated(VISIT, {("Patient", "ours"): "42", ("Location", "a"): "wrong type"})
    assert sent["subject"] == {"reference": "Patient/42", "display": "name"}
    assert sent["appointment"] == VISIT["appointment"]
    assert VISIT["subject"]["reference"] == "Patient/ours"  # type: ignore[index]


def test_a_reference_that_somebody_only_wrote_about_is_none() -> None:
    note = '"reference":"Patient/1"'
    assert bundles.references(text_of({"note": note, "code": {"text": f"{{{note}}}\\"}})) == set()


def test_what_the_target_does_not_take_is_not_referred_to() -> None:
    sent = bundles.without(VISIT, bundles.references(text_of(VISIT)))
    assert sent is not None
    assert sent["subject"] == {"display": "name"}
    assert "location" not in sent
    assert "appointment" not in sent
    task = {
        "resourceType": "Task",
        "location": {"reference": "Location/l"},
        "focus": {"reference": "ServiceRequest/s"},
    }
    assert bundles.without(task, {("Location", "l")}) == {
        "resourceType": "Task",
        "focus": {"reference": "ServiceRequest/s"},
    }


@pytest.mark.parametrize(
    "resource",
    [
        {"resourceType": "ServiceRequest", "subject": {"reference": "Patient/1"}},
        {
            "resourceType": "Appointment",
            "participant": [{"actor": {"reference": "Patient/1"}, "status": "accepted"}],
        },
    ],
)
def test_what_cannot_be_without_is_not_sent(resource: dict[str, Any]) -> None:
    assert bundles.without(resource, {("Patient", "1")}) is None
    assert bundles.without(resource, {("Patient", "2")}) == resource


def test_parents_go_before_their_children() -> None:
    assert bundles.waves([set(), {0}, {1, 0}, set()]) == [[0, 3], [1], [2]]
    assert bundles.waves([{0}, {2}, {1}]) == [[0], [1, 2]]  # itself; and two in a ring
    assert bundles.waves([]) == []


def test_our_version_is_read_whatever_the_base() -> None:
    other = SOURCE_VERSION.replace("annae.example", "hospital.example")
    for url in (SOURCE_VERSION, other):
        assert bundles.source_version({"extension": [{"url": "x"}, {"url": url, "valueInteger": 7}]}) == 7
    assert bundles.source_version({"extension": [{"url": SOURCE_VERSION, "valueString": "7"}]}) is None
    assert bundles.source_version({}) is None
