"""Asking the EMR: what it says is understood as a whole, or counts as an outcome that nobody knows."""

from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime
from typing import Any
from uuid import uuid4

import pytest

from app.core import clock
from app.core.http import Limits
from app.core.relay import TargetDownError
from app.fhir.client import Entry, EntryAnswer, FhirClient, RequestRefusedError, UnknownOutcomeError
from app.fhir.rules import Target
from tests.services.fhir import FhirServer
from tests.services.private import free_port

MRN = "urn:hospital:mrn"
HASTY = Limits(seconds=0.3, read_seconds=0.3, answer_bytes=100_000)
Call = Callable[[FhirClient], object]


def patient(key: str, **fields: Any) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": key,
        "identifier": [{"system": MRN, "value": key}],
        "name": [{"text": "김민수"}],
        **fields,
    }


def put(key: str, **fields: Any) -> Entry:
    return Entry(method="PUT", url=f"Patient/{key}", resource=patient(key, **fields))


def write(client: FhirClient) -> list[EntryAnswer]:
    return client.batch([put("a"), put("b")])


def look(client: FhirClient) -> EntryAnswer:
    return client.read("Patient", "a")


def find(client: FhirClient) -> object:
    return list(client.search("Patient", {"_count": "50"}))


@pytest.fixture
def client(fhir_server: FhirServer) -> FhirClient:
    return FhirClient(Target(name="emr", base_url=fhir_server.base_url))


@pytest.fixture
def hasty(fhir_server: FhirServer) -> FhirClient:
    return FhirClient(Target(name="emr", base_url=fhir_server.base_url), limits=HASTY)


def test_a_batch_tells_of_each_entry(client: FhirClient, fhir_server: FhirServer) -> None:
    fhir_server.control(config={"RECORD": False})
    good, bad, stale, there, gone = client.batch(
        [
            put("a"),
            put("b", gender="김민수"),
            Entry(method="PUT", url="Patient/a", resource=patient("a"), if_match='W/"old"'),
            Entry(method="GET", url="Patient/a"),
            Entry(method="GET", url="Patient/nobody"),
        ],
        request_id="11111111-aaaa-4aaa-8aaa-111111111111",
    )
    assert (good.status, good.remote_id) == (200, "a")
    assert good.etag == f'W/"{fhir_server.get("Patient/a")["meta"]["versionId"]}"'
    assert (bad.status, bad.issues[0].code, bad.issues[0].expression) == (
        400,
        "code-invalid",
        ("Patient.gender",),
    )
    assert stale.status == 412
    assert (there.etag, there.resource) == (good.etag, good.resource)
    assert (gone.status, gone.resource) == (404, None)
    assert [entry["reqId"] for entry in fhir_server.journal()] == ["11111111-aaaa-4aaa-8aaa-111111111111"]


def test_an_etag_guards_the_next_write(client: FhirClient) -> None:
    (first,) = client.batch([put("a")])
    again = Entry(method="PUT", url="Patient/a", resource=patient("a", gender="male"), if_match=first.etag)
    (second,) = client.batch([again])
    assert second.is_good
    assert second.etag not in {"", first.etag}
    assert client.batch([again])[0].status == 412


def test_the_server_may_name_the_version_itself(client: FhirClient, fhir_server: FhirServer) -> None:
    fhir_server.control(config={"ETAGS": True})
    (one,) = client.batch([put("a")])
    assert one.etag == client.read("Patient", "a").etag


def test_a_server_with_ids_of_its_own_says_which(client: FhirClient, fhir_server: FhirServer) -> None:
    fhir_server.control(config={"UPDATE_CREATE": False})
    body = {name: value for name, value in patient("a").items() if name != "id"}
    conditional = Entry(method="PUT", url=f"Patient?identifier={MRN}|a", resource=body)
    refused, made = client.batch([put("a"), conditional])
    assert refused.status == 404
    assert made.is_good
    assert fhir_server.get(f"Patient/{made.remote_id}")["identifier"][0]["value"] == "a"
    assert not client.capability().types["Patient"].allows_our_ids


def test_what_patients_are_called_stays_out_of_the_reasons(
    client: FhirClient, fhir_server: FhirServer
) -> None:
    fhir_server.control(config={"RECORD": False})
    fhir_server.control(
        reject="Patient/c",
        text='Invalid value "Kim Minsu" for 김민수, born 1980-02-03, 010-1234-5678: Patient/c at Patient.name[0]',
    )
    for answer in client.batch([put("a", gender="김민수"), put("b", birthDate="1980-13-77"), put("c")]):
        assert not answer.is_good
        for secret in ("김", "민수", "Kim", "Minsu", "1980", "1234", "5678"):
            assert secret not in answer.reason
    assert "Patient/c" in answer.reason
    assert "Patient.name" in answer.reason


