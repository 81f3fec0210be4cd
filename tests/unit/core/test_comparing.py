"""What an administrator sees of a message: its shape and what differs, never whom it is about."""

import json
from uuid import UUID

import pytest

from app.core.relay import compare, patients_in

PATIENT = {
    "resourceType": "Patient",
    "id": "0f0e0d0c-0b0a-4908-8706-050403020100",
    "identifier": [{"system": "https://annae.example/fhir/sid/mrn", "value": "10234567"}],
    "name": [{"text": "김하나", "family": "김", "given": ["하나"]}],
    "gender": "female",
    "birthDate": "1953-04-12",
    "telecom": [{"system": "phone", "value": "010-1234-5678"}],
    "extension": [{"url": "https://annae.example/x/source-version", "valueInteger": 7}],
}
PERSONAL = ("10234567", "김", "하나", "female", "1953", "5678")


def test_nothing_personal_is_shown() -> None:
    shown = repr(
        compare(json.dumps(PATIENT), json.dumps({**PATIENT, "birthDate": "1954-04-12"}), masked=True)
    )
    assert not [one for one in PERSONAL if one in shown]


def test_what_differs_is_told_though_both_are_covered() -> None:
    changed = {**PATIENT, "birthDate": "1954-04-12", "active": True}
    found = {one.path: one for one in compare(json.dumps(PATIENT), json.dumps(changed), masked=True)}
    assert not found["birthDate"].is_same
    assert found["name[0].text"].is_same
    assert (found["active"].was, found["active"].now) == (None, "•••")
    assert found["extension[0].valueInteger"].was == "7"


def test_an_unknown_field_is_covered() -> None:
    (one,) = compare('{"note": "has diabetes"}', None, masked=True)
    assert (one.path, one.was, one.now) == ("note", "•••", None)


def test_what_is_no_json_is_covered_as_a_whole() -> None:
    (one,) = compare("call 010-1234-5678", "", masked=True)
    assert one.was == "•••"
    assert not one.is_same


def test_fields_stand_in_the_order_of_a_list() -> None:
    said = json.dumps({"item": [{"status": str(number)} for number in range(12)]})
    assert [one.was for one in compare(said, None, masked=True)] == [str(number) for number in range(12)]


def test_opened_it_is_whole() -> None:
    shown = repr(compare(json.dumps(PATIENT, ensure_ascii=False), None, masked=False))
    assert all(one in shown for one in PERSONAL)


@pytest.mark.parametrize(
    ("payload", "found"),
    [
        (json.dumps(PATIENT), {UUID(str(PATIENT["id"]))}),
        ('{"patient": "0f0e0d0c-0b0a-4908-8706-050403020100"}', {UUID(str(PATIENT["id"]))}),
        (
            '{"subject": {"reference": "Patient/0f0e0d0c-0b0a-4908-8706-050403020100"}}',
            {UUID(str(PATIENT["id"]))},
        ),
        ('{"resourceType": "Patient", "id": "emr-17"}', set()),
        ('{"resourceType": "Location", "id": "0f0e0d0c-0b0a-4908-8706-050403020100"}', set()),
        ("no json", set()),
        (None, set()),
    ],
)
def test_the_patients_of_a_message_are_named_for_the_audit(payload: str | None, found: set[UUID]) -> None:
    assert patients_in(payload) == found
