"""A patient's own data: two who change it at once, ETags, and what must not be stored."""

from uuid import UUID

import pytest
from flask import Flask

from app.boards import queries as boards
from tests.hospital import Hospital
from tests.web.api.partner import Partners, records


def _path(visit: UUID) -> str:
    return f"/emr/patients/{boards.my_visit(visit, by=None).patient_id}"


def test_the_record_carries_its_version_as_an_etag(partners: Partners, hospital: Hospital) -> None:
    answer = partners.staff("henry").get(_path(hospital.expect("consult", name="김철수")))
    assert (answer.status_code, answer.headers["ETag"]) == (200, 'W/"1"')
    assert answer.json.keys() == {"id", "version", "mrn", "name", "birth_date", "phone_last4", "gender"}


def test_only_what_is_given_changes(app: Flask, hospital: Hospital) -> None:
    desk, path = Partners(app, hospital).staff("henry"), _path(hospital.expect("consult", name="김철수"))
    old = desk.get(path).json
    new = desk.patch(path, {"version": 1, "name": "  김  철민 "})
    assert (new.status_code, new.headers["ETag"]) == (200, 'W/"2"')
    assert new.json == {**old, "version": 2, "name": "김 철민"}
    renamed = desk.patch(path, {"phone": "010-9999-1212", "birth_date": "1960-01-31"}, If_Match='W/"2"')
    assert renamed.json == {**new.json, "version": 3, "phone_last4": "1212", "birth_date": "1960-01-31"}


def test_stale_is_409_by_version_412_by_etag_and_neither_is_428(
    partners: Partners, hospital: Hospital
) -> None:
    desk, path = partners.staff("henry"), _path(hospital.expect("consult"))
    assert desk.patch(path, {"version": 1, "name": "김 하나"}).status_code == 200
    before = records()
    stale = desk.patch(path, {"version": 1, "name": "김 둘"})
    assert (stale.status_code, stale.json["title"]) == (409, "STALE_VERSION")
    assert stale.json["error"]["details"] == {"version": 2, "seen": 1}
    for tag in ('W/"1"', '"1"', '"nonsense"'):
        assert desk.patch(path, {"name": "김 셋"}, If_Match=tag).status_code == 412
    assert desk.patch(path, {"version": 2, "name": "김 셋"}, If_Match='W/"1"').status_code == 412
    assert desk.patch(path, {"version": 1, "name": "김 셋"}, If_Match='W/"2"').status_code == 409
    assert desk.patch(path, {"name": "김 넷"}).status_code == 428
    assert desk.patch(path, {"name": "김 넷"}, If_Match="*").status_code == 428
    assert records() == before


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " "},
        {"name": "x" * 101},
        {"name": 7},
        {"birth_date": "2999-01-01"},
        {"birth_date": "13.4.1953"},
        {"phone": "call me"},
    ],
)
def test_what_makes_no_sense_is_named(wrong: dict[str, object], app: Flask, hospital: Hospital) -> None:
    desk, path = Partners(app, hospital).staff("henry"), _path(hospital.expect("consult"))
    before = records()
    answer = desk.patch(path, {"version": 1, **wrong})
    assert (answer.status_code, answer.json["title"]) == (422, "INVALID")
    details = answer.json["error"]["details"]
    assert next(iter(wrong)) in {details.get("field"), *details.get("fields", {})}
    assert records() == before
