"""Patients from before records had versions are found by their initials, and forms that they opened have a base."""

import json

import pytest
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import text

from app.core.db import db
from app.emr.rules import initials_of
from tests.migrations.test_migrations import DATABASES

NAMES = ("김철수", "남궁 빛나", "John Smith")
PATIENT = """INSERT INTO patient (id, public_id, version, seq, mrn, name, birth_date, phone_last4, gender, is_active,
sees_desk_first, is_demo_reserved, created_at)
VALUES (:id, :public_id, 7, 0, :mrn, :name, '1953-04-12', '1234', NULL, 1, 0, 0, '2026-03-02 00:00:00')"""


@pytest.mark.parametrize("empty", DATABASES, indirect=True)
def test_patients_from_before_have_initials_and_a_base(empty: Flask) -> None:
    upgrade(revision="0011")
    with db.engine.begin() as connection:
        for number, name in enumerate(NAMES, start=1):
            row = {"id": number, "public_id": f"{number:032x}", "mrn": f"H{number}", "name": name}
            connection.execute(text(PATIENT), row)
    upgrade(revision="0012")
    with db.engine.connect() as connection:
        initials = connection.execute(text("SELECT name, name_initials FROM patient")).all()
        versions = connection.execute(
            text("SELECT kind, version, fields FROM record_version ORDER BY id")
        ).all()
    assert {row.name: row.name_initials for row in initials} == {name: initials_of(name) for name in NAMES}
    assert {(row.kind, row.version) for row in versions} == {("patient", 7)}
    assert [json.loads(row.fields)["name"] for row in versions] == [*NAMES]
    assert json.loads(versions[0].fields) == {
        "name": "김철수",
        "birth_date": "1953-04-12",
        "gender": "",
        "phone": "****-1234",
    }
