"""Whatever bytes come back: a value or one known error, never a surprise, and never a patient in the reason."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.fhir.client import reading
from app.fhir.client.reading import NotFhirError, without_people
from app.fhir.client.shapes import Entry

KNOWN = """
    resourceType Bundle batch-response searchset entry response status 200 etag resource id meta versionId issue error
    OperationOutcome severity code details text coding diagnostics expression location outcome CapabilityStatement
    rest type interaction updateCreate link relation next url total search mode match Patient
"""
WORDS = st.sampled_from(KNOWN.split())
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=6),
    max_leaves=10,
)
ASKED = [Entry(method="PUT", url="Patient/a"), Entry(method="GET", url="Patient?identifier=x")]


def bundles(entries: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"resourceType": st.just("Bundle"), "type": st.sampled_from(["batch-response", "searchset"])},
        optional={"entry": st.lists(entries, max_size=3), "link": VALUES, "total": VALUES},
    )


def outcomes(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    issue = st.fixed_dictionaries(
        {}, optional=dict.fromkeys(["severity", "code", "details", "diagnostics", "expression"], inner)
    )
    return st.fixed_dictionaries(
        {"resourceType": st.just("OperationOutcome"), "issue": st.lists(issue, max_size=7) | inner}
    )


@given(st.binary(max_size=200))
def test_any_bytes(body: bytes) -> None:
    with suppress(NotFhirError):
        assert isinstance(reading.resource_of(body)["resourceType"], str)


@given(VALUES | bundles(VALUES) | outcomes(VALUES))
def test_any_json(value: Any) -> None:
    try:
        resource = reading.resource_of(json.dumps(value).encode())
    except NotFhirError:
        return
    for read in (
        lambda: reading.answers_of(resource, ASKED),
        lambda: reading.matches_of(resource),
        lambda: reading.capability_of(resource),
    ):
        with suppress(NotFhirError):
            assert read() is not None
    assert isinstance(reading.next_of(resource), str)
    assert (reading.total_of(resource) or 0) >= 0
    answer = reading.answer_of(200, {}, resource)
    assert len(answer.reason) <= 1000
    assert len(answer.issues) <= reading.MOST_ISSUES


ENTRIES = st.fixed_dictionaries(
    {},
    optional={
        "resource": VALUES | outcomes(VALUES),
        "response": st.fixed_dictionaries(
            {},
            optional={
                "status": VALUES | st.sampled_from(["200", "201 Created", "412", "99", "2000", " 404"]),
                "etag": VALUES,
                "location": VALUES | st.just("Patient/a/_history/1"),
                "outcome": VALUES | outcomes(VALUES),
            },
        ),
    },
)


@given(bundles(ENTRIES))
def test_any_bundle_is_understood_whole_or_not_at_all(bundle: dict[str, Any]) -> None:
    try:
        answers = reading.answers_of(bundle, ASKED)
    except NotFhirError:
        return
    assert len(answers) == len(ASKED) == len(bundle["entry"])
    assert all(100 <= answer.status <= 599 for answer in answers)
    assert all(answer.etag.isascii() and len(answer.etag) <= 128 for answer in answers)


@given(st.text(alphabet="김민수박서연0123456789-:", min_size=1, max_size=30), st.text(max_size=30))
def test_neither_names_in_hangul_nor_numbers_pass(person: str, around: str) -> None:
    said = without_people(f"{around} {person} Patient.name {person}")
    assert not set("김민수박서연") & set(said)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ('Invalid value "Kim Minsu" in Patient.name[0].family', "Invalid value … in Patient.name[0].family"),
        ("born 1980-02-03T09:00:00+09:00, phone 010-1234-5678", "born …, phone …"),
        ("phone 01012345678 or +82 10 1234 5678", "phone … or … … … …"),
        ("MRN 00012345 is taken by 김민수", "MRN … is taken by …"),
        ("HAPI-1094: Resource Patient/7c1b2d3e-0000-4000-8000-000000000001 not found, in path: Encounter.subject",
         "HAPI-1094: Resource Patient/7c1b2d3e-0000-4000-8000-000000000001 not found, in path: Encounter.subject"),
        ('"F" is not in http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1',
         "… is not in http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1"),
        ("it's 'Lee' who", "it's … who"),
        ("no match for https://emr.example/Patient?name=Kim&birthdate=x", "no match for https://emr.example/Patient…"),
        ('an open "quote of Kim', "an open …"),
        ("mail kim.minsu@mail.example please", "mail … please"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_servers_sentence_says_where_and_not_who(said: str, kept: str) -> None:
    assert without_people(said) == kept


def entry(status: str, **more: Any) -> dict[str, Any]:
    return {"response": {"status": status}, **more}


def answered(*entries: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "batch-response", "entry": list(entries)}


PUT = [Entry(method="PUT", url="Patient/a")]


@pytest.mark.parametrize(
    "bundle",
    [
        answered(),
        answered(entry("200"), entry("200")),
        answered(entry("")),
        answered(entry("ok")),
        answered({"resource": {"resourceType": "Patient", "id": "a"}}),
        answered(entry("200", resource={"resourceType": "Patient", "id": "b"})),
        answered(entry("200", resource={"resourceType": "Encounter", "id": "a"})),
        {**answered(entry("200")), "type": "searchset"},
        {**answered(entry("200")), "entry": {}},
    ],
)
def test_what_does_not_answer_the_question_is_no_answer(bundle: dict[str, Any]) -> None:
    with pytest.raises(NotFhirError):
        reading.answers_of(bundle, PUT)


@pytest.mark.parametrize(
    ("said", "etag"),
    [
        ({"response": {"status": "200", "etag": 'W/"7"'}}, 'W/"7"'),
        (
            entry("201 Created", resource={"resourceType": "Patient", "id": "a", "meta": {"versionId": "7"}}),
            'W/"7"',
        ),
        (entry("200", resource={"resourceType": "Patient", "id": "a"}), ""),
        ({"response": {"status": "200", "etag": "x" * 200}}, ""),
        ({"response": {"status": "200", "etag": "a\r\nX-Evil: 1"}}, ""),
        (entry("200", resource={"resourceType": "Patient", "id": "a", "meta": {"versionId": 'a"\n'}}), ""),
    ],
)
def test_the_version_is_known_by_etag_or_by_version_id(said: dict[str, Any], etag: str) -> None:
    (answer,) = reading.answers_of(answered(said), PUT)
    assert answer.etag == etag


@pytest.mark.parametrize(
    ("location", "remote_id"),
    [
        ("https://emr.example/fhir/Patient/77/_history/1", "77"),
        ("Patient/77", "77"),
        ("Patient/77/", "77"),
        ("elsewhere", ""),
        ("https://emr.example/fhir", ""),
    ],
)
def test_a_location_names_the_id(location: str, remote_id: str) -> None:
    said = {"response": {"status": "201", "location": location}}
    (answer,) = reading.answers_of(answered(said), [Entry(method="PUT", url="Patient?identifier=x")])
    assert answer.remote_id == remote_id


def test_only_errors_are_issues_and_not_without_end() -> None:
    outcome = {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "warning", "code": "informational"}]
        + [{"severity": "error", "code": "required", "expression": ["Patient.name"]}] * 9,
    }
    issues = reading.outcome_of(outcome)
    assert len(issues) == 5
    assert str(issues[0]) == "required Patient.name"


def test_a_server_that_does_not_tell_its_interactions_may_be_tried() -> None:
    said = reading.capability_of(
        {
            "resourceType": "CapabilityStatement",
            "rest": [
                {
                    "mode": "server",
                    "resource": [
                        {"type": "Patient"},
                        {"type": "Task", "interaction": [{"code": "read"}], "updateCreate": True},
                    ],
                }
            ],
        }
    )
    assert (said.types["Patient"].is_taken, said.types["Patient"].allows_our_ids) == (True, False)
    assert (said.types["Task"].is_taken, said.types["Task"].allows_our_ids) == (False, True)
