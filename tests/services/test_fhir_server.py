"""The FHIR server of the tests keeps R4's word, fails as asked, and its validator sees what is wrong."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.services.fhir import FhirServer

MRN = "urn:h:mrn"
AMBULATORY = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}
Resource = dict[str, Any]


def patient(number: object, **fields: Any) -> Resource:
    name = [{"family": "김"}]
    return {
        "resourceType": "Patient",
        "identifier": [{"system": MRN, "value": str(number)}],
        "name": name,
        **fields,
    }


def encounter(key: str, **fields: Any) -> Resource:
    return {"resourceType": "Encounter", "id": key, "status": "arrived", "class": AMBULATORY, **fields}


def bundle(kind: str, *entries: Resource) -> Resource:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def entry(method: str, url: str, resource: Resource | None = None, **request: str) -> Resource:
    body = {} if resource is None else {"resource": resource}
    return {"request": {"method": method, "url": url, **request}, **body}


@pytest.fixture
def server(fhir_server: FhirServer) -> FhirServer:
    """Give the server, told that what these tests send is wrong on purpose."""
    fhir_server.control(config={"RECORD": False})
    return fhir_server


def statuses(server: FhirServer, *entries: Resource) -> list[int]:
    answer = server.request("POST", "", bundle("batch", *entries))
    assert answer.status_code == 200
    return [int(one["response"]["status"]) for one in answer.json()["entry"]]


def test_a_resource_is_made_changed_guarded_and_deleted(server: FhirServer) -> None:
    made = server.request("PUT", "Patient/p", patient(1, id="p"))
    assert (made.status_code, made.headers["etag"][:3]) == (201, 'W/"')
    changed = server.request("PUT", "Patient/p", patient(1, id="p", gender="male"))
    assert changed.status_code == 200
    assert changed.headers["etag"] != made.headers["etag"]
    stale = server.request("PUT", "Patient/p", patient(1, id="p"), **{"If-Match": made.headers["etag"]})
    fresh = server.request("PUT", "Patient/p", patient(1, id="p"), **{"If-Match": changed.headers["etag"]})
    assert (stale.status_code, fresh.status_code) == (412, 200)
    assert server.request("PUT", "Patient/p", patient(1, id="q")).status_code == 400
    assert server.request("DELETE", "Patient/p").status_code == 204
    assert server.request("GET", "Patient/p").status_code == 410
    assert server.request("GET", "Patient/nobody").status_code == 404
    assert server.request("PUT", "Patient/p", patient(1, id="p")).status_code == 201
    assert [one["op"] for one in server.journal()] == ["create", "update", "update", "delete", "create"]
    assert [one.get("gender") for one in server.versions("Patient/p")] == [None, "male", None, None]


def test_conditions_find_none_one_or_several(server: FhirServer) -> None:
    first = server.request("PUT", f"Patient?identifier={MRN}|4", patient(4))
    again = server.request("PUT", f"Patient?identifier={MRN}|4", patient(4, gender="female"))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    server.request("POST", "Patient", patient(4))
    assert server.request("PUT", f"Patient?identifier={MRN}|4", patient(4)).status_code == 412


def test_of_many_at_once_one_creates(server: FhirServer) -> None:
    def create(_: int) -> int:
        answer = httpx.post(
            f"{server.base_url}/Patient",
            json=patient("race"),
            headers={"If-None-Exist": f"identifier={MRN}|race"},
        )
        return answer.status_code

    with ThreadPoolExecutor(16) as threads:
        assert sorted(threads.map(create, range(16))) == [200] * 15 + [201]


def test_a_batch_is_many_and_a_transaction_is_one(server: FhirServer) -> None:
    assert statuses(
        server,
        entry("PUT", "Encounter/e1", encounter("e1")),
        entry("PUT", "Encounter/e2", encounter("e2", status="waiting")),
        entry("PUT", f"Patient?identifier={MRN}|7", patient(7)),
        entry("GET", "Encounter/e1"),
        entry("GET", "Encounter/e2"),
    ) == [200, 400, 201, 200, 404]
    done = server.request(
        "POST",
        "",
        bundle(
            "transaction",
            entry("PUT", "Patient/t", patient(60, id="t")),
            entry("PUT", "Encounter/t", encounter("t", status="nope")),
        ),
    )
    assert done.status_code == 400
    assert server.request("GET", "Patient/t").status_code == 404
    assert server.search(f"Patient?identifier={MRN}|60") == []


@pytest.mark.parametrize(
    ("config", "statuses_of_three"),
    [
        ({}, [200, 200, 200]),
        ({"UPDATE_CREATE": False}, [404, 404, 404]),
        ({"REF_INTEGRITY": True}, [400, 200, 200]),
        ({"TYPES": ["Patient"]}, [404, 200, 404]),
    ],
)
def test_there_are_servers_of_many_kinds(
    server: FhirServer, config: dict[str, Any], statuses_of_three: list[int]
) -> None:
    server.control(config=config)
    child = encounter("e", subject={"reference": "Patient/p"})
    three = [entry("PUT", "Encounter/e", child), entry("PUT", "Patient/p", patient(1, id="p"))]
    assert statuses(server, *three, three[0]) == statuses_of_three
    said = server.request("GET", "metadata").json()["rest"][0]["resource"]
    assert {one["updateCreate"] for one in said} == {config.get("UPDATE_CREATE", True)}
    assert [one["type"] for one in said] == config.get("TYPES", [one["type"] for one in said])


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("mode", ["500", "drop", "hang", "garbage", "empty", "cut"])
def test_an_answer_is_lost_before_or_after_the_deed(server: FhirServer, mode: str, *, after: bool) -> None:
    server.control(mode=mode, after=after, ms=300)
    try:
        answer = server.request("PUT", "Patient/p", patient(1, id="p"))
        assert mode in {"500", "garbage", "empty"}
        assert (answer.status_code == 500) == (mode == "500")
    except httpx.TransportError:
        assert mode in {"drop", "hang", "cut"}
    assert server.request("GET", "Patient/p").status_code == (200 if after else 404)


def test_a_fault_meets_as_many_as_asked(server: FhirServer) -> None:
    server.control(mode="503", n=2, retryAfter=7, match="PUT .*Patient")
    assert server.request("GET", "Patient/p").status_code == 404
    answers = [server.request("PUT", "Patient/p", patient(1, id="p")) for _ in range(3)]
    assert [one.status_code for one in answers] == [503, 503, 201]
    assert answers[0].headers["retry-after"] == "7"
    assert server.control()["stats"]["fault 503"] == 2


@pytest.mark.parametrize("status", [409, 422, 429, 503])
def test_one_resource_is_poison_alone_and_among_others(server: FhirServer, status: int) -> None:
    server.control(reject="Patient/bad", status=status, n=2)
    assert server.request("PUT", "Patient/bad", patient(1, id="bad")).status_code == status
    found = statuses(
        server, *(entry("PUT", f"Patient/{key}", patient(key, id=key)) for key in ("a", "bad", "c"))
    )
    # Medplum fills what comes after a throttled entry with the same answer.
    assert found == ([200, 429, 429] if status == 429 else [200, status, 200])


def test_pages_are_sorted_and_end(server: FhirServer) -> None:
    for number in range(5):
        server.put(patient(number, id=f"p{number}"))
    url, found = "Patient?_sort=_lastUpdated&_count=2", []
    while url:
        page = server.request("GET", url).json()
        found += [one["resource"]["id"] for one in page["entry"]]
        following = [one["url"] for one in page["link"] if one["relation"] == "next"]
        url = following[0].partition("/fhir/")[2] if following else ""
    assert found == [f"p{number}" for number in range(5)]


def test_what_is_sent_in_a_run_is_kept_to_be_judged(fhir_server: FhirServer) -> None:
    before = fhir_server.judged()
    fhir_server.put(patient("judged", id="judged"))
    batch = bundle("batch", entry("PUT", "Encounter/judged", encounter("judged")))
    assert fhir_server.request("POST", "", batch).status_code == 200
    fhir_server.wipe()
    after = fhir_server.judged()
    assert after["sent"] == before["sent"] + 2
    assert after["wrong"] == before["wrong"]


CREATED = "2026-11-21T09:00:00+09:00"
EARLIER = "2026-11-21T08:00:00+09:00"
TASK = {"resourceType": "Task", "status": "ready", "intent": "order"}
ORDER = {
    "resourceType": "ServiceRequest",
    "status": "active",
    "intent": "order",
    "subject": {"reference": "Patient/p"},
}
BOOKING = {"resourceType": "Appointment", "status": "booked", "participant": [{"status": "accepted"}]}
GOOD = {
    "a patient": patient(1),
    "a patient with next to nothing": {"resourceType": "Patient"},
    "an encounter": encounter("e", period={"start": EARLIER, "end": CREATED}),
    "a task": TASK,
    "an order": ORDER,
    "a place": {"resourceType": "Location", "mode": "instance"},
    "a null beside an extension": patient(
        1,
        name=[
            {"given": [None, "민수"], "_given": [{"extension": [{"url": "urn:x", "valueCode": "a"}]}, None]}
        ],
    ),
}
WRONG = {
    "an unknown field": patient(1, nickname="민수"),
    "an unknown type": {"resourceType": "Dragon"},
    "a gender that is none": patient(1, gender="F"),
    "a date that is none": patient(1, birthDate="1990-13-01"),
    "a text that is empty": patient(1, name=[{"family": ""}]),
    "a list that is empty": patient(1, name=[]),
    "an object that is empty": patient(1, maritalStatus={}),
    "a bare null": patient(1, birthDate=None),
    "a number for a text": patient(1, gender=1),
    "one where many may be": patient(1, name={"family": "김"}),
    "two values of one choice": patient(1, deceasedBoolean=False, deceasedDateTime=CREATED),
    "a contact without anything (pat-1)": patient(1, contact=[{"gender": "male"}]),
    "a state of our own": encounter("e", status="waiting"),
    "an encounter without class": {"resourceType": "Encounter", "status": "arrived"},
    "an end before the start (per-1)": encounter("e", period={"start": CREATED, "end": EARLIER}),
    "a subject that is a place": encounter("e", subject={"reference": "Location/l"}),
    "a task without intent": {"resourceType": "Task", "status": "ready"},
    "a task's state that is none": {**TASK, "status": "called"},
    "an order without subject": {name: value for name, value in ORDER.items() if name != "subject"},
    "a booking without anybody": {"resourceType": "Appointment", "status": "booked"},
    "a booking with a start alone (app-2)": {**BOOKING, "status": "proposed", "start": CREATED},
    "a booking without time (app-3)": BOOKING,
    "a place's mode that is none": {"resourceType": "Location", "mode": "somewhere"},
    "an audit that has an identifier": {"resourceType": "AuditEvent", "identifier": [{"value": "1"}]},
}


def test_the_validator_lets_the_good_pass(fhir_server: FhirServer) -> None:
    found = fhir_server.validate(list(GOOD.values()))
    assert [(name, wrong) for name, wrong in zip(GOOD, found, strict=True) if wrong] == []


def test_the_validator_sees_each_of_two_dozen_wrongs(fhir_server: FhirServer) -> None:
    found = fhir_server.validate(list(WRONG.values()))
    assert len(WRONG) == 24
    assert [name for name, wrong in zip(WRONG, found, strict=True) if not wrong] == []


def test_the_validator_looks_into_bundles(fhir_server: FhirServer) -> None:
    batch = bundle(
        "batch", entry("PUT", "Task/t", TASK), entry("PUT", "Task/u", {**TASK, "status": "called"})
    )
    ((*_, wrong),) = fhir_server.validate([batch])
    assert (wrong["where"], wrong["type"]) == (".entry[1]", "Task")
