"""A doctor adds an examination on a patient's sheet: what may be chosen, who may, what comes of it, taken back."""

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.boards import queries as boards
from app.boards.queries import WardRow
from app.core.db import db
from app.journey import services as journey
from app.journey.models import Visit, VisitStep
from app.queues import services as queues
from tests.hospital import Hospital
from tests.pages import send
from tests.web.scenes import statements
from tests.web.ward.nurse import Ward, problem_of, statuses

Browser = Callable[[str], FlaskClient]


@pytest.fixture
def doctor(browser_of: Browser, ward: Ward) -> Ward:
    """Give Grace's page of the same queue."""
    return Ward(browser_of("grace"), ward.hospital)


def section(page: str) -> str:
    """Return the part of a sheet where an examination is added."""
    found = re.search(r'<details[^>]*id="do-add-step".*?</details>', page, re.DOTALL)
    assert found, "the sheet offers no examination"
    return found.group()


def of_visit(row: WardRow) -> dict[str, Any]:
    return {"visit_id": row.visit_id, "visit_version": row.visit_version}


def steps(visit_id: UUID) -> list[tuple[str, str, bool]]:
    """Return the steps of a visit that count: service, status, whether they must be done."""
    rows = db.session.execute(
        select(VisitStep.service_code, VisitStep.status, VisitStep.is_mandatory)
        .join(Visit, Visit.id == VisitStep.visit_id)
        .where(Visit.public_id == visit_id, VisitStep.status != "cancelled")
        .order_by(VisitStep.ordinal)
    ).all()
    db.session.remove()
    return [(row.service_code, row.status, row.is_mandatory) for row in rows]


def follow(hospital: Hospital, *before: str) -> None:
    """Let the orthopaedic consultation come after others."""
    queues.offer(
        "ortho", name_ko="정형외과 진료", name_en="Orthopaedics", follows=before, by=hospital.cast.chris
    )


@pytest.mark.parametrize("htmx", [True, False], ids=["script", "plain"])
@pytest.mark.parametrize(("mandatory", "is_mandatory"), [({"mandatory": "1"}, True), ({}, False)])
def test_an_examination_is_added_and_taken_back(
    doctor: Ward, mandatory: dict[str, str], *, is_mandatory: bool, htmx: bool
) -> None:
    row = doctor.board().waiting[0]
    answer = doctor.send(
        f"entries/{row.entry_id}/add-step", htmx=htmx, service="lab", **mandatory, **of_visit(row)
    )
    assert answer.status_code == (200 if htmx else 303)
    assert steps(row.visit_id)[1:] == [("lab", "planned", is_mandatory)]
    assert statuses(doctor.board()) == ["WAITING"] * 3, "the line is as it was"
    page = answer if htmx else doctor.nurse.get(doctor.page)
    (action,) = set(re.findall(r'action="[^"]*(visits/[^"]+/undo)"', page.text))
    (version,) = re.findall(r'name="version" value="(\d+)"', page.text.partition("toasts")[2])
    assert doctor.send(action, version=version).status_code == 200
    assert [step[0] for step in steps(row.visit_id)] == ["consult"]


@pytest.mark.parametrize(
    ("who", "is_offered", "status"),
    [
        ("anne", False, 403),
        ("ben", None, 403),
        ("chris", None, 403),
        ("eve", None, 401),
        ("flora", False, 403),
        ("grace", True, 200),
        ("henry", False, 403),
        ("iris", None, 403),
        ("jonas", None, 403),
    ],
)
def test_who_adds_an_examination(
    browser_of: Browser, ward: Ward, who: str, *, is_offered: bool | None, status: int
) -> None:
    browser, row = browser_of(who), ward.board().waiting[0]
    sheet = browser.get(f"{ward.page}/entries/{row.entry_id}")
    assert (sheet.status_code == 200) == (is_offered is not None)
    assert ('data-command="add-step"' in sheet.text) == bool(is_offered)
    answer = send(
        browser,
        "/login",
        f"{ward.page}/entries/{row.entry_id}/add-step",
        htmx=True,
        service="lab",
        mandatory="1",
        **of_visit(row),
    )
    assert answer.status_code == status
    assert len(steps(row.visit_id)) == (2 if status == 200 else 1)


def test_a_doctor_of_this_ward_orders_nothing_for_a_patient_of_another(doctor: Ward) -> None:
    visit = doctor.hospital.waiting("ortho")
    stranger = boards.ward_board(doctor.hospital.elsewhere, by=None).waiting[0]
    db.session.remove()
    answer = doctor.send(f"entries/{stranger.entry_id}/add-step", service="lab", **of_visit(stranger))
    assert answer.status_code == 404
    assert [step[0] for step in steps(visit)] == ["ortho"]