def test_a_read_tells_there_unknown_and_gone_apart(client: FhirClient, fhir_server: FhirServer) -> None:
    fhir_server.put(patient("a"))
    fhir_server.put(patient("b"))
    fhir_server.request("DELETE", "Patient/b")
    there = client.read("Patient", "a")
    assert there.resource is not None
    assert (there.status, there.remote_id, there.resource["id"]) == (200, "a", "a")
    assert there.etag.startswith('W/"')
    assert client.read("Patient", "nobody").status == 404
    assert client.read("Patient", "b").status == 410
    assert client.read("Patient", "../Encounter").status in {400, 404}  # no way to another address


@pytest.mark.parametrize("links", ["absolute", "relative", "foreign"])
def test_a_search_turns_the_pages_at_the_target_itself(
    client: FhirClient, fhir_server: FhirServer, links: str
) -> None:
    for number in range(7):
        fhir_server.put(patient(f"p{number}"))
    fhir_server.control(config={"LINKS": links})
    pages = list(client.search("Patient", {"_count": "3", "_sort": "_lastUpdated"}))
    assert [len(page.resources) for page in pages] == [3, 3, 1]
    assert [page.is_last for page in pages] == [False, False, True]
    assert {page.total for page in pages} == {7}
    assert [one["id"] for page in pages for one in page.resources] == [f"p{number}" for number in range(7)]


def test_a_search_asks_for_what_is_new(client: FhirClient, fhir_server: FhirServer) -> None:
    seen = fhir_server.put(patient("old"))["meta"]["lastUpdated"]
    while (stored := fhir_server.put(patient("new")))["meta"]["lastUpdated"] == seen:
        pass  # the server's clock has milliseconds
    assert stored["id"] == "new"
    (page,) = client.search(
        "Patient", {"_lastUpdated": [f"gt{seen}", "lt2100-01-01"], "_sort": "_lastUpdated"}
    )
    assert [one["id"] for one in page.resources] == ["new"]
    (none,) = client.search("Patient", {"_lastUpdated": "gt2100-01-01"})
    assert (none.resources, none.total, none.is_last) == ([], 0, True)


def test_a_search_that_is_not_understood_is_refused(client: FhirClient) -> None:
    with pytest.raises(RequestRefusedError, match="HTTP 400"):
        list(client.search("Patient", {"_lastUpdated": "gtyesterday", "_count": "many"}))


def test_the_server_says_what_it_takes(client: FhirClient, fhir_server: FhirServer) -> None:
    said = client.capability()
    assert said.fhir_version == "4.0.1"
    assert "batch" in said.system_interactions
    assert said.types["Task"].is_taken
    assert said.types["Task"].allows_our_ids
    fhir_server.control(config={"TYPES": ["Patient"]})
    assert set(client.capability().types) == {"Patient"}
    (refused,) = client.batch([Entry(method="PUT", url="Task/t", resource={**TASK, "id": "t"})])
    assert refused.status == 404


TASK = {"resourceType": "Task", "status": "ready", "intent": "order"}


@pytest.mark.parametrize("call", [write, look, find], ids=["write", "look", "find"])
@pytest.mark.parametrize("status", [500, 502, 503, 504, 429, 408])
def test_a_server_that_fails_says_when_to_come_back(
    client: FhirClient, fhir_server: FhirServer, call: Call, status: int
) -> None:
    fhir_server.control(mode=str(status), headers={"Retry-After": "7"})
    with pytest.raises(TargetDownError, match=f"HTTP {status}") as caught:
        call(client)
    assert caught.value.retry_after_seconds == 7
    assert not caught.value.opens


def test_it_may_say_so_by_a_date(client: FhirClient, fhir_server: FhirServer) -> None:
    until = clock.utcnow() + timedelta(minutes=30)
    fhir_server.control(mode="503", retryAfter=format_datetime(until, usegmt=True))
    with pytest.raises(TargetDownError) as caught:
        write(client)
    assert 1700 < caught.value.retry_after_seconds <= 1800


@pytest.mark.parametrize(
    ("call", "status"),
    [
        *((call, status) for call in (write, look, find) for status in (301, 302, 307, 501)),
        *((call, 405) for call in (write, find)),  # of one resource it is an answer
    ],
)
def test_what_only_the_settings_can_mend_opens_the_breaker(
    client: FhirClient, fhir_server: FhirServer, call: Call, status: int
) -> None:
    fhir_server.control(mode=str(status), headers={"Location": "http://elsewhere.example/fhir"})
    with pytest.raises(TargetDownError, match="FHIR_BASE_URL") as caught:
        call(client)
    assert caught.value.opens


def test_an_address_where_nothing_lives(fhir_server: FhirServer) -> None:
    client = FhirClient(Target(name="emr", base_url=f"{fhir_server.address}/nothing"))
    with pytest.raises(TargetDownError, match="Check FHIR_BASE_URL") as caught:
        client.capability()
    assert caught.value.opens


