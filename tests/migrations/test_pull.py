"""A patient without a phone stays one through an upgrade, and is nobody's four digits after a way back."""

import pytest
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import text

from app.core.db import db
from tests.migrations.test_migrations import DATABASES

PATIENT = """INSERT INTO patient (id, public_id, seq, version, mrn, name, birth_date, phone_last4, sees_desk_first,
is_demo_reserved, is_active, created_at)
VALUES (:id, :public_id, 0, 1, :mrn, 'x', '1980-02-03', :last4, 0, 0, 1, '2026-11-21 00:00:00')"""
FOUND = text("SELECT mrn, phone_last4 FROM patient ORDER BY id")


@pytest.mark.parametrize("empty", DATABASES, indirect=True)
def test_a_patient_without_a_phone_survives_both_ways(empty: Flask) -> None:
    upgrade(revision="0009")
    with db.engine.begin() as connection:
        connection.execute(text(PATIENT), {"id": 1, "public_id": f"{1:032x}", "mrn": "1", "last4": "5678"})
    upgrade(revision="0010")
    with db.engine.begin() as connection:
        connection.execute(text(PATIENT), {"id": 2, "public_id": f"{2:032x}", "mrn": "2", "last4": None})
        assert connection.execute(FOUND).all() == [("1", "5678"), ("2", None)]
    downgrade(revision="0009")
    with db.engine.connect() as connection:
        assert connection.execute(FOUND).all() == [("1", "5678"), ("2", "0000")]
    upgrade()
