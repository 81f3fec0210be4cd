"""One patient from the door to the way home, over the API alone."""

from itertools import pairwise
from typing import Any

from flask import Flask

from tests.hospital import Hospital
from tests.web.api.partner import Partner, Partners
from tests.web.scenes import pause_all_rooms


def test_a_patient_goes_from_the_door_to_the_way_home_by_three_tokens(app: Flask, hospital: Hospital) -> None:
    visit = hospital.expect("consult", "lab", name="김철수")
    everybody = Partners(app, hospital)
    patient, nurse, cashier = everybody.patient(visit), everybody.staff("anne"), everybody.staff("iris")
    one = f"/visits/{visit}"

    seen = patient.get(one).json
    assert (seen["visit"]["state"], seen["entry"]) == ("UNREGISTERED", None)
    assert seen["visit"]["patient"] == {"masked_name": "김*수"}

    tapped = patient.post("/nfc/scan", {"tag": hospital.entrance, "arrive": True})
    assert tapped.status_code == 200, tapped.text
    assert (tapped.json["visit"]["state"], tapped.json["next"]) == ("ARRIVED", "register")
    number = tapped.json["visit"]["day_number"]
    assert number == 1

    registered = patient.post(f"{one}/register", {"version": tapped.json["visit"]["version"]}).json
    entry = registered["entry"]
    assert registered["visit"]["state"] == "WAITING"
    assert (entry["number"], entry["position"], entry["people_ahead"]) == (number, 1, 0)
    assert entry["wait"] == {"low_minutes": 0, "high_minutes": 5}
    again = patient.post("/queue/join", {"visit_id": str(visit)})
    assert (again.status_code, again.json["entry"]["id"]) == (200, entry["id"])

    called = nurse.post(
        f"/queue/{hospital.consult}/call-next", {"service_point_id": str(hospital.rooms[0])}
    ).json
    assert (called["visit"]["state"], called["entry"]["call"]["attempt"]) == ("CALLED", 1)
    assert patient.get(one).json["entry"]["service_point_id"] == str(hospital.rooms[0])
    recalled = _order(nurse, "recall", called)
    assert recalled["entry"]["call"]["attempt"] == 2
    assert recalled["entry"]["call"]["id"] != called["entry"]["call"]["id"]
    started = _order(nurse, "start", recalled, confirm=["identity"])
    assert started["visit"]["state"] == "ONGOING"
    onward = _order(nurse, "complete", started)
    assert (onward["visit"]["state"], onward["entry"]["queue_id"]) == ("WAITING", str(hospital.lab))

    second = nurse.post(
        "/queue/medical/call-patient",
        {
            "entry_id": onward["entry"]["id"],
            "service_point_id": str(hospital.lab_room),
            "version": onward["entry"]["version"],
        },
    ).json
    done = _order(nurse, "complete", _order(nurse, "start", second, confirm=["identity"]))
    assert (done["visit"]["state"], done["entry"]) == ("PAYMENT", None)

    paid = cashier.post(f"{one}/pay", {"version": done["visit"]["version"], "method": "card"}, key="till-1")
    assert paid.status_code == 200, paid.text
    assert (paid.json["visit"]["state"], paid.json["visit"]["disposition"]) == ("FINISHED", "completed")
    history = paid.json["visit"]["history"]
    assert [line["seq"] for line in history] == list(range(1, len(history) + 1))
    assert [line["to"] for line in history] == [
        "ARRIVED",
        "REGISTERED",
        "WAITING",
        "CALLED",
        "CALLED",
        "ONGOING",
        "COMPLETED",
        "WAITING",
        "CALLED",
        "ONGOING",
        "COMPLETED",
        "PAYMENT",
        "FINISHED",
    ]
    assert all(before["to"] == after["from"] for before, after in pairwise(history))


def _order(who: Partner, command: str, seen: dict[str, Any], **more: object) -> dict[str, Any]:
    entry = seen["entry"]
    answer = who.post(f"/queue/entries/{entry['id']}/{command}", {"version": entry["version"], **more})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json
    return found


def test_whoever_waits_is_told_a_range_and_nobody_one_while_calls_are_paused(
    app: Flask, hospital: Hospital
) -> None:
    visit = hospital.waiting("consult")
    nurse = Partners(app, hospital).staff("anne")

    def waits() -> list[object]:
        listed = nurse.get(f"/queue/{hospital.consult}").json["entries"]
        return [nurse.get(f"/visits/{visit}").json["entry"]["wait"], *(one["wait"] for one in listed)]

    assert waits() == [{"low_minutes": 0, "high_minutes": 5}] * 2
    pause_all_rooms(hospital)
    assert waits() == [None, None]
