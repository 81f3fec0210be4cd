"""The record over the API: found without a name in an address, written by several hands, merged and parted."""

from typing import Any

from flask import Flask

from app.boards import queries as boards
from tests.hospital import Hospital
from tests.web.api.partner import Partners, records
from tests.web.api.test_refusals import refused

TABLES = (
    *("patient", "patient_allergy", "patient_contact", "patient_flag", "patient_identifier"),
    *("record_version", "patient_merge"),
)


def one_of(visit: Any) -> str:
    return f"/emr/patients/{boards.my_visit(visit, by=None).patient_id}"


def test_allergies_contacts_and_flags_are_written_by_version(app: Flask, hospital: Hospital) -> None:
    partners = Partners(app, hospital)
    path, nurse, desk = one_of(hospital.waiting("consult")), partners.staff("anne"), partners.staff("henry")
    allergy = nurse.post(f"{path}/allergies", {"substance": "페니실린", "criticality": "high"}, key="a")
    assert (allergy.status_code, allergy.headers["ETag"]) == (201, 'W/"1"')
    repeat = nurse.post(f"{path}/allergies", {"substance": "페니실린", "criticality": "high"}, key="a")
    assert repeat.json == allergy.json
    contact = desk.post(
        f"{path}/contacts", {"name": "김보호", "relation": "child", "phone": "010-1234-5678"}
    ).json
    flag = nurse.post(f"{path}/flags", {"kind": "fall-risk"}).json
    seen = nurse.get(f"{path}/record").json
    assert [(one["substance"], one["criticality"]) for one in seen["allergies"]] == [("페니실린", "high")]
    assert [one["phone"] for one in seen["contacts"]] == ["+821012345678"]
    assert [one["kind"] for one in seen["flags"]] == ["fall-risk"]
    assert desk.get(f"{path}/record").json["allergies"] is None

    rows = {
        f"{path}/allergies/{allergy.json['id']}": (nurse, {"reaction": "두드러기"}),
        f"{path}/contacts/{contact['id']}": (desk, {"relation": "spouse"}),
    }
    for row, (who, change) in rows.items():
        assert who.patch(row, change, If_Match='W/"1"').headers["ETag"] == 'W/"2"'
        before = records(TABLES)
        details = refused(who.patch(row, {"version": 1, **change}), 409, "STALE_VERSION")
        assert details == {"version": 2, "seen": 1}
        refused(who.patch(row, change, If_Match='W/"1"'), 412, "PRECONDITION_FAILED")
        refused(who.patch(row, change), 428, "PRECONDITION_REQUIRED")
        assert records(TABLES) == before
    assert nurse.post(f"{path}/flags/{flag['id']}/remove", {"version": 1}).json["version"] == 2
    refused(nurse.post(f"{path}/flags/{flag['id']}/remove", {"version": 2}), 410, "GONE")
    assert desk.post(f"{path}/contacts/{contact['id']}/remove", {"version": 2}).status_code == 200
    seen = nurse.get(f"{path}/record").json
    assert (seen["contacts"], seen["flags"], seen["allergies"][0]["reaction"]) == ([], [], "두드러기")


def test_a_number_elsewhere_has_one_owner_until_it_is_ended(app: Flask, hospital: Hospital) -> None:
    partners = Partners(app, hospital)
    first, second = (one_of(hospital.expect("consult")) for _ in range(2))
    desk, number = partners.staff("henry"), {"kind": "hospital", "system": "한빛병원", "value": "H 77"}
    noted = desk.post(f"{first}/identifiers", number, key="n")
    assert (noted.status_code, noted.headers["ETag"]) == (201, 'W/"1"')
    assert desk.post(f"{first}/identifiers", number, key="n").json == noted.json
    assert desk.get(f"{first}/record").json["identifiers"] == [
        {**number, "value": "H77", "id": noted.json["id"], "version": 1}
    ]
    found = desk.post("/emr/patients/search", {"search": "H77"}).json["patients"]
    assert [one["id"] for one in found] == [first.rsplit("/", 1)[1]]
    before = records(TABLES)
    assert refused(desk.post(f"{second}/identifiers", number), 422, "INVALID")["why"] == "elsewhere"
    refused(partners.staff("anne").post(f"{second}/identifiers", number), 403, "NOT_ALLOWED")
    end = f"{first}/identifiers/{noted.json['id']}/end"
    refused(desk.post(end, {"version": 1}), 422, "INVALID")
    refused(desk.post(end, {"reason": "잘못 적음"}), 428, "PRECONDITION_REQUIRED")
    refused(desk.post(end.replace(first, second), {"version": 1, "reason": "x"}), 404, "NOT_FOUND")
    assert records(TABLES) == before
    assert desk.post(end, {"version": 1, "reason": "잘못 적음"}).json["version"] == 2
    refused(desk.post(end, {"version": 2, "reason": "또"}), 410, "GONE")
    assert desk.post(f"{second}/identifiers", number).status_code == 201