def test_nobody_listens_so_nothing_was_sent() -> None:
    client = FhirClient(Target(name="emr", base_url=f"http://127.0.0.1:{free_port()}/fhir"))
    with pytest.raises(TargetDownError) as caught:
        write(client)
    assert not isinstance(caught.value, UnknownOutcomeError)


@pytest.mark.parametrize("mode", ["drop", "hang", "cut", "garbage", "empty", "short", "long", "swap", "500"])
def test_a_lost_answer_is_an_unknown_outcome(hasty: FhirClient, fhir_server: FhirServer, mode: str) -> None:
    fhir_server.control(mode=mode, after=True, ms=2000)
    with pytest.raises(UnknownOutcomeError):
        write(hasty)
    # Indeed: it was done.
    assert {entry["ref"] for entry in fhir_server.journal()} == {"Patient/a", "Patient/b"}
    assert look(hasty).is_good


@pytest.mark.parametrize("mode", ["drop", "hang", "cut", "garbage", "empty", "503"])
@pytest.mark.parametrize("call", [look, find, FhirClient.capability], ids=["look", "find", "capability"])
def test_a_question_without_answer_is_asked_again_later(
    hasty: FhirClient, fhir_server: FhirServer, mode: str, call: Call
) -> None:
    fhir_server.put(patient("a"))
    fhir_server.control(mode=mode, ms=2000)
    with pytest.raises(TargetDownError) as caught:
        call(hasty)
    assert not caught.value.opens
    assert call(hasty) is not None


def test_an_answer_beyond_all_measure_is_broken_off(client: FhirClient, fhir_server: FhirServer) -> None:
    narrow = FhirClient(client.target, limits=Limits(seconds=10.0, read_seconds=10.0, answer_bytes=1000))
    with pytest.raises(UnknownOutcomeError, match="too long"):
        narrow.batch([put(str(uuid4())) for _ in range(10)])


def test_megabytes_are_no_measure(client: FhirClient) -> None:
    text = {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{"가" * 10_000}</div>'}
    answers = client.batch([put(f"p{number}", text=text) for number in range(50)])
    assert all(answer.is_good for answer in answers)


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_bundle_that_is_refused_whole_can_be_halved(
    client: FhirClient, fhir_server: FhirServer, status: int
) -> None:
    fhir_server.control(mode=str(status))
    with pytest.raises(RequestRefusedError) as caught:
        write(client)
    assert caught.value.status == status
    assert fhir_server.journal() == []


def test_one_that_is_refused_spoils_no_other(client: FhirClient, fhir_server: FhirServer) -> None:
    fhir_server.control(reject="Patient/b", status=409, n=1)
    first, second, third = client.batch([put("a"), put("b"), put("c")])
    assert (first.status, second.status, third.status) == (200, 409, 200)
    assert client.batch([put("b")])[0].is_good


def test_nothing_to_say_is_not_said(client: FhirClient, fhir_server: FhirServer) -> None:
    fhir_server.control(mode="500", match="POST")
    assert client.batch([]) == []


@pytest.mark.parametrize(
    ("auth", "target", "sentence"),
    [
        ({"kind": "basic", "user": "annae", "password": "비밀"}, {"auth": "none"}, "set FHIR_AUTH"),
        (
            {"kind": "basic", "user": "annae", "password": "비밀"},
            {"auth": "basic", "client_id": "annae", "secret": "falsch"},
            "Check FHIR_CLIENT_ID and FHIR_SECRET",
        ),
        ({"kind": "bearer", "token": "t0ken"}, {"auth": "bearer", "secret": "old"}, "Check FHIR_SECRET"),
    ],
)
def test_a_wrong_log_in_opens_the_breaker_with_a_sentence(
    fhir_server: FhirServer, auth: dict[str, str], target: dict[str, Any], sentence: str
) -> None:
    fhir_server.control(auth=auth)
    client = FhirClient(Target(name="emr", base_url=fhir_server.base_url, **target))
    with pytest.raises(TargetDownError, match=sentence) as caught:
        write(client)
    assert caught.value.opens
    assert "falsch" not in caught.value.reason
    assert fhir_server.journal() == []


@pytest.mark.parametrize(
    ("auth", "target"),
    [
        (
            {"kind": "basic", "user": "annae", "password": "비밀"},
            {"auth": "basic", "client_id": "annae", "secret": "비밀"},
        ),
        ({"kind": "bearer", "token": "t0ken"}, {"auth": "bearer", "secret": "t0ken"}),
    ],
    ids=["basic", "bearer"],
)
def test_the_right_one_lets_us_in(
    fhir_server: FhirServer, auth: dict[str, str], target: dict[str, Any]
) -> None:
    fhir_server.control(auth=auth)
    client = FhirClient(Target(name="emr", base_url=fhir_server.base_url, **target))
    assert all(answer.is_good for answer in write(client))
