"""Repeats: the same request thrice has one effect and one answer; another content under the key is refused."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.core.db import Model, db
from app.journey import services as journey
from app.queues import services as queues
from tests.hospital import Hospital
from tests.web.api.partner import Partner, Partners, records


def thrice(who: Partner, path: str, body: dict[str, Any]) -> list[Any]:
    """Send one request three times under one key, once with a trailing slash."""
    answers = [who.post(path, body, key="same")]
    stood = records()
    answers += [who.post(one, body, key="same") for one in (path, f"{path}/")]
    assert records() == stood, "a repeat wrote something"
    return answers


def check(answers: list[Any]) -> dict[str, Any]:
    """See that all answers are the first one, and say so; return it."""
    first = answers[0]
    assert first.status_code in {200, 201}, first.text
    assert "Idempotency-Replayed" not in first.headers
    for repeat in answers[1:]:
        assert (repeat.status_code, repeat.json) == (first.status_code, first.json)
        assert repeat.headers["Idempotency-Replayed"] == "true"
    found: dict[str, Any] = first.json
    return found


def test_each_command_of_a_day_sent_thrice_happens_once(app: Flask, hospital: Hospital) -> None:
    partners = Partners(app, hospital)
    visit = hospital.expect("consult")
    patient, nurse, doctor = partners.patient(visit), partners.staff("anne"), partners.staff("grace")
    cashier, one = partners.staff("iris"), f"/visits/{visit}"

    taps = thrice(patient, "/nfc/scan", {"tag": hospital.entrance, "arrive": True})
    assert [tap.headers.get("Idempotency-Replayed") for tap in taps] == [None, "true", "true"]
    assert {tap.json["visit"]["version"] for tap in taps} == {2}
    assert _taps() == 2  # this one, and the log-in's

    check(thrice(patient, f"{one}/register", {"version": 2}))
    check(thrice(patient, "/queue/join", {"visit_id": str(visit)}))
    called = check(
        thrice(nurse, f"/queue/{hospital.consult}/call-next", {"service_point_id": str(hospital.rooms[0])})
    )
    entry = f"/queue/entries/{called['entry']['id']}"
    seen = check(thrice(nurse, f"{entry}/recall", {"version": called["entry"]["version"]}))
    seen = check(
        thrice(nurse, f"{entry}/start", {"version": seen["entry"]["version"], "confirm": ["identity"]})
    )
    undone = check(thrice(nurse, f"{entry}/undo", {"version": seen["visit"]["version"]}))
    assert undone["visit"]["state"] == "CALLED"
    started = nurse.post(
        f"{entry}/start", {"version": undone["entry"]["version"], "confirm": ["identity"]}
    ).json
    seen = check(thrice(nurse, f"{entry}/complete", {"version": started["entry"]["version"]}))
    seen = check(thrice(doctor, f"{one}/add-step", {"version": seen["visit"]["version"], "service": "lab"}))
    seen = check(
        thrice(
            nurse,
            "/queue/medical/call-patient",
            {
                "entry_id": seen["entry"]["id"],
                "service_point_id": str(hospital.lab_room),
                "version": seen["entry"]["version"],
            },
        )
    )
    entry = f"/queue/entries/{seen['entry']['id']}"
    started = nurse.post(
        f"{entry}/start", {"version": seen["entry"]["version"], "confirm": ["identity"]}
    ).json
    done = nurse.post(f"{entry}/complete", {"version": started["entry"]["version"]}).json
    paid = check(thrice(cashier, f"{one}/pay", {"version": done["visit"]["version"], "method": "cash"}))
    assert paid["visit"]["state"] == "FINISHED"


def test_the_first_join_is_201_and_so_is_its_repeat(partners: Partners, hospital: Hospital) -> None:
    visit = _registered_without_line(hospital)
    nurse = partners.staff("anne")
    body = {"visit_id": str(visit), "queue_id": str(hospital.consult)}
    assert {answer.status_code for answer in thrice(nurse, "/queue/join", body)} == {201}
    assert nurse.post("/queue/join", body).status_code == 200


def test_a_nurse_joins_for_a_patient_without_naming_the_queue(partners: Partners, hospital: Hospital) -> None:
    visit = _registered_without_line(hospital)
    body = {"visit_id": str(visit), "service": "consult"}
    assert partners.staff("ben").post("/queue/join", body).status_code == 404
    joined = partners.staff("anne").post("/queue/join", body)
    assert (joined.status_code, joined.json["entry"]["queue_id"]) == (201, str(hospital.consult))


def test_paying_without_a_key_is_refused_after_the_right(partners: Partners, hospital: Hospital) -> None:
    visit = hospital.waiting("consult")
    before = records()
    answer = partners.staff("iris").post(f"/visits/{visit}/pay", {"version": 3})
    assert (answer.status_code, answer.json["title"]) == (400, "MALFORMED")
    assert partners.staff("anne").post(f"/visits/{visit}/pay", {"version": 3}).status_code == 403
    assert records() == before


def test_another_content_under_the_same_key_is_refused(partners: Partners, hospital: Hospital) -> None:
    visit, desk = hospital.expect("consult"), partners.staff("henry")
    assert desk.post(f"/visits/{visit}/arrive", {"version": 1}, key="k").status_code == 200
    stood = records()
    other = desk.post(f"/visits/{visit}/arrive", {"version": 2}, key="k")
    assert (other.status_code, other.json["title"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert records() == stood


def test_a_refusal_is_not_kept_under_its_key(partners: Partners, hospital: Hospital) -> None:
    nurse, path = partners.staff("anne"), f"/queue/{hospital.consult}/call-next"
    body = {"service_point_id": str(hospital.rooms[0])}
    assert nurse.post(path, body, key="k").json["title"] == "QUEUE_EMPTY"
    hospital.waiting("consult")
    assert nurse.post(path, body, key="k").status_code == 200


def test_a_key_belongs_to_who_presents_it(partners: Partners, hospital: Hospital) -> None:
    path = f"/queue/{hospital.consult}/call-next"
    visits = [hospital.waiting("consult") for _ in range(2)]
    for name, room, visit in zip(("anne", "flora"), hospital.rooms, visits, strict=False):
        answer = partners.staff(name).post(path, {"service_point_id": str(room)}, key="k")
        assert answer.json["visit"]["id"] == str(visit)


@pytest.mark.parametrize("key", ["x" * 256, "열쇠".encode().decode("latin-1")])
def test_a_key_that_is_none_is_malformed(key: str, partners: Partners, hospital: Hospital) -> None:
    visit = hospital.waiting("consult")
    assert partners.staff("henry").post(f"/visits/{visit}/undo", {"version": 3}, key=key).status_code == 400


def _registered_without_line(hospital: Hospital) -> Any:
    """Let somebody register while the queue is closed, and open it again."""
    chris = hospital.cast.chris
    queues.set_queue_open(hospital.consult, is_open=False, by=chris)
    visit = hospital.expect("consult")
    journey.arrive(visit, by=hospital.cast.henry)
    journey.register(visit, version=2, by=hospital.cast.henry)
    queues.set_queue_open(hospital.consult, is_open=True, by=chris)
    return visit


def _taps() -> int:
    db.session.remove()
    return db.session.execute(select(func.count()).select_from(Model.metadata.tables["tap"])).scalar_one()
