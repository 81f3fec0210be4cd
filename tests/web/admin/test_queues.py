"""Queues for a hospital's person: rules in minutes, a preview before they hold, rooms, new queues."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, func, select

from app.boards import queries as boards
from app.core import clock
from app.core.audit import AuditRow
from app.core.db import db
from app.journey import services as journey
from app.queues import queries as queues
from app.queues import services
from app.queues.models import Queue, ServicePoint
from app.queues.rules import Rules
from app.web.admin.rules_form import minutes
from tests.hospital import Hospital
from tests.pages import send

Browsers = Callable[[str], FlaskClient]
ADMIN = "chris"
RULES: dict[str, Any] = {
    "calls_ahead": "2",
    "max_calls": "3",
    "call_expiry_seconds": "3.33",
    "recall_gap_seconds": "15",
    "least_service_seconds": "30",
    "early_tolerance_seconds": "30",
    "check_in_before_seconds": "180",
    "check_in_after_seconds": "120",
    "merge_rule": "head-start",
    "head_start_seconds": "10",
    "grace_seconds": "20",
    "ageing_seconds": "40",
    "max_overtaken": "4",
    "re_entry_places": "3",
    "max_re_entries": "1",
    "max_own_holds": "2",
    "own_hold_seconds": "5",
    "takes_walk_ins": "y",
    "is_overnight": "y",
}
IN_SECONDS = {
    "call_expiry_seconds": 200,
    "early_tolerance_seconds": 1800,
    "check_in_before_seconds": 10800,
    "check_in_after_seconds": 7200,
    "head_start_seconds": 600,
    "grace_seconds": 1200,
    "ageing_seconds": 2400,
    "own_hold_seconds": 300,
}


def policy(hospital: Hospital) -> queues.Policy:
    db.session.rollback()
    return queues.policy(hospital.consult)


def rows(model: type) -> int:
    db.session.rollback()
    return int(db.session.execute(select(func.count()).select_from(model)).scalar_one())


def order(hospital: Hospital) -> list[int]:
    db.session.rollback()
    here = queues.policy(hospital.consult)
    return list(queues.order_preview(hospital.consult, here, here, is_for_waiting=False).now)


@contextmanager
def statements() -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith("BEGIN"):  # on SQLite it passes here; elsewhere it is no statement
            seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield seen
    event.remove(db.engine, "before_cursor_execute", note)


def test_the_form_carries_every_rule_and_minutes_are_kept_as_seconds(
    browser_of: Browsers, hospital: Hospital
) -> None:
    admin, page = browser_of(ADMIN), f"/admin/queues/{hospital.consult}"
    send(admin, page, f"{page}/rules", version=1, **RULES)
    now = policy(hospital)
    typed = {**RULES, **IN_SECONDS, "takes_walk_ins": True, "is_overnight": True}
    assert {name: str(getattr(now, name)) for name in RULES} == {
        name: str(value) for name, value in typed.items()
    }
    left_out = {one.name for one in fields(Rules)} - set(RULES)
    assert left_out == {"shows_masked_name", "recalls_by_itself", "keeps_credit"}
    assert not any(getattr(now, name) for name in left_out)
    assert 'value="3.33"' in admin.get(page).get_data(as_text=True)


def test_rules_that_are_shown_and_saved_again_stay_as_they_are(
    browser_of: Browsers, hospital: Hospital
) -> None:
    odd = Rules(call_expiry_seconds=7, grace_seconds=61, ageing_seconds=100, own_hold_seconds=59)
    services.set_rules(hospital.consult, odd, version=1, by=hospital.cast.chris)
    now = policy(hospital)
    form: dict[str, Any] = {
        one.name: minutes(getattr(now, one.name)) if one.name in IN_SECONDS else getattr(now, one.name)
        for one in fields(Rules)
        if getattr(now, one.name) is not False
    }
    page = f"/admin/queues/{hospital.consult}"
    assert send(browser_of(ADMIN), page, f"{page}/rules", version=2, **form).status_code == 303
    after = policy(hospital)
    assert after.version == 3
    assert {one.name: getattr(after, one.name) for one in fields(Rules)} == {
        one.name: getattr(now, one.name) for one in fields(Rules)
    }


def test_a_stale_page_keeps_its_figures_and_tells_the_present_ones(
    browser_of: Browsers, hospital: Hospital
) -> None:
    admin, page = browser_of(ADMIN), f"/admin/queues/{hospital.consult}"
    assert send(admin, page, f"{page}/rules", version=1, **RULES).status_code == 303
    mine = {**RULES, "call_expiry_seconds": "77", "merge_rule": "arrival"}
    stale = send(admin, page, f"{page}/rules", version=1, **mine)
    text = stale.get_data(as_text=True)
    assert stale.status_code == 409
    assert 'value="77"' in text
    assert "3.33" in text
    assert 'name="version" value="2"' in text
    assert policy(hospital).call_expiry_seconds == 200
    assert send(admin, page, f"{page}/rules", version=2, **mine).status_code == 303
    assert policy(hospital).merge_rule == "arrival"


def test_saving_twice_with_one_key_saves_once(browser_of: Browsers, hospital: Hospital) -> None:
    admin, page = browser_of(ADMIN), f"/admin/queues/{hospital.consult}"
    answers = [send(admin, page, f"{page}/rules", key="k", version=1, **RULES) for _press in range(2)]
    assert [one.status_code for one in answers] == [303, 303]
    assert policy(hospital).version == 2


@pytest.mark.parametrize("action", ["rules", "rules/preview"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("calls_ahead", "0"),
        ("calls_ahead", "100"),
        ("max_calls", ""),
        ("max_calls", "9" * 5000),
        ("recall_gap_seconds", "-1"),
        ("call_expiry_seconds", "-0.5"),
        ("call_expiry_seconds", "NaN"),
        ("call_expiry_seconds", "1e9"),
        ("call_expiry_seconds", "1_0"),
        ("call_expiry_seconds", "９"),
        ("check_in_before_seconds", "10081"),
        ("ageing_seconds", "0"),
        ("ageing_seconds", "9999999"),
        ("merge_rule", "favourites"),
        ("merge_rule", "오는 순서"),
    ],
)
def test_senseless_rules_are_told_at_the_field(
    browser_of: Browsers, hospital: Hospital, action: str, name: str, value: str
) -> None:
    page = f"/admin/queues/{hospital.consult}"
    answer = send(browser_of(ADMIN), page, f"{page}/{action}", version=1, **{**RULES, name: value})
    assert answer.status_code == 422
    assert f'id="{name}-error"' in answer.get_data(as_text=True)
    assert policy(hospital).version == 1


def test_what_is_typed_is_never_markup(browser_of: Browsers, hospital: Hospital) -> None:
    page, evil = f"/admin/queues/{hospital.consult}", '"><script>alert(1)</script>'
    answer = send(
        browser_of(ADMIN), page, f"{page}/rules/preview", version=1, **{**RULES, "ageing_seconds": evil}
    )
    assert "<script>alert" not in answer.get_data(as_text=True)


def stand_in_line(hospital: Hospital) -> tuple[int, int]:
    """Let somebody come an hour early, then somebody on time; return their numbers in the order of arrival."""
    now = clock.utcnow()
    for at in (now + timedelta(hours=1), now):
        visit = hospital.expect("consult", at=at)
        journey.arrive(visit, by=hospital.cast.henry)
        journey.register(visit, version=2, by=hospital.cast.henry)
    punctual, early = order(hospital)
    return early, punctual


BY_ARRIVAL = {**RULES, "merge_rule": "arrival"}


def changes(text: str) -> list[str]:
    """Return what the preview says of each, from the first to the last."""
    table = text.partition('id="order-preview"')[2].partition("</section>")[0]
    return re.findall(r"#(arrow-up|arrow-down|lock)\b", table)


def test_a_preview_tells_who_moves_and_writes_nothing(browser_of: Browsers, hospital: Hospital) -> None:
    early, punctual = stand_in_line(hospital)
    admin, page = browser_of(ADMIN), f"/admin/queues/{hospital.consult}"
    before = rows(AuditRow)
    answer = send(admin, page, f"{page}/rules/preview", version=1, **BY_ARRIVAL, is_for_waiting="y")
    assert answer.status_code == 200
    assert changes(answer.get_data(as_text=True)) == ["arrow-up", "arrow-down"]
    without = send(admin, page, f"{page}/rules/preview", version=1, **BY_ARRIVAL)
    assert changes(without.get_data(as_text=True)) == []
    assert order(hospital) == [punctual, early]
    assert policy(hospital).version == 1
    assert rows(AuditRow) == before


def test_saved_rules_hold_for_those_who_wait_only_when_asked(
    browser_of: Browsers, hospital: Hospital
) -> None:
    early, punctual = stand_in_line(hospital)
    admin, page = browser_of(ADMIN), f"/admin/queues/{hospital.consult}"
    send(admin, page, f"{page}/rules", version=1, **BY_ARRIVAL)
    assert order(hospital) == [punctual, early]
    send(admin, page, f"{page}/rules", version=2, **BY_ARRIVAL, is_for_waiting="y")
    assert order(hospital) == [early, punctual]
    deeds = db.session.execute(select(AuditRow.action).order_by(AuditRow.id)).scalars().all()
    assert deeds.count("queues:rules:set") == 2
    assert deeds.count("queues:line:reckon") == 1


def test_whoever_was_skipped_is_shown_to_keep_the_place(browser_of: Browsers, hospital: Hospital) -> None:
    early, punctual = stand_in_line(hospital)
    board = boards.ward_board(hospital.consult, by=hospital.cast.anne)
    first = next(row for row in board.rows if row.number == punctual)
    journey.skip_once(first.entry_id, version=first.version, reason="보호자 통화", by=hospital.cast.anne)
    assert order(hospital) == [early, punctual]
    admin, page = browser_of(ADMIN), f"/admin/queues/{hospital.consult}"
    answer = send(admin, page, f"{page}/rules/preview", version=1, **BY_ARRIVAL, is_for_waiting="y")
    assert changes(answer.get_data(as_text=True)) == ["lock"]


def test_a_preview_names_numbers_only(browser_of: Browsers, hospital: Hospital) -> None:
    hospital.waiting("consult", name="하안보임")
    page = f"/admin/queues/{hospital.consult}"
    form = {**RULES, "is_for_waiting": "y"}
    text = send(browser_of(ADMIN), page, f"{page}/rules/preview", version=1, **form).get_data(as_text=True)
    assert "안보임" not in text
    assert "하*" not in text


def test_an_empty_line_has_nothing_to_preview(browser_of: Browsers, hospital: Hospital) -> None:
    page = f"/admin/queues/{hospital.consult}"
    answer = send(browser_of(ADMIN), page, f"{page}/rules/preview", version=1, **RULES)
    assert answer.status_code == 200
    assert 'id="order-preview"' in answer.get_data(as_text=True)


@pytest.mark.parametrize("waiting", [0, 30])
def test_the_page_asks_the_database_little_however_many_wait(
    browser_of: Browsers, hospital: Hospital, waiting: int
) -> None:
    for _one in range(waiting):
        hospital.waiting("consult")
    page, form = f"/admin/queues/{hospital.consult}", {**RULES, "is_for_waiting": "y"}
    admin = browser_of(ADMIN)
    admin.get(page)
    with statements() as shown:
        admin.get(page)
    assert len(shown) <= 5  # session, policy, head, rooms
    db.session.rollback()
    with statements() as asked:
        queues.order_preview(hospital.consult, Rules(), Rules(), is_for_waiting=True)
    assert len(asked) == 1
    assert send(admin, page, f"{page}/rules/preview", version=1, **form).status_code == 200


def test_a_room_is_added_once(browser_of: Browsers, hospital: Hospital) -> None:
    admin, page = browser_of(ADMIN), f"/admin/queues/{hospital.consult}"
    before = rows(ServicePoint)
    form: dict[str, Any] = {
        "name_ko": "4번 진료실",
        "name_en": "Room 4",
        "place": "2f-demo-1",
        "capacity": "1",
    }
    assert send(admin, f"{page}/rooms/new", f"{page}/rooms", **form).status_code == 303
    again = send(admin, page, f"{page}/rooms", **form)
    assert again.status_code == 422
    assert 'id="name_ko-error"' in again.get_data(as_text=True)
    assert rows(ServicePoint) == before + 1


def room_form(point: queues.Point, **changed: object) -> dict[str, Any]:
    return {
        "name_ko": point.name_ko,
        "name_en": point.name_en,
        "place": point.place,
        "capacity": point.capacity,
        "version": point.version,
        **changed,
    }


def test_a_room_is_renamed_and_a_stale_page_keeps_its_words(browser_of: Browsers, hospital: Hospital) -> None:
    admin, page = browser_of(ADMIN), f"/admin/rooms/{hospital.rooms[0]}"
    point = queues.point(hospital.rooms[0])
    assert send(admin, page, page, **room_form(point, name_ko="초진 진료실")).status_code == 303
    stale = send(admin, page, page, **room_form(point, name_ko="재진 진료실"))
    text = stale.get_data(as_text=True)
    assert stale.status_code == 409
    assert 'value="재진 진료실"' in text
    assert "초진 진료실" in text
    db.session.rollback()
    assert queues.point(hospital.rooms[0]).name_ko == "초진 진료실"
    taken = send(admin, page, page, **room_form(point, name_ko="2번 진료실", version=2))
    assert taken.status_code == 422
    assert 'id="name_ko-error"' in taken.get_data(as_text=True)


def test_a_room_is_closed_when_nobody_is_engaged_there(browser_of: Browsers, hospital: Hospital) -> None:
    admin, page = browser_of(ADMIN), f"/admin/rooms/{hospital.rooms[0]}"
    hospital.waiting("consult")
    call = journey.call_next(hospital.consult, hospital.rooms[0], by=hospital.cast.anne)
    assert send(admin, page, f"{page}/use", is_in_use="0", version=1).status_code == 409
    board = boards.ward_board(hospital.consult, by=hospital.cast.anne)
    assert call.visit_id in {row.visit_id for row in board.rows}
    other = f"/admin/rooms/{hospital.rooms[1]}"
    for status, is_in_use, version in (("closed", "0", 1), ("open", "1", 2)):
        answer = send(admin, other, f"{other}/use", is_in_use=is_in_use, version=version)
        assert answer.status_code == 303
        db.session.rollback()
        assert queues.point(hospital.rooms[1]).status == status
    assert send(admin, other, f"{other}/use", is_in_use="0", version=1).status_code == 409


def test_a_queue_closes_and_opens(browser_of: Browsers, hospital: Hospital) -> None:
    admin, page = browser_of(ADMIN), f"/admin/queues/{hospital.lab}"
    for is_open in (False, True):
        send(admin, page, f"{page}/open", is_open=str(int(is_open)))
        db.session.rollback()
        assert queues.head(hospital.lab).is_open is is_open


NEW: dict[str, Any] = {
    "code": "ecg-2",
    "name_ko": "심전도실",
    "name_en": "ECG",
    "service": "lab",
    "place": "2f-demo-2",
}


def test_a_new_queue_takes_patients_once_it_has_a_room(browser_of: Browsers, hospital: Hospital) -> None:
    admin = browser_of(ADMIN)
    answer = send(admin, "/admin/queues/new", "/admin/queues", **NEW, unit=str(hospital.ward))
    assert answer.status_code == 303
    page = answer.headers["Location"]
    assert "심전도실" in admin.get(page).get_data(as_text=True)
    opened = UUID(page.rpartition("/")[2])
    assert queues.policy(opened).version == 1
    assert queues.head(opened).service == "lab"
    assert (
        send(admin, "/admin/queues/new", "/admin/queues", **NEW, unit=str(hospital.ward)).status_code == 422
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("code", "lab"),
        ("code", "Big Ward"),
        ("code", "-x"),
        ("code", "채혈"),
        ("code", ""),
        ("name_ko", ""),
        ("name_en", "x" * 61),
        ("service", "moon"),
        ("unit", "not-a-unit"),
        ("unit", ""),
        ("place", "the moon"),
    ],
)
def test_a_wrong_queue_is_told_at_its_field(
    browser_of: Browsers, hospital: Hospital, name: str, value: str
) -> None:
    before = rows(Queue)
    form = {**NEW, "unit": str(hospital.ward), name: value}
    answer = send(browser_of(ADMIN), "/admin/queues/new", "/admin/queues", **form)
    assert answer.status_code == 422
    assert f'id="{name}-error"' in answer.get_data(as_text=True)
    assert rows(Queue) == before


@pytest.mark.parametrize(("name", "status"), [("anne", 403), ("flora", 403), ("jonas", 403), ("eve", 401)])
def test_nobody_else_sets_up_queues(browser_of: Browsers, hospital: Hospital, name: str, status: int) -> None:
    browser, room = browser_of(name), hospital.rooms[0]
    for page in (
        f"/admin/queues/{hospital.consult}",
        f"/admin/queues/{hospital.consult}/rooms/new",
        f"/admin/rooms/{room}",
        "/admin/services/lab",
    ):
        assert browser.get(page).status_code == status, page
    for action in (
        "/admin/queues",
        f"/admin/queues/{hospital.consult}/rules",
        f"/admin/queues/{hospital.consult}/rules/preview",
        f"/admin/queues/{hospital.consult}/rooms",
        f"/admin/rooms/{room}",
        f"/admin/rooms/{room}/use",
        "/admin/services",
        "/admin/services/lab",
    ):
        assert send(browser, "/login", action, version=1, **RULES).status_code == status, action


def test_a_queue_or_room_of_nowhere_is_not_found(browser_of: Browsers, hospital: Hospital) -> None:
    admin, nowhere = browser_of(ADMIN), hospital.ward
    for page in (f"/admin/queues/{nowhere}", f"/admin/rooms/{nowhere}", "/admin/services/moon"):
        assert admin.get(page).status_code == 404
    assert (
        send(admin, "/admin/queues", f"/admin/queues/{nowhere}/rules", version=1, **RULES).status_code == 404
    )
    page = f"/admin/queues/{nowhere}/rooms/new"
    assert admin.get(page).status_code == 404
