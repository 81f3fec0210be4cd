"""flask waits: figures for people and machines, and learning by hand."""

import json

import pytest
import time_machine
from click.testing import Result
from flask import Flask

from app.core.db import db
from tests.hospital import Hospital
from tests.integration.waits.desk import Desk, at, bucket, spread

ERRORS = [float(error) for error in range(-10, 11)] * 3


@pytest.fixture
def desk(sqlite_app: Flask, hospital: Hospital):
    with time_machine.travel(at("10:00"), tick=False) as traveller:
        ward = Desk(hospital, traveller)
        ward.remembers(*spread(12, ERRORS))
        yield ward


def run(flask: Flask, *words: str) -> Result:
    result: Result = flask.test_cli_runner().invoke(args=["waits", *words])
    db.session.rollback()
    return result


def test_the_report_has_a_line_for_each_queue(sqlite_app: Flask, desk: Desk) -> None:
    told = run(sqlite_app, "report")
    assert told.exit_code == 0, told.output
    consult, lab, ortho = told.output.splitlines()
    assert consult.startswith("consult ")
    assert "narrow" in consult
    assert all(line.endswith("few") and "–" in line for line in (lab, ortho))


def test_a_machine_reads_the_same_figures(sqlite_app: Flask, desk: Desk) -> None:
    found = json.loads(run(sqlite_app, "report", "--days", "2", "--json").output)
    assert found["consult"]["count"] == 63
    assert found["consult"]["coverage"] == pytest.approx(11 / 21)
    assert found["consult"]["bias_minutes"] == pytest.approx(0)
    assert found["lab"]["mae_minutes"] is None
    assert json.loads(run(sqlite_app, "report", "--days", "1", "--json").output)["consult"]["count"] == 0


def test_days_are_bounded(sqlite_app: Flask) -> None:
    assert run(sqlite_app, "report", "--days", "0").exit_code == 2
    assert run(sqlite_app, "report", "--days", "36").exit_code == 2


def test_calibrating_by_hand_may_be_repeated(sqlite_app: Flask, desk: Desk) -> None:
    for _ in range(2):
        done = run(sqlite_app, "calibrate")
        assert done.exit_code == 0, done.output
        assert "1" in done.output
    assert bucket(12) in desk.calibration()
