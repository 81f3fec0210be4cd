"""Bad input: a code, a Problem in the caller's language, nothing written, never a fault of ours."""

from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import update

from app.accounts.rules import NAMELESS_TRIES
from app.core import clock
from app.core.db import db
from app.core.transaction import transactional
from app.emr.models import Patient
from app.journey import services as journey
from app.queues import services as queues
from app.queues.services import Rules
from app.tags import queries as tag_queries
from app.tags import services as tags
from tests.hospital import Hospital
from tests.web.api.partner import Partners, records

LOGIN = "/auth/simple-login"
SORRY = {
    "ko": "일치하는 정보를 찾지 못했습니다",
    "en": "We could not find a match",
}


def refused(answer: Any, status: int, code: str) -> dict[str, object]:
    """Check the one shape of all refusals; return its details."""
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/problem+json"
    problem = answer.json
    assert (problem["status"], problem["title"], problem["success"]) == (status, code, False)
    assert problem["error"]["code"] == code
    assert problem["error"]["message"] == problem["detail"] != ""
    assert problem["instance"].endswith(answer.headers["X-Request-Id"])
    found: dict[str, object] = problem["error"]["details"]
    return found


@pytest.mark.parametrize("language", ["ko", "en"])
def test_unknown_wrong_and_ambiguous_get_the_same_words(
    language: str, partners: Partners, hospital: Hospital
) -> None:
    visit = hospital.expect("consult", phone="010-2222-7777")
    for name in ("쌍둥이 하나", "쌍둥이 둘"):
        hospital.expect("consult", name=name, phone=f"010-333{len(name)}-8888")
    right, before = partners.answers(visit), records()
    asked = [
        {**right, "phone_last4": "9876"},
        {**right, "birth_date": "1953-04-13"},
        {**right, "phone_last4": "8888"},
    ]
    answers = [partners.stranger().post(LOGIN, one, **{"Accept-Language": language}) for one in asked]
    for answer in answers:
        refused(answer, 401, "BAD_CREDENTIALS")
        assert "Bearer" in answer.headers["WWW-Authenticate"]
    assert len({answer.json["detail"] for answer in answers}) == 1
    assert SORRY[language] in answers[0].json["detail"]
    assert records() == before


BODIES: dict[str, tuple[dict[str, Any], int, str]] = {
    "short digits": ({"phone_last4": "123"}, 422, "INVALID"),
    "digits as a number": ({"phone_last4": 1234}, 422, "INVALID"),
    "digits of another script": ({"phone_last4": "١٢٣٤"}, 422, "INVALID"),
    "no such day": ({"birth_date": "1953-02-30"}, 422, "INVALID"),
    "two-digit year": ({"birth_date": "53-04-12"}, 422, "INVALID"),
    "unknown tag": ({"tag": "AAAAAAAAAAAA.AAAAAAAAAAAAAAAA"}, 404, "UNKNOWN_TAG"),
    "no tag at all": ({"tag": "문 앞"}, 404, "UNKNOWN_TAG"),
    "neither tag nor nonce": ({"tag": None}, 422, "INVALID"),
    "a nonce not ours": ({"nonce": "made.up.한글"}, 422, "INVALID"),
    "a list": ({"phone_last4": ["1", "2"]}, 422, "INVALID"),
}


@pytest.mark.parametrize("case", BODIES)
def test_a_wrong_answer_is_named_and_lets_nobody_in(case: str, app: Flask, hospital: Hospital) -> None:
    wrong, status, code = BODIES[case]
    partners = Partners(app, hospital)
    body = {**partners.answers(hospital.expect("consult")), **wrong}
    details = refused(partners.stranger().post(LOGIN, body), status, code)
    if code == "INVALID":
        assert details.get("fields") or details.get("field")


def test_strange_names_of_staff_are_only_wrong(app: Flask, hospital: Hospital) -> None:
    for name in ("앤", "anne\u0000", "😀", "a" * 80, "' or 1=1 --"):
        refused(
            Partners(app, hospital).stranger().post("/auth/login", {"username": name, "password": "x" * 30}),
            401,
            "BAD_CREDENTIALS",
        )


def test_after_too_many_wrong_answers_a_network_waits_and_learns_how_long(
    partners: Partners, hospital: Hospital
) -> None:
    right = partners.answers(hospital.expect("consult"))
    for number in range(NAMELESS_TRIES):
        wrong = {**right, "phone_last4": f"{9000 + number}"}
        refused(partners.stranger().post(LOGIN, wrong), 401, "BAD_CREDENTIALS")
    answer = partners.stranger().post(LOGIN, right)
    refused(answer, 429, "TOO_MANY_TRIES")
    assert 0 < int(answer.headers["Retry-After"]) <= 900


