"""flask alerts report, and the same figures on a page: kinds and units, no names."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from app.alerts import services as alerts
from app.alerts.models import Alert
from app.core import clock
from app.core.db import db
from tests.hospital import Hospital
from tests.web.alerts.scenes import help_called, urgent_left

NOVEMBER = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
BROWSERS = Callable[[str], FlaskClient]


@pytest.fixture
def month(web: Flask, hospital: Hospital) -> str:
    """Let four alerts be answered in November, and one in December; return November."""
    anne, henry = hospital.cast.anne, hospital.cast.henry
    with web.app_context(), time_machine.travel(NOVEMBER, tick=False) as time:
        for minutes in (2, 4):
            left = urgent_left(hospital)
            time.shift(timedelta(minutes=minutes))
            alerts.finish(left.public_id, version=1, by=anne)
        left = urgent_left(hospital)
        alerts.dismiss(left.public_id, version=1, reason="검사실에 있음", by=anne)
        help_called(hospital)
        time.shift(timedelta(minutes=6))
        alerts.tend()
        time.shift(timedelta(minutes=30))
        alerts.tend()
        time.move_to(datetime(2026, 12, 1, 3, 0, tzinfo=UTC))
        call = help_called(hospital)
        alerts.finish(call.public_id, version=1, by=henry)
    return "2026-11"


def report(web: Flask, *words: str) -> list[str]:
    """Return the lines that the command says."""
    answer = web.test_cli_runner().invoke(args=["alerts", "report", *words])
    assert answer.exit_code == 0, answer.output
    return [re.sub(r" +", " ", line) for line in answer.output.splitlines() if "  " in line]


def test_a_month_is_told_by_kind_and_unit(web: Flask, month: str) -> None:
    lines = report(web, "--month", month)
    assert lines == [
        "kiosk-help desk raised 1 acted 0% take – min escalated 1 noise",
        "urgent-left ward raised 3 acted 67% take 3.0 min escalated 0 good",
    ]
    assert report(web, "--month", "2026-12") == [
        "kiosk-help desk raised 1 acted 100% take 0.0 min escalated 0 good"
    ]


def test_a_month_begins_with_the_hospitals_day_and_not_at_midnight_in_greenwich(
    web: Flask, hospital: Hospital
) -> None:
    with web.app_context():
        begin, _ = clock.day_bounds(datetime(2026, 12, 1, tzinfo=UTC).date())
        with time_machine.travel(begin - timedelta(seconds=1), tick=False):
            help_called(hospital)
        assert len(report(web, "--month", "2026-11")) == 1
        assert report(web, "--month", "2026-12") == []


@pytest.mark.parametrize("wrong", ["2026-13", "november", "2026-11-20", "2026"])
def test_what_is_no_month_is_refused_in_one_sentence(web: Flask, wrong: str) -> None:
    answer = web.test_cli_runner().invoke(args=["alerts", "report", "--month", wrong])
    assert answer.exit_code == 1
    assert "Traceback" not in answer.output


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("anne", 403),
        ("ben", 403),
        ("chris", 200),
        ("flora", 200),
        ("grace", 200),
        ("henry", 403),
        ("iris", 403),
        ("jonas", 200),
        ("eve", 401),
    ],
)
def test_the_page_is_for_those_who_read_figures(
    browser_of: BROWSERS, month: str, name: str, status: int
) -> None:
    answer = browser_of(name).get(f"/admin/alerts?month={month}")
    assert answer.status_code == status
    if status == 200:
        page = answer.get_data(as_text=True)
        assert "67%" in page
        assert "chip-late" in page  # the kiosk's: nobody acted on it
        assert "검사실에 있음" not in page  # a reason may say more than a figure
        assert ("/admin/users" in page) is (name == "chris")


def test_a_month_that_is_none_is_refused_on_the_page_too(browser_of: BROWSERS) -> None:
    assert browser_of("chris").get("/admin/alerts?month=x").status_code == 422
    assert browser_of("chris").get("/admin/alerts?month=2031-01").status_code == 200


def test_the_figures_name_nobody(web: Flask, month: str) -> None:
    with web.app_context():
        staff = db.session.execute(db.select(Alert.taken_by).where(Alert.taken_by.is_not(None))).scalars()
        ids = {str(one) for one in staff}
        db.session.remove()
    assert ids
    assert not [one for one in ids for line in report(web, "--month", month) if one in line]
