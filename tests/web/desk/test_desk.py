"""The desk's day: find, note the arrival, register, hand over the slip; enter and mend people."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.boards import queries as boards
from app.core import clock
from app.core.audit import AuditRow
from app.core.db import db
from app.emr import services as emr
from app.emr.models import Patient
from app.journey import services as journey
from app.journey.models import Visit
from tests.hospital import Hospital
from tests.pages import send

Browsers = Callable[[str], FlaskClient]
DESK = "henry"


def rows(model: type) -> int:
    db.session.rollback()
    return int(db.session.execute(select(func.count()).select_from(model)).scalar_one())


def card_of(hospital: Hospital, visit: UUID) -> boards.VisitCard:
    db.session.rollback()
    return boards.visit_card(visit, by=hospital.cast.henry)


def newcomer(**changed: str) -> dict[str, Any]:
    return {
        "name": "홍길동",
        "birth_date": "19610307",
        "phone": "010-7777-4321",
        "first": "consult",
        "second": "lab",
        "third": "",
        "at": "",
        **changed,
    }


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("anne", 403),
        ("ben", 403),
        ("chris", 403),
        ("flora", 403),
        ("grace", 403),
        ("henry", 200),
        ("iris", 403),
        ("jonas", 403),
        ("eve", 401),
    ],
)
def test_only_the_desk_opens_the_desk(
    browser_of: Browsers, hospital: Hospital, name: str, status: int
) -> None:
    visit = hospital.expect("consult")
    patient = card_of(hospital, visit).row.patient_id
    browser = browser_of(name)
    for page in ("/desk", "/desk/patients/new", f"/desk/visits/{visit}", f"/desk/patients/{patient}"):
        assert browser.get(page).status_code == status, page


@pytest.mark.parametrize(("name", "status"), [("anne", 403), ("chris", 403), ("iris", 403), ("eve", 401)])
def test_nobody_else_notes_an_arrival(
    browser_of: Browsers, hospital: Hospital, name: str, status: int
) -> None:
    visit = hospital.expect("consult")
    answer = send(browser_of(name), "/login", f"/desk/visits/{visit}/arrive", version=1)
    assert answer.status_code == status
    assert card_of(hospital, visit).visit.state == "UNREGISTERED"


def test_the_list_shows_who_is_expected_and_is_audited_once(browser_of: Browsers, hospital: Hospital) -> None:
    hospital.expect("consult", "lab", name="박하나")
    desk = browser_of(DESK)
    before = rows(AuditRow)
    page = desk.get("/desk").get_data(as_text=True)
    assert "박하나" in page
    assert "내과 진료 → 채혈" in page or "Consultation → Blood test" in page
    assert rows(AuditRow) == before + 1


def test_a_patient_arrives_registers_and_gets_a_slip(browser_of: Browsers, hospital: Hospital) -> None:
    visit = hospital.expect("consult")
    desk, page = browser_of(DESK), f"/desk/visits/{visit}"
    assert send(desk, page, f"{page}/arrive", version=1).headers["Location"] == page
    number = card_of(hospital, visit).visit.day_number
    assert number
    assert "data-undo" in desk.get(page).get_data(as_text=True)
    answer = send(desk, page, f"{page}/register", htmx=True, version=2)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, page)
    assert card_of(hospital, visit).visit.state == "WAITING"
    slip = send(desk, page, f"{page}/slip").get_data(as_text=True)
    assert f'<p class="slip-number">{number}</p>' in slip
    assert "qr-code" in slip


def test_the_desk_takes_a_registration_back(browser_of: Browsers, hospital: Hospital) -> None:
    visit = hospital.expect("consult")
    desk, page = browser_of(DESK), f"/desk/visits/{visit}"
    send(desk, page, f"{page}/arrive", version=1)
    send(desk, page, f"{page}/register", version=2)
    send(desk, page, f"{page}/undo", version=3)
    assert card_of(hospital, visit).visit.state == "ARRIVED"


def test_a_page_from_before_is_refused_in_words(browser_of: Browsers, hospital: Hospital) -> None:
    visit = hospital.expect("consult")
    journey.arrive(visit, by=hospital.cast.henry)
    desk, page = browser_of(DESK), f"/desk/visits/{visit}"
    answer = send(desk, page, f"{page}/register", htmx=True, version=1)
    assert answer.status_code == 409
    assert answer.headers["HX-Retarget"] == "#conflict"
    assert card_of(hospital, visit).visit.state == "ARRIVED"


def test_a_search_is_posted_and_finds_today_and_everybody(browser_of: Browsers, hospital: Hospital) -> None:
    hospital.expect("consult", name="문찾음")
    emr.enter_patient(
        name="문어제",
        birth_date=clock.today() - timedelta(days=9000),
        phone="010-1212-3434",
        by=hospital.cast.henry,
    )
    page = send(browser_of(DESK), "/desk", "/desk/search", search="문").get_data(as_text=True)
    assert page.count("문찾음") == 2
    assert "문어제" in page
    nobody = send(browser_of(DESK), "/desk", "/desk/search", search="없는이름").get_data(as_text=True)
    assert "user-x" in nobody


def test_a_new_patient_is_entered_and_expected_in_one_step(browser_of: Browsers, hospital: Hospital) -> None:
    desk = browser_of(DESK)
    answer = send(desk, "/desk/patients/new", "/desk/patients", key="k1", **newcomer())
    again = send(desk, "/desk/patients/new", "/desk/patients", key="k1", **newcomer())
    assert answer.status_code == again.status_code == 303
    assert answer.headers["Location"] == again.headers["Location"]
    assert "홍길동" in desk.get(answer.headers["Location"]).get_data(as_text=True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"birth_date": "19991332"},
        {"birth_date": "2999-01-01"},
        {"phone": "12"},
        {"first": ""},
        {"first": "no-such-service"},
        {"at": "25:00"},
    ],
)
def test_bad_input_is_told_at_its_field_and_writes_nothing(
    browser_of: Browsers, hospital: Hospital, wrong: dict[str, str]
) -> None:
    before = rows(Patient), rows(Visit)
    answer = send(browser_of(DESK), "/desk/patients/new", "/desk/patients", **newcomer(**wrong))
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert f'id="{next(iter(wrong))}-error"' in page
    assert "error-summary" in page
    assert (rows(Patient), rows(Visit)) == before


def test_a_second_person_with_phone_and_birth_date_of_another_is_confirmed(
    browser_of: Browsers, hospital: Hospital
) -> None:
    desk = browser_of(DESK)
    send(desk, "/desk/patients/new", "/desk/patients", **newcomer())
    before = rows(Patient)
    asked = send(desk, "/desk/patients/new", "/desk/patients", **newcomer(name="홍길순"))
    assert asked.status_code == 409
    assert 'name="confirm" value="twin"' in asked.get_data(as_text=True)
    assert rows(Patient) == before
    send(desk, "/desk/patients/new", "/desk/patients", confirm="twin", **newcomer(name="홍길순"))
    assert rows(Patient) == before + 1


def test_somebody_known_begins_one_visit_a_day(browser_of: Browsers, hospital: Hospital) -> None:
    desk = browser_of(DESK)
    visit = (
        send(desk, "/desk/patients/new", "/desk/patients", **newcomer())
        .headers["Location"]
        .rpartition("/")[2]
    )
    patient = card_of(hospital, UUID(visit)).row.patient_id
    page = f"/desk/patients/{patient}"
    answer = send(desk, page, f"{page}/visits", first="consult")
    assert answer.status_code == 409
    assert 'id="first-error"' in answer.get_data(as_text=True)


def test_a_time_of_today_is_booked_and_one_gone_by_is_not(browser_of: Browsers, hospital: Hospital) -> None:
    known = emr.enter_patient(
        name="김예약",
        birth_date=clock.today() - timedelta(days=9000),
        phone="010-5656-7878",
        by=hospital.cast.henry,
    )
    desk, page = browser_of(DESK), f"/desk/patients/{known}"
    # The day begins at 04:00: 04:00 has always gone by, and 03:59 is its last minute.
    past = send(desk, page, f"{page}/visits", first="consult", at="04:00")
    assert past.status_code == 422
    assert 'id="at-error"' in past.get_data(as_text=True)
    later = send(desk, page, f"{page}/visits", first="consult", at="03:59")
    visit = card_of(hospital, UUID(later.headers["Location"].rpartition("/")[2])).visit
    assert clock.local(visit.expected_at).strftime("%H:%M") == "03:59"  # type: ignore[arg-type]


def test_two_desks_mend_one_person_and_nobody_loses_words(browser_of: Browsers, hospital: Hospital) -> None:
    patient = card_of(hospital, hospital.expect("consult", name="이원래")).row.patient_id
    desk, page = browser_of(DESK), f"/desk/patients/{patient}"
    first = send(desk, page, page, version=1, name="이먼저", birth_date="1953-04-12", phone="")
    assert first.status_code == 303
    second = send(desk, page, page, version=1, name="이나중", birth_date="1953-04-12", phone="010-9999-8888")
    text = second.get_data(as_text=True)
    assert second.status_code == 409
    assert "이먼저" in text
    assert "이나중" in text
    assert "010-9999-8888" in text
    assert 'name="version" value="2"' in text
    assert "이먼저" in desk.get(page).get_data(as_text=True)
    chosen = send(desk, page, page, version=2, name="이나중", birth_date="1953-04-12", phone="010-9999-8888")
    assert chosen.status_code == 303
    assert "이나중" in desk.get(page).get_data(as_text=True)


def test_a_person_without_name_is_refused_at_the_field(browser_of: Browsers, hospital: Hospital) -> None:
    patient = card_of(hospital, hospital.expect("consult")).row.patient_id
    page = f"/desk/patients/{patient}"
    answer = send(browser_of(DESK), page, page, version=1, name=" ", birth_date="1953-04-12", phone="")
    assert answer.status_code == 422
    assert 'id="name-error"' in answer.get_data(as_text=True)


def test_a_patient_for_whom_no_queue_is_open_is_put_in_line_later(
    browser_of: Browsers, hospital: Hospital
) -> None:
    from app.queues import services as queues  # noqa: PLC0415

    queues.set_queue_open(hospital.lab, is_open=False, by=hospital.cast.chris)
    visit = hospital.waiting("lab")
    desk, page = browser_of(DESK), f"/desk/visits/{visit}"
    assert card_of(hospital, visit).visit.state == "REGISTERED"
    assert f"{page}/join" not in desk.get(page).get_data(as_text=True)  # no line takes anybody
    assert send(desk, page, f"{page}/join", htmx=True).status_code == 409
    queues.set_queue_open(hospital.lab, is_open=True, by=hospital.cast.chris)
    send(desk, page, f"{page}/join")
    assert card_of(hospital, visit).visit.state == "WAITING"
