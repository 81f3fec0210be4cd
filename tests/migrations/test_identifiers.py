"""Numbers from before hold after an upgrade; on the way back those that ended go, and issuers are spelt in ASCII."""

import pytest
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import text

from app.core.db import db
from tests.migrations.test_migrations import DATABASES
from tests.migrations.test_pull import PATIENT

BEFORE = """INSERT INTO patient_identifier (id, public_id, patient_id, system, value, created_at)
VALUES (1, :public_id, 1, 'urn:oid:1.2.3', 'A', '2026-11-21 00:00:00')"""
AFTER = """INSERT INTO patient_identifier
(id, public_id, patient_id, kind, system, value, version, open_slot, created_at, ended_at)
VALUES (:id, :public_id, 1, 'hospital', '한빛병원', 'B', 1, :slot, '2026-11-21 00:00:00', :ended)"""


@pytest.mark.parametrize("empty", DATABASES, indirect=True)
def test_numbers_walk_both_ways(empty: Flask) -> None:
    upgrade(revision="0012")
    with db.engine.begin() as connection:
        connection.execute(text(PATIENT), {"id": 1, "public_id": f"{1:032x}", "mrn": "1", "last4": "5678"})
        connection.execute(text(BEFORE), {"public_id": f"{1:032x}"})
    upgrade(revision="0013")
    with db.engine.begin() as connection:
        row = connection.execute(text("SELECT kind, version, open_slot FROM patient_identifier")).one()
        assert tuple(row) == ("other", 1, 1)
        for number, slot, ended in ((2, None, "2026-11-21 01:00:00"), (3, 1, None)):
            values = {"id": number, "public_id": f"{number:032x}", "slot": slot, "ended": ended}
            connection.execute(text(AFTER), values)
    downgrade(revision="0012")
    with db.engine.connect() as connection:
        found = connection.execute(text("SELECT id, system FROM patient_identifier ORDER BY id")).all()
    assert [tuple(row) for row in found] == [
        (1, "urn:oid:1.2.3"),
        (3, "%ED%95%9C%EB%B9%9B%EB%B3%91%EC%9B%90"),
    ]
    upgrade()