def test_a_tag_out_of_service_is_gone(partners: Partners, hospital: Hospital) -> None:
    row = tag_queries.tags().rows[0]
    tags.revoke(row.token_id, version=row.version, by=hospital.cast.chris)
    refused(partners.stranger().post("/nfc/scan", {"tag": hospital.entrance}), 410, "TAG_REVOKED")
    refused(partners.stranger().post(LOGIN, partners.answers(hospital.expect("consult"))), 410, "TAG_REVOKED")


NO_JSON = {
    "half an object": b'{"version": 1',
    "no text": b"\xff\xfe\x00",
    "nested too deeply": b"[" * 100_000,
    "half a surrogate pair": b'{"version": 1, "reason": "\\ud800"}',
    "a bare word": b"version",
}


@pytest.mark.parametrize("key", [None, "k1"])
@pytest.mark.parametrize("case", NO_JSON)
def test_what_is_no_json_is_malformed(
    case: str, key: str | None, partners: Partners, hospital: Hospital
) -> None:
    visit, nurse = hospital.waiting("consult"), partners.staff("henry")
    before = records()
    headers = {"Content-Type": "application/json", **({"Idempotency-Key": key} if key else {})}
    answer = nurse.send("POST", f"/visits/{visit}/undo", data=NO_JSON[case], headers=headers)
    refused(answer, 400, "MALFORMED")
    assert records() == before


def test_a_huge_body_is_too_large_and_another_type_is_not_read(
    partners: Partners, hospital: Hospital
) -> None:
    visit, desk = hospital.waiting("consult"), partners.staff("henry")
    before, path = records(), f"/visits/{visit}/undo"
    for key in ({}, {"Idempotency-Key": "k"}):
        json = {"Content-Type": "application/json", **key}
        refused(
            desk.send("POST", path, data=b'{"reason": "%s"}' % (b"x" * 600_000), headers=json),
            413,
            "TOO_LARGE",
        )
        for kind in ("text/plain", "application/xml", "multipart/form-data; boundary=x"):
            typed = {"Content-Type": kind, **key}
            refused(desk.send("POST", path, data=b'{"version": 3}', headers=typed), 415, "MALFORMED")
    assert records() == before


@pytest.mark.parametrize(
    "wrong",
    [
        {"version": "3"},
        {"version": 3.5},
        {"version": True},
        {"version": -1},
        {"version": 10**40},
        {"version": 3, "reason": "x" * 301},
        {"version": 3, "reason": 5},
        {"version": 3, "confirm": "identity"},
        {"version": 3, "confirm": [1]},
        {"version": 3, "service_point_id": "7"},
        {"version": 3, "until": "tomorrow"},
        {"version": 3, "amount": "free"},
    ],
)
def test_a_wrong_type_is_named(wrong: dict[str, object], partners: Partners, hospital: Hospital) -> None:
    visit = hospital.waiting("consult")
    before = records()
    details = refused(partners.staff("henry").post(f"/visits/{visit}/undo", wrong), 422, "INVALID")
    fields = details["fields"]
    assert isinstance(fields, dict)
    assert {name.split(".")[0] for name in fields} == {next(reversed(wrong))}
    assert records() == before


def test_a_list_instead_of_an_object_is_named_body(partners: Partners, hospital: Hospital) -> None:
    visit = hospital.waiting("consult")
    details = refused(partners.staff("henry").post(f"/visits/{visit}/undo", [3]), 422, "INVALID")
    assert details["fields"] == {"body": "model_type"}


def test_no_version_is_required_and_a_stale_one_tells_both_and_the_state(
    partners: Partners, hospital: Hospital
) -> None:
    visit, nurse, desk = hospital.waiting("consult"), partners.staff("anne"), partners.staff("henry")
    entry = desk.get(f"/visits/{visit}").json["entry"]["id"]
    before = records()
    for who, path in ((desk, f"/visits/{visit}/undo"), (nurse, f"/queue/entries/{entry}/start")):
        refused(who.post(path), 428, "PRECONDITION_REQUIRED")
        refused(who.send("POST", path), 428, "PRECONDITION_REQUIRED")
        details = refused(who.post(path, {"version": 99}), 409, "STALE_VERSION")
        assert (details["seen"], details["state"], details["entry"]) == (99, "WAITING", "WAITING")
        assert isinstance(details["version"], int)
    assert records() == before


