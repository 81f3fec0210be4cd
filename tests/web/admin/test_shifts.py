"""The plan of staff and the figures of the forecasts: by keyboard, without script, each refusal at its row."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.core import clock
from app.core.db import db
from app.waits import queries
from app.waits import services as waits
from app.waits.plans import Shift
from tests.hospital import Hospital
from tests.pages import csrf_of, send

Browsers = Callable[[str], FlaskClient]
WORKDAY = (Shift(540, 750, 3), Shift(810, 1080, 2))


def page_of(hospital: Hospital) -> str:
    return f"/admin/queues/{hospital.consult}/shifts"


def plan(hospital: Hospital) -> queries.Plan:
    db.session.rollback()
    return queries.plan(hospital.consult)


def rows(key: str, *typed: tuple[str, str, str]) -> dict[str, str]:
    """Return the fields of a day as a browser sends them."""
    return {
        f"{key}r{number}-{part}": text
        for number, row in enumerate(typed)
        for part, text in zip(("begins", "ends", "staff"), row, strict=True)
    }


def week(**days: tuple[tuple[str, str, str], ...]) -> dict[str, str]:
    """Return the fields of a week; days that are not named have one blank row."""
    fields: dict[str, str] = {}
    for day in range(7):
        fields |= rows(f"d{day}", *days.get(f"d{day}", (("", "", ""),)))
    return fields


def save(browser: FlaskClient, hospital: Hospital, where: str = "", **fields: Any) -> TestResponse:
    return send(browser, page_of(hospital), page_of(hospital) + where, **{"version": "0", **fields})


def text_of(answer: TestResponse) -> str:
    return unescape(answer.get_data(as_text=True))


def typed(answer: TestResponse, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', answer.get_data(as_text=True))
    assert found, name
    return found.group(1)


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("anne", 403),
        ("ben", 403),
        ("chris", 200),
        ("flora", 403),
        ("grace", 403),
        ("henry", 403),
        ("iris", 403),
        ("jonas", 403),
        ("eve", 401),
    ],
)
def test_the_administrator_alone_sees_and_changes_the_plan(
    browser_of: Browsers, hospital: Hospital, name: str, status: int
) -> None:
    browser = browser_of(name)
    assert browser.get(page_of(hospital)).status_code == status
    assert browser.get("/admin/waits").status_code == status
    if status == 200:
        return
    token = csrf_of(browser.get("/login"))
    for where in ("", "/dates", "/dates/remove"):
        answer = browser.post(page_of(hospital) + where, data={"csrf_token": token, "version": "0"})
        assert answer.status_code == status
    assert plan(hospital).is_empty


def test_a_week_is_typed_saved_and_shown_again(browser_of: Browsers, hospital: Hospital) -> None:
    chris = browser_of("chris")
    saved = save(
        chris,
        hospital,
        **week(
            d0=(("09:00", "12:30", "3"), ("", "", ""), ("13:30", "18:00", "2")),
            d5=(("22:00", "06:00", "1"),),
            d6=(("00:00", "00:00", "1"),),
        ),
        copies_monday="y",
    )
    assert saved.status_code == 303
    assert plan(hospital).week == (
        *[WORKDAY] * 5,
        (Shift(1320, 1800, 1),),
        (Shift(0, 1440, 1),),
    )
    shown = chris.get(page_of(hospital))
    assert (typed(shown, "d4r1-begins"), typed(shown, "d4r1-ends"), typed(shown, "d4r1-staff")) == (
        "13:30",
        "18:00",
        "2",
    )
    assert (typed(shown, "d5r0-begins"), typed(shown, "d5r0-ends")) == ("22:00", "06:00")
    assert typed(shown, "d6r0-ends") == "00:00"
    assert typed(shown, "version") == "1"
    assert 'name="d0r3-begins" value=""' in text_of(shown)  # a row to go on with


def test_the_picture_says_in_words_how_many_are_at_work(browser_of: Browsers, hospital: Hospital) -> None:
    waits.set_week(hospital.consult, [WORKDAY, *[()] * 6], version=0, by=hospital.cast.chris)
    shown = text_of(browser_of("chris").get(page_of(hospital)))
    assert len(re.findall(r'<svg class="day-bars"[^>]* role="img"', shown)) == 7
    assert "09:00–12:30" in shown
    assert shown.count("<rect") == 2


@pytest.mark.parametrize(
    ("row", "number"),
    [
        (("09:00", "", "3"), 0),
        (("09:00", "12:00", ""), 0),
        (("9 o'clock", "12:00", "1"), 0),
        (("09:00", "12:00", "-1"), 0),
        (("09:00", "12:00", "٣"), 0),
        (("09:00", "12:00", "201"), 0),
        (("09:00", "12:00", "99999999"), 0),
    ],
)
def test_what_cannot_be_read_is_told_at_its_row_and_kept(
    browser_of: Browsers, hospital: Hospital, row: tuple[str, str, str], number: int
) -> None:
    answer = save(browser_of("chris"), hospital, **week(d2=(row, ("13:00", "14:00", "2"))))
    assert answer.status_code == 422
    shown = text_of(answer)
    assert f'id="d2r{number}-error"' in shown
    assert f'href="#d2r{number}"' in shown
    assert f'id="d2r{number}" tabindex="-1"' in shown
    assert typed(answer, "d2r1-begins") == "13:00"
    assert plan(hospital).is_empty


def test_an_overlap_is_told_at_the_row_that_was_typed(browser_of: Browsers, hospital: Hospital) -> None:
    blank = ("", "", "")
    days = week(d3=(blank, ("09:00", "12:00", "1"), blank, ("11:00", "13:00", "1")))
    answer = save(browser_of("chris"), hospital, **days)
    assert answer.status_code == 422
    assert re.findall(r'id="(d\dr\d)-error"', text_of(answer)) == ["d3r3"]


def test_thirteen_rows_are_too_many(browser_of: Browsers, hospital: Hospital) -> None:
    days = week(d1=tuple((f"{hour:02}:00", f"{hour:02}:30", "1") for hour in range(13)))
    answer = save(browser_of("chris"), hospital, **days)
    assert answer.status_code == 422
    assert re.findall(r'id="(d\dr\d+)-error"', text_of(answer)) == ["d1r12"]


def test_who_saves_second_keeps_the_own_rows_and_sees_the_present_ones(
    browser_of: Browsers, hospital: Hospital
) -> None:
    chris = browser_of("chris")
    waits.set_week(hospital.consult, [WORKDAY] * 7, version=0, by=hospital.cast.chris)
    answer = save(chris, hospital, **week(d0=(("08:00", "09:00", "1"),)))
    assert answer.status_code == 409
    assert typed(answer, "d0r0-begins") == "08:00"
    assert "09:00–12:30" in text_of(answer)
    assert typed(answer, "version") == "1"
    assert plan(hospital).week[0] == WORKDAY
    again = save(chris, hospital, **{**week(d0=(("08:00", "09:00", "1"),)), "version": "1"})
    assert again.status_code == 303
    assert plan(hospital).week[0] == (Shift(480, 540, 1),)


def test_a_form_without_its_version_is_refused(browser_of: Browsers, hospital: Hospital) -> None:
    answer = save(browser_of("chris"), hospital, **{**week(), "version": ""})
    assert answer.status_code == 428


def test_a_date_is_planned_closed_and_taken_back(browser_of: Browsers, hospital: Hospital) -> None:
    chris = browser_of("chris")
    day = clock.today() + timedelta(days=3)
    typed_day = {"on_date": day.isoformat(), **rows("x0", ("09:00", "12:00", "1"), ("", "", ""))}
    assert save(chris, hospital, "/dates", **typed_day).status_code == 303
    assert plan(hospital).dates == ((day, (Shift(540, 720, 1),)),)
    closed = {**typed_day, "is_closed": "y", "version": "1"}
    assert save(chris, hospital, "/dates", **closed).status_code == 303
    assert plan(hospital).dates == ((day, (Shift(0, 1440, 0),)),)
    assert day.isoformat() in text_of(chris.get(page_of(hospital)))
    removed = save(chris, hospital, "/dates/remove", on_date=day.isoformat(), version="2")
    assert removed.status_code == 303
    assert plan(hospital).dates == ()


@pytest.mark.parametrize(
    ("on_date", "row", "error"),
    [
        ("", ("09:00", "12:00", "1"), 'id="on_date-error"'),
        ("yesterday", ("09:00", "12:00", "1"), 'id="on_date-error"'),
        ("2020-01-01", ("09:00", "12:00", "1"), 'id="on_date-error"'),
        ("2999-01-01", ("09:00", "12:00", "1"), 'id="on_date-error"'),
        ("soon", ("", "", ""), 'id="x0r0-error"'),
        ("soon", ("09:00", "", ""), 'id="x0r0-error"'),
    ],
)
def test_a_date_that_makes_no_sense_is_told_so(
    browser_of: Browsers, hospital: Hospital, on_date: str, row: tuple[str, str, str], error: str
) -> None:
    waits.set_week(hospital.consult, [WORKDAY] * 7, version=0, by=hospital.cast.chris)
    day = (clock.today() + timedelta(days=3)).isoformat() if on_date == "soon" else on_date
    fields = {"on_date": day, **rows("x0", row), "version": "1"}
    answer = save(browser_of("chris"), hospital, "/dates", **fields)
    assert answer.status_code == 422
    assert error in text_of(answer)
    assert typed(answer, "d0r0-begins") == "09:00"  # the week stands as it is
    assert plan(hospital).dates == ()


def test_removing_something_else_than_a_date_is_refused(browser_of: Browsers, hospital: Hospital) -> None:
    answer = save(browser_of("chris"), hospital, "/dates/remove", on_date="all of them")
    assert answer.status_code == 422


def test_the_page_of_a_queue_leads_to_its_plan_and_an_unknown_one_has_none(
    browser_of: Browsers, hospital: Hospital
) -> None:
    chris = browser_of("chris")
    assert page_of(hospital) in text_of(chris.get(f"/admin/queues/{hospital.consult}"))
    assert chris.get(f"/admin/queues/{hospital.ward}/shifts").status_code == 404


def test_the_figures_of_the_forecasts_stand_beside_the_plan(browser_of: Browsers, hospital: Hospital) -> None:
    chris = browser_of("chris")
    waits.set_week(hospital.lab, [WORKDAY] * 7, version=0, by=hospital.cast.chris)
    shown = text_of(chris.get("/admin/waits"))
    assert shown.count("<tr data-row") == 3
    assert f"/admin/queues/{hospital.consult}/shifts" in shown
    assert '<a href="/admin/waits" aria-current="page">' in shown


def test_both_languages_are_spoken(browser_of: Browsers, hospital: Hospital) -> None:
    chris = browser_of("chris")
    send(chris, "/admin", "/language", language="en", next="/admin")
    shown = text_of(chris.get(page_of(hospital)))
    assert "Monday" in shown
    assert "Staff plan" in shown
