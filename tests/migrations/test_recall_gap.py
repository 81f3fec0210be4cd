"""The gap between two calls begins as what the clock has done until now: a call is repeated when it is over."""

import pytest
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import text

from app.core.db import db
from tests.migrations.test_migrations import DATABASES

QUEUE = """INSERT INTO queue (id, public_id, site, unit, service_id, code, name_ko, name_en, place, is_open, seq)
VALUES (:id, :public_id, 'main', :public_id, 1, :code, :code, :code, 'p', 1, 0)"""
SERVICE = """INSERT INTO service (id, public_id, version, code, name_ko, name_en, preparation_ko, preparation_en,
after_care_ko, after_care_en, duration_seconds, is_any_order, follows)
VALUES (1, :public_id, 1, 's', 's', 's', '', '', '', '', 600, 0, '[]')"""
NUMBERS = {
    "queue_id": 0,
    "version": 1,
    "call_expiry_seconds": 0,
    "recall_gap_seconds": 15,
    "calls_ahead": 1,
    "max_calls": 3,
    "max_overtaken": 5,
    "shows_masked_name": 0,
    "takes_walk_ins": 1,
    "recalls_by_itself": 1,
    "keeps_credit": 1,
    "is_overnight": 0,
    "early_tolerance_seconds": 0,
    "check_in_before_seconds": 0,
    "check_in_after_seconds": 0,
    "least_service_seconds": 0,
    "head_start_seconds": 0,
    "grace_seconds": 0,
    "ageing_seconds": 60,
    "re_entry_places": 1,
    "max_re_entries": 1,
    "max_own_holds": 1,
    "own_hold_seconds": 60,
}
POLICY = (
    f"INSERT INTO queue_policy (merge_rule, {', '.join(NUMBERS)})"  # noqa: S608 - names of this file
    f" VALUES ('slot', {', '.join(f':{name}' for name in NUMBERS)})"
)


@pytest.mark.parametrize("empty", DATABASES, indirect=True)
def test_nobody_is_missed_sooner_after_an_upgrade(empty: Flask) -> None:
    upgrade(revision="0006")
    expiries = {1: 180, 2: 300, 3: 0}
    with db.engine.begin() as connection:
        connection.execute(text(SERVICE), {"public_id": f"{0:032x}"})
        for queue_id, expiry in expiries.items():
            row = {"id": queue_id, "public_id": f"{queue_id:032x}", "code": f"q{queue_id}"}
            connection.execute(text(QUEUE), row)
            rules = {**NUMBERS, "queue_id": queue_id, "call_expiry_seconds": expiry}
            connection.execute(text(POLICY), rules)
    upgrade()
    with db.engine.connect() as connection:
        found = connection.execute(text("SELECT queue_id, recall_gap_seconds FROM queue_policy")).all()
    assert {row.queue_id: row.recall_gap_seconds for row in found} == {1: 180, 2: 300, 3: 1}