def test_a_search_finds_the_own_and_writes_down_whom_it_showed(
    partners: Partners, hospital: Hospital
) -> None:
    patient = one_of(hospital.waiting("consult", name="남궁민수"))
    for typed in ("남궁", "ㄴㄱㅁ"):
        found = partners.staff("anne").post("/emr/patients/search", {"search": typed})
        assert [row["name"] for row in found.json["patients"]] == ["남궁민수"], found.text
    assert patient.endswith(found.json["patients"][0]["id"])
    assert found.json["total"] == 1
    assert partners.staff("ben").post("/emr/patients/search", {"search": "남궁"}).json["patients"] == []
    assert records(["audit"])["audit"].count("api.search_patients") == 2
    for name, status in (("iris", 403), ("chris", 403), ("eve", 401)):
        assert partners.staff(name).post("/emr/patients/search", {"search": "남"}).status_code == status
    for name, status in (("ben", 404), ("grace", 200), ("henry", 200), ("jonas", 403)):
        assert partners.staff(name).get(f"{patient}/record").status_code == status


def test_every_version_of_a_note_is_kept_and_shown(partners: Partners, hospital: Hospital) -> None:
    path, nurse = f"/emr/encounters/{hospital.waiting('consult')}", partners.staff("anne")
    nurse.patch(path, {"version": 0, "nursing": "체온 36.5"})
    nurse.patch(path, {"version": 1, "nursing": "체온 37.5"})
    partners.staff("grace").patch(path, {"version": 2, "medical": "관찰"})
    history = partners.staff("grace").get(f"{path}/history?per_page=2").json
    assert [(one["kind"], one["version"], one["text"], one["by_name"]) for one in history["versions"]] == [
        ("medical", 1, "관찰", "Grace"),
        ("nursing", 2, "체온 37.5", "Anne"),
    ]
    assert (history["total"], history["pages"]) == (3, 2)
    refused(partners.staff("ben").get(f"{path}/history"), 404, "NOT_FOUND")
    refused(partners.staff("henry").get(f"{path}/history"), 403, "NOT_ALLOWED")


def test_two_records_are_made_one_and_parted(partners: Partners, hospital: Hospital) -> None:
    old, new = (one_of(hospital.expect("consult", name=name)) for name in ("김하나", "김 하나"))
    desk, into = partners.staff("henry"), new.rsplit("/", 1)[1]
    before = records(TABLES)
    refused(
        partners.staff("anne").post(f"{old}/merge", {"into": into, "reason": "동일인"}), 403, "NOT_ALLOWED"
    )
    refused(desk.post(f"{old}/merge", {"into": into}), 422, "INVALID")
    refused(desk.post(f"{old}/merge", {"into": old.rsplit("/", 1)[1], "reason": "동일인"}), 422, "INVALID")
    assert records(TABLES) == before
    for _ in range(2):  # a repeat changes nothing
        merged = desk.post(f"{old}/merge", {"into": into, "reason": "동일인"})
        assert (merged.status_code, merged.json["patient_id"]) == (200, into)
    (duplicate,) = desk.get(f"{new}/record").json["duplicates"]
    assert (duplicate["is_into_this"], duplicate["reason"]) == (True, "동일인")
    parted = desk.post(f"/emr/merges/{duplicate['id']}/undo", {"reason": "다른 사람"})
    assert (parted.status_code, old.endswith(parted.json["patient_id"])) == (200, True)
    again = desk.post(f"/emr/merges/{duplicate['id']}/undo", {"reason": "다른 사람"})
    assert refused(again, 409, "TRANSITION_REFUSED")["why"] == "already_undone"


def test_two_who_differ_are_asked_about_and_a_key_answers_again(
    partners: Partners, hospital: Hospital
) -> None:
    old, new = (one_of(hospital.expect("consult", name=name)) for name in ("김하나", "김한아"))
    desk, wish = partners.staff("henry"), {"into": new.rsplit("/", 1)[1], "reason": "동일인"}
    asked = refused(desk.post(f"{old}/merge", wish, key="m"), 409, "CONFIRMATION_NEEDED")
    assert asked["confirm"] == ["other_name"]
    merged = desk.post(f"{old}/merge", {**wish, "confirm": asked["confirm"]}, key="m2")
    again = desk.post(f"{old}/merge", {**wish, "confirm": asked["confirm"]}, key="m2")
    assert (merged.json, again.headers["Idempotency-Replayed"]) == (again.json, "true")
    (duplicate,) = desk.get(f"{new}/record").json["duplicates"]
    undo = f"/emr/merges/{duplicate['id']}/undo"
    parted = [desk.post(undo, {"reason": "다른 사람"}, key="p") for _ in range(2)]
    assert [one.status_code for one in parted] == [200, 200], "under one key the undo happens once"