def test_the_choice_tells_preparation_line_and_order(doctor: Ward) -> None:
    """Blood before the consultation that reads it."""
    hospital = doctor.hospital
    hospital.waiting("lab")
    visit = hospital.waiting("consult", "ortho")
    follow(hospital, "lab")
    row = next(one for one in doctor.board().waiting if one.visit_id == visit)
    choice = section(doctor.sheet(row.entry_id, do="add-step"))
    lab = choice.partition('value="lab"')[2].partition("</label>")[0]
    assert "8시간 금식" in lab
    assert "1명 대기" in lab
    assert "정형외과 진료" in lab, "the step that will wait for the blood is named"
    assert 'value="consult"' in choice
    assert choice.count('type="radio"') == 3
    assert "checked" not in choice.partition('type="checkbox"')[0], "nothing is chosen beforehand"
    answer = doctor.send(f"entries/{row.entry_id}/add-step", service="lab", mandatory="1", **of_visit(row))
    assert answer.status_code == 200
    assert [step[0] for step in steps(visit)] == ["consult", "ortho", "lab"]


def test_what_comes_first_is_named_too(doctor: Ward) -> None:
    hospital = doctor.hospital
    visit = hospital.waiting("consult", "lab")
    follow(hospital, "lab")
    row = next(one for one in doctor.board().waiting if one.visit_id == visit)
    choice = section(doctor.sheet(row.entry_id))
    ortho = choice.partition('value="ortho"')[2].partition("</label>")[0]
    assert "채혈" in ortho


def test_what_no_queue_takes_today_is_not_offered(doctor: Ward) -> None:
    queues.set_queue_open(doctor.hospital.lab, is_open=False, by=doctor.hospital.cast.chris)
    row = doctor.board().waiting[0]
    assert 'value="lab"' not in section(doctor.sheet(row.entry_id))


@pytest.mark.parametrize("htmx", [True, False], ids=["script", "plain"])
@pytest.mark.parametrize("service", ["", "no-such"])
def test_without_a_choice_the_sheet_asks_and_keeps_the_rest(
    doctor: Ward, service: str, *, htmx: bool
) -> None:
    row = doctor.board().waiting[0]
    answer = doctor.send(f"entries/{row.entry_id}/add-step", htmx=htmx, service=service, **of_visit(row))
    assert answer.status_code == 422
    assert problem_of(answer.text)
    choice = section(answer.text)
    assert 'id="do-add-step" open' in choice
    assert "checked" not in choice, "what was not ticked stays so"
    assert len(steps(row.visit_id)) == 1


@pytest.mark.parametrize("htmx", [True, False], ids=["script", "plain"])
def test_a_stale_sheet_adds_nothing_and_keeps_the_choice(doctor: Ward, *, htmx: bool) -> None:
    row = doctor.board().waiting[0]
    journey.prioritise(
        row.entry_id, priority=1, version=row.version, reason="통증 심함", by=doctor.hospital.cast.anne
    )
    answer = doctor.send(
        f"entries/{row.entry_id}/add-step", htmx=htmx, service="lab", mandatory="1", **of_visit(row)
    )
    assert answer.status_code == 409
    choice = section(answer.text)
    assert re.search(r'value="lab" required checked', choice)
    assert re.search(r'name="mandatory" value="1" checked', choice)
    assert f'name="visit_version" value="{doctor.board().waiting[0].visit_version}"' in choice
    assert len(steps(row.visit_id)) == 1


@pytest.mark.parametrize("state", ["called", "inside", "paying"])
def test_it_is_added_from_the_call_to_the_cashier(doctor: Ward, state: str) -> None:
    entry = doctor.call_next()
    if state != "called":
        doctor.start(entry)
    row = next(one for one in doctor.board().rows if one.entry_id == entry)
    if state == "paying":
        journey.complete(entry, version=row.version, by=doctor.hospital.cast.grace)
    sheet = doctor.sheet(entry, do="add-step")
    (version,) = set(re.findall(r'name="visit_version" value="(\d+)"', section(sheet)))
    answer = doctor.send(
        f"entries/{entry}/add-step",
        service="lab",
        mandatory="1",
        visit_id=row.visit_id,
        visit_version=version,
    )
    assert answer.status_code == 200
    waits_there = boards.ward_board(doctor.hospital.lab, by=None).waiting
    db.session.remove()
    assert [one.visit_id for one in waits_there] == ([row.visit_id] if state == "paying" else [])


def test_a_doctors_sheet_costs_one_statement_more(doctor: Ward) -> None:
    row = doctor.board().waiting[-1]
    with statements() as own:
        boards.ward_patient(doctor.hospital.consult, row.entry_id, by=doctor.hospital.cast.grace)
    assert len(own) <= 12, own
