"""The strip above the ward's and the desk's lists: who sees it, what it says, and what its buttons do."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.alerts import queries as alerted
from app.alerts import services as alerts
from app.alerts.models import Alert
from app.alerts.rules import CHARGE_ID, DESK_ID, Outcome
from app.boards import queries as boards
from app.core import clock
from app.core.db import db
from tests.hospital import Hospital
from tests.pages import csrf_of, send
from tests.web.alerts.scenes import help_called, in_no_line, newest, urgent_left
from tests.web.plain import Plain
from tests.web.scenes import statements

Browser = Callable[[str], FlaskClient]


def ids(page: str) -> set[str]:
    """Return the alerts that a page shows."""
    return set(re.findall(r'id="alert-([0-9a-f-]{36})"', page))


def answer(
    browser: FlaskClient, page: str, alert: Alert, verb: str, post: UUID, **fields: Any
) -> TestResponse:
    return send(
        browser,
        page,
        f"/alerts/{alert.public_id}/{verb}",
        htmx=True,
        post=post,
        version=alert.version,
        **fields,
    )


@pytest.mark.parametrize(
    ("name", "sees_left", "rings_left"),
    [("anne", True, True), ("flora", True, False), ("grace", True, False), ("henry", False, False)],
)
def test_who_sees_and_hears_what_the_ward_is_told(
    browser_of: Browser, hospital: Hospital, name: str, *, sees_left: bool, rings_left: bool
) -> None:
    left = urgent_left(hospital)
    page = browser_of(name).get(f"/ward/{hospital.consult}").get_data(as_text=True)
    assert (str(left.public_id) in ids(page)) is sees_left
    assert (f'data-rings="{left.public_id}"' in page) is rings_left
    topics = re.findall(r'data-topic="alerts:([^"]+)"', page)
    assert topics == {
        "henry": [],
        "flora": [str(hospital.ward), str(CHARGE_ID)],
    }.get(name, [str(hospital.ward)])
    for topic in topics:
        assert f"alerts%3A{topic}" in page  # the socket follows it


def test_another_ward_sees_nothing_of_it(browser_of: Browser, hospital: Hospital) -> None:
    urgent_left(hospital)
    page = browser_of("ben").get(f"/ward/{hospital.elsewhere}").get_data(as_text=True)
    assert ids(page) == set()


def test_the_desk_sees_its_own_and_nobody_elses(browser_of: Browser, hospital: Hospital) -> None:
    urgent_left(hospital)
    call = help_called(hospital)
    page = browser_of("henry").get("/desk").get_data(as_text=True)
    assert ids(page) == {str(call.public_id)}
    assert "로비 키오스크" in page
    assert f"alerts%3A{DESK_ID}" in page


def test_a_strip_names_no_patient(browser_of: Browser, hospital: Hospital) -> None:
    left = urgent_left(hospital, name="한가람")
    strip = boards.alert_strip(hospital.ward, role="nurse")
    assert "한가람" not in repr(strip)
    assert "한*람" not in repr(strip)
    assert strip.alerts[0].number == left.number


def test_the_desk_finds_who_stands_in_no_line_and_helps(browser_of: Browser, hospital: Hospital) -> None:
    visit = in_no_line(hospital)
    henry = Plain(browser_of("henry")).open("/desk")
    assert f'href="/desk/visits/{visit}"' in henry.text
    henry.open(f"/desk/visits/{visit}").press(f"/desk/visits/{visit}/join")
    assert newest().outcome == Outcome.DONE
    assert ids(henry.open("/desk").text) == set()


def test_going_and_done_by_htmx(browser_of: Browser, hospital: Hospital) -> None:
    left, anne, page = urgent_left(hospital), browser_of("anne"), f"/ward/{hospital.consult}"
    going = answer(anne, page, left, "take", hospital.ward)
    text = going.get_data(as_text=True)
    assert "is-taken" in text
    assert "Anne" in text
    assert 'hx-swap-oob="morph"' in text
    assert "data-rings" not in text
    done = answer(anne, page, newest(), "done", hospital.ward)
    assert ids(done.get_data(as_text=True)) == set()
    assert newest().outcome == Outcome.DONE


def test_who_comes_second_is_told_who_has_it(browser_of: Browser, hospital: Hospital) -> None:
    left, page = urgent_left(hospital), f"/ward/{hospital.consult}"
    alerts.take(left.public_id, version=1, by=hospital.cast.anne)
    second = answer(browser_of("flora"), page, left, "take", hospital.ward)
    assert second.status_code == 409
    text = second.get_data(as_text=True)
    assert "toast-danger" in text
    assert text.count("Anne") >= 2  # in the sentence and in the strip as it is now


@pytest.mark.parametrize(
    ("name", "statuses"),
    [
        ("anne", {"take": 200, "snooze": 409, "dismiss": 200}),
        ("flora", {"take": 200, "snooze": 409, "dismiss": 200}),
        ("grace", {"take": 200, "snooze": 409, "dismiss": 200}),
        ("ben", dict.fromkeys(("take", "snooze", "dismiss"), 404)),
        ("henry", dict.fromkeys(("take", "snooze", "dismiss"), 404)),
        ("chris", dict.fromkeys(("take", "snooze", "dismiss"), 403)),
        ("iris", dict.fromkeys(("take", "snooze", "dismiss"), 403)),
        ("jonas", dict.fromkeys(("take", "snooze", "dismiss"), 403)),
        ("eve", dict.fromkeys(("take", "snooze", "dismiss"), 401)),
    ],
)
def test_who_may_answer(browser_of: Browser, hospital: Hospital, name: str, statuses: dict[str, int]) -> None:
    left, browser = urgent_left(hospital), browser_of(name)
    token = csrf_of(browser.get("/login"))
    fields = {"post": hospital.ward, "minutes": 5, "reason": "다 보았음", "csrf_token": token}
    got = {}
    for verb in statuses:
        sent = browser.post(
            f"/alerts/{left.public_id}/{verb}",
            data={**fields, "version": newest().version},
            headers={"HX-Request": "true"},
        )
        got[verb] = sent.status_code
    assert got == statuses


def test_without_script_the_page_says_the_same(browser_of: Browser, hospital: Hospital) -> None:
    left = urgent_left(hospital)
    anne = Plain(browser_of("anne")).open(f"/ward/{hospital.consult}")
    anne.press(f"/alerts/{left.public_id}/take")
    assert anne.path == f"/ward/{hospital.consult}"
    assert "is-taken" in anne.text
    flora = Plain(browser_of("flora")).open(f"/ward/{hospital.consult}")
    flora.press(f"/alerts/{left.public_id}/done")
    assert ids(flora.text) == set()
    anne.press(f"/alerts/{left.public_id}/done")  # her page is older than Flora's word
    assert "toast-danger" in anne.text


def test_an_answer_leads_nowhere_else(browser_of: Browser, hospital: Hospital) -> None:
    left, anne = urgent_left(hospital), browser_of("anne")
    for where in ("https://evil.example/ward", "//evil.example", "/admin/users", "/ward/../../x", ""):
        sent = send(
            anne,
            f"/ward/{hospital.consult}",
            f"/alerts/{left.public_id}/snooze",
            next=where,
            minutes=5,
            version=99,
        )
        assert sent.headers["Location"] == "/"


def test_what_is_put_off_is_offered_no_longer_than_fifteen_minutes(
    browser_of: Browser, hospital: Hospital
) -> None:
    left, anne, page = urgent_left(hospital), browser_of("anne"), f"/ward/{hospital.consult}"
    later = answer(anne, page, left, "snooze", hospital.ward, minutes=10)
    text = later.get_data(as_text=True)
    assert "is-snoozed" in text
    assert re.findall(r'name="minutes" value="(\d+)"', text) == ["5"]
    for wrong in ("20", "-5", "x", ""):
        refused = answer(anne, page, newest(), "snooze", hospital.ward, minutes=wrong)
        assert refused.status_code == 422


def test_what_the_desk_leaves_is_shown_to_a_charge_nurse(browser_of: Browser, hospital: Hospital) -> None:
    begin = clock.utcnow() - timedelta(minutes=6)
    with time_machine.travel(begin):
        call = help_called(hospital)
    alerts.tend()
    page = browser_of("flora").get(f"/ward/{hospital.consult}").get_data(as_text=True)
    assert ids(page) == {str(call.public_id)}
    assert "is-escalated" in page
    assert f'data-rings="{call.public_id}"' in page
    assert ids(browser_of("anne").get(f"/ward/{hospital.consult}").get_data(as_text=True)) == set()
    taken = answer(browser_of("flora"), f"/ward/{hospital.consult}", call, "take", CHARGE_ID)
    assert taken.status_code == 200


@pytest.mark.parametrize("many", [0, 1, 6])
def test_a_strip_costs_one_statement_however_much_it_shows(web: Flask, hospital: Hospital, many: int) -> None:
    for _ in range(many):
        urgent_left(hospital)
    with web.app_context(), statements() as seen:
        strips = boards.alert_strips(hospital.ward, by=hospital.cast.anne)
    assert len(strips[0].alerts) == many
    assert len(seen) == 1, seen


def test_who_stands_in_no_line_costs_one_more(web: Flask, hospital: Hospital) -> None:
    visits = {in_no_line(hospital) for _ in range(3)}
    with web.app_context(), statements() as seen:
        (strip,) = boards.alert_strips(None, by=hospital.cast.henry)
    assert {one.id for one in strip.alerts[0].visits} == visits
    assert len(seen) == 2, seen
    db.session.remove()


def test_a_kiosk_that_asks_and_a_months_report_cost_one_statement_each(
    web: Flask, hospital: Hospital
) -> None:
    call = help_called(hospital)
    for _ in range(3):
        urgent_left(hospital)
    with web.app_context(), statements() as asked:
        assert alerted.help_state(call.public_id) == "open"
    with web.app_context(), statements() as counted:
        rows = alerted.report()
    assert (len(asked), len(counted)) == (1, 1), (asked, counted)
    assert [row.measured.raised for row in rows] == [1, 3]
    db.session.remove()
