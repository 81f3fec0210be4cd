"""For the person at the desk: out of the line and back, called off, gone home; who ended early since yesterday."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from flask.testing import FlaskClient

from app.boards import queries as boards
from app.core import clock
from app.core.db import db
from app.journey import services as journey
from app.queues import services as queues
from tests.hospital import ALL_DAY, SITE, Hospital
from tests.pages import send
from tests.web.scenes import entry_of, missed

Browsers = Callable[[str], FlaskClient]


def card_of(hospital: Hospital, visit: UUID) -> boards.VisitCard:
    db.session.rollback()
    return boards.visit_card(visit, by=hospital.cast.henry)


def of(visit: UUID) -> dict[str, Any]:
    """Return what a form about the open entry carries."""
    entry = entry_of(visit)
    return {"entry": entry.public_id, "entry_version": entry.version}


def test_the_desk_keeps_a_place_and_gives_it_back(browser_of: Browsers, hospital: Hospital) -> None:
    desk, visit = browser_of("henry"), hospital.waiting("consult")
    page = f"/desk/visits/{visit}"
    assert f"{page}/hold" in desk.get(page).get_data(as_text=True)
    assert send(desk, page, f"{page}/hold", reason="화장실", minutes="30", **of(visit)).status_code == 303
    entry = entry_of(visit)
    assert (entry.status, entry.own_holds) == ("HELD", 0)  # the patient's own moment is not used up
    text = desk.get(page).get_data(as_text=True)
    assert 'data-status="HELD"' in text
    send(desk, page, f"{page}/resume", **of(visit))
    assert entry_of(visit).status == "WAITING"


@pytest.mark.parametrize("minutes", ["", "0", "241", "soon"])
def test_a_time_that_cannot_be_is_refused(browser_of: Browsers, hospital: Hospital, minutes: str) -> None:
    desk, visit = browser_of("henry"), hospital.waiting("consult")
    page = f"/desk/visits/{visit}"
    refused = send(desk, page, f"{page}/hold", htmx=True, reason="화장실", minutes=minutes, **of(visit))
    assert refused.status_code == 422
    assert entry_of(visit).status == "WAITING"


def test_the_desk_puts_back_in_line_who_may_no_more_by_phone(
    browser_of: Browsers, hospital: Hospital
) -> None:
    desk, visit = browser_of("henry"), hospital.waiting("consult")
    missed(hospital, visit, times=3)
    page = f"/desk/visits/{visit}"
    assert f"{page}/re-enter" in desk.get(page).get_data(as_text=True)
    send(desk, page, f"{page}/re-enter", **of(visit))
    assert entry_of(visit).status == "WAITING"


def test_the_desk_cancels_with_a_reason_and_notes_who_has_gone(
    browser_of: Browsers, hospital: Hospital
) -> None:
    desk = browser_of("henry")
    first, second = hospital.waiting("consult"), hospital.waiting("consult")
    page = f"/desk/visits/{first}"
    version = card_of(hospital, first).visit.version
    silent = send(desk, page, f"{page}/cancel", htmx=True, version=version)
    assert (silent.status_code, card_of(hospital, first).visit.state) == (422, "WAITING")
    send(desk, page, f"{page}/cancel", version=version, reason="보호자 요청")
    assert card_of(hospital, first).visit.disposition == "cancelled_by_staff"
    page = f"/desk/visits/{second}"
    send(desk, page, f"{page}/leave", version=card_of(hospital, second).visit.version)
    assert card_of(hospital, second).visit.disposition == "lwbs"
    text = desk.get("/desk/ended").get_data(as_text=True)
    assert text.count("<tr id=") == 2


@pytest.mark.parametrize("name", ["anne", "ben", "chris", "flora", "grace", "iris", "jonas", "eve"])
def test_nobody_else_does_it_at_the_desk(browser_of: Browsers, hospital: Hospital, name: str) -> None:
    visit = hospital.waiting("consult")
    browser = browser_of(name)
    assert browser.get("/desk/ended").status_code in {401, 403}
    for verb in ("hold", "resume", "re-enter", "cancel", "leave"):
        assert send(
            browser, "/login", f"/desk/visits/{visit}/{verb}", version=1, reason="x", minutes="5", **of(visit)
        ).status_code in {401, 403}
    assert entry_of(visit).status == "WAITING"


def test_where_several_lines_fit_the_desk_names_one(browser_of: Browsers, hospital: Hospital) -> None:
    second = queues.open_queue(
        "lab-2",
        service="lab",
        site=SITE,
        unit=hospital.ward,
        name_ko="2채혈실",
        name_en="Blood test 2",
        place="2f-demo-3",
        rules=ALL_DAY,
        by=hospital.cast.chris,
    )
    queues.add_room(second, name_ko="2채혈실", name_en="Lab 2", place="2f-demo-3", by=hospital.cast.chris)
    visit = hospital.waiting("lab")
    desk, page = browser_of("henry"), f"/desk/visits/{visit}"
    if card_of(hospital, visit).visit.state == "REGISTERED":
        text = desk.get(page).get_data(as_text=True)
        assert text.count('name="queue"') == 2
        send(desk, page, f"{page}/join", queue=second)
        assert card_of(hospital, visit).visit.entry is not None
    assert card_of(hospital, visit).visit.state == "WAITING"


def test_a_queue_that_serves_something_else_is_refused(browser_of: Browsers, hospital: Hospital) -> None:
    queues.set_queue_open(hospital.lab, is_open=False, by=hospital.cast.chris)
    visit = hospital.waiting("lab")
    desk, page = browser_of("henry"), f"/desk/visits/{visit}"
    assert send(desk, page, f"{page}/join", htmx=True, queue=hospital.consult).status_code == 409
    assert card_of(hospital, visit).visit.state == "REGISTERED"


def test_somebody_who_waits_is_found_by_number(browser_of: Browsers, hospital: Hospital) -> None:
    desk, visit = browser_of("henry"), hospital.waiting("consult", name="김대기")
    number = card_of(hospital, visit).visit.day_number
    assert "김대기" not in desk.get("/desk").get_data(as_text=True)
    assert "김대기" in send(desk, "/desk", "/desk/search", search=str(number)).get_data(as_text=True)


def test_what_the_day_closed_stands_in_the_morning_list(browser_of: Browsers, hospital: Hospital) -> None:
    came, never = hospital.waiting("consult", name="김남은"), hospital.expect("consult", name="박안온")
    today = clock.today()
    with time_machine.travel(clock.utcnow() + timedelta(days=1), tick=True):
        assert set(journey.close_day(today)) >= {came, never}
        db.session.remove()
        listed = boards.ended_visits(by=hospital.cast.henry)
        found = {one.row.name: (one.how.value, one.stood.value, one.is_by_day_close) for one in listed.rows}
        assert found["김남은"] == ("admin_close", "WAITING", True)
        assert found["박안온"] == ("no_show_visit", "UNREGISTERED", True)
        assert set(listed.discloses) == {one.row.patient_id for one in listed.rows}
        text = browser_of("henry").get("/desk/ended").get_data(as_text=True)
        assert "김남은" in text
