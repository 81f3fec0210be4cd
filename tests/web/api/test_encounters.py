"""A visit's notes over the API: one version for both texts, and each profession's own."""

import pytest
from flask import Flask

from tests.hospital import Hospital
from tests.web.api.partner import Partners, records

TABLES = ("encounter_note", "record_version")


def test_notes_carry_one_version_as_an_etag(app: Flask, hospital: Hospital) -> None:
    partners = Partners(app, hospital)
    path = f"/emr/encounters/{hospital.waiting('consult')}"
    nurse, doctor = partners.staff("anne"), partners.staff("grace")
    empty = nurse.get(path)
    assert (empty.status_code, empty.headers["ETag"], empty.json["nursing"]["text"]) == (200, 'W/"0"', "")
    assert nurse.patch(path, {"version": 0, "nursing": "체온 36.5"}).headers["ETag"] == 'W/"1"'
    noted = doctor.patch(path, {"medical": "혈압 양호"}, If_Match='W/"1"')
    assert (noted.status_code, noted.headers["ETag"]) == (200, 'W/"2"')
    assert (noted.json["medical"]["text"], noted.json["nursing"]["text"]) == ("혈압 양호", "체온 36.5")


def test_stale_is_409_by_version_412_by_etag_and_neither_is_428(
    partners: Partners, hospital: Hospital
) -> None:
    nurse, path = partners.staff("anne"), f"/emr/encounters/{hospital.waiting('consult')}"
    assert nurse.patch(path, {"version": 0, "nursing": "하나"}).status_code == 200
    before = records(TABLES)
    for body, headers, status in (
        ({"version": 0, "nursing": "둘"}, {}, 409),
        ({"nursing": "둘"}, {"If_Match": 'W/"0"'}, 412),
        ({"nursing": "둘"}, {}, 428),
        ({"nursing": "둘"}, {"If_Match": "*"}, 428),
        ({"version": 1, "nursing": " "}, {}, 422),
        ({"version": 1, "nursing": "x" * 16_001}, {}, 422),
        ({"version": 1, "medical": "간호사가 쓴 진료 기록"}, {}, 403),
    ):
        assert nurse.patch(path, body, **headers).status_code == status, body
    assert records(TABLES) == before


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("anne", 200),
        ("ben", 404),
        ("chris", 403),
        ("flora", 200),
        ("grace", 200),
        ("henry", 403),
        ("iris", 403),
        ("jonas", 403),
        ("eve", 401),
    ],
)
def test_who_reads_notes(partners: Partners, hospital: Hospital, name: str, status: int) -> None:
    path = f"/emr/encounters/{hospital.waiting('consult')}"
    assert partners.staff(name).get(path).status_code == status