def test_a_way_that_the_table_has_not_tells_the_present_state(partners: Partners, hospital: Hospital) -> None:
    visit, nurse = hospital.waiting("consult"), partners.staff("anne")
    entry = nurse.get(f"/visits/{visit}").json["entry"]
    before = records()
    for command in ("recall", "start", "complete"):
        answer = nurse.post(f"/queue/entries/{entry['id']}/{command}", {"version": entry["version"]})
        details = refused(answer, 409, "TRANSITION_REFUSED")
        assert (details["state"], details["entry"], details["command"]) == ("WAITING", "WAITING", command)
    assert records() == before


def test_a_guard_that_asks_names_its_word_and_passes_with_it(partners: Partners, hospital: Hospital) -> None:
    hospital.waiting("consult")
    late, nurse = hospital.waiting("consult"), partners.staff("anne")
    entry = nurse.get(f"/visits/{late}").json["entry"]
    body = {"entry_id": entry["id"], "service_point_id": str(hospital.rooms[0]), "version": entry["version"]}
    call = "/queue/medical/call-patient"
    assert refused(nurse.post(call, body), 422, "INVALID")["field"] == "reason"
    body["reason"] = "통증이 심함"
    assert refused(nurse.post(call, body), 409, "CONFIRMATION_NEEDED")["confirm"] == ["overtaking"]
    called = nurse.post(call, {**body, "confirm": ["overtaking"]})
    assert called.status_code == 200
    start = f"/queue/entries/{entry['id']}/start"
    version = called.json["entry"]["version"]
    assert refused(nurse.post(start, {"version": version}), 409, "CONFIRMATION_NEEDED")["confirm"] == [
        "identity"
    ]
    assert nurse.post(start, {"version": version, "confirm": ["identity"]}).status_code == 200


def test_the_ward_s_other_refusals_keep_their_codes(partners: Partners, hospital: Hospital) -> None:
    nurse, path = partners.staff("anne"), f"/queue/{hospital.consult}/call-next"
    room = {"service_point_id": str(hospital.rooms[0])}
    refused(nurse.post(path, room), 409, "QUEUE_EMPTY")
    refused(nurse.post(path), 422, "INVALID")
    hospital.waiting("consult")
    hospital.waiting("consult")
    assert nurse.post(path, room).status_code == 200
    refused(nurse.post(path, room), 409, "ROOM_BUSY")
    refused(nurse.post(path, {"service_point_id": str(hospital.other_room)}), 404, "NOT_FOUND")
    refused(nurse.post(path, {"service_point_id": str(uuid4())}), 404, "NOT_FOUND")
    refused(nurse.post(f"/queue/{uuid4()}/call-next", room), 404, "NOT_FOUND")


def test_outside_the_window_nothing_is_written_and_the_desk_is_next(
    partners: Partners, hospital: Hospital
) -> None:
    visit = hospital.expect("consult", at=clock.utcnow())
    patient, before = partners.patient(visit), records()
    queues.set_rules(
        hospital.consult,
        Rules(check_in_before_seconds=0, check_in_after_seconds=0),
        version=1,
        by=hospital.cast.chris,
    )
    answer = patient.post("/nfc/scan", {"tag": hospital.entrance, "arrive": True})
    assert (answer.status_code, answer.json["next"]) == (200, "desk")
    assert answer.json["visit"]["state"] == "UNREGISTERED"
    assert records() == before


def test_who_must_see_the_desk_first_is_sent_there(partners: Partners, hospital: Hospital) -> None:
    visit = hospital.expect("consult")
    patient = partners.patient(visit)
    journey.arrive(visit, by=hospital.cast.henry)
    transactional(lambda: db.session.execute(update(Patient).values(sees_desk_first=True)))()
    details = refused(patient.post(f"/visits/{visit}/register", {"version": 2}), 403, "NOT_ALLOWED")
    assert details["why"] == "desk_first"


def test_unknown_paths_methods_and_ids_are_problems_too(partners: Partners) -> None:
    nurse = partners.staff("anne")
    refused(nurse.get("/nothing"), 404, "NOT_FOUND")
    refused(nurse.get(f"/visits/{uuid4()}"), 404, "NOT_FOUND")
    refused(nurse.get("/visits/17"), 404, "NOT_FOUND")
    refused(nurse.post(f"/visits/{uuid4()}/dance", {"version": 1}), 404, "NOT_FOUND")
    refused(nurse.post(f"/queue/entries/{uuid4()}/dance", {"version": 1}), 404, "NOT_FOUND")
    refused(nurse.get("/queue/join"), 405, "METHOD_NOT_ALLOWED")
    refused(nurse.get(f"/queue/{uuid4()}?page=0"), 422, "INVALID")


def test_a_cookie_is_no_key_to_the_api(partners: Partners, hospital: Hospital) -> None:
    refused(
        partners.stranger().get(f"/queue/{hospital.consult}", Cookie="annae-session=x"), 401, "SIGN_IN_NEEDED"
    )
