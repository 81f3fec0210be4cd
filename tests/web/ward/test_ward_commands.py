"""The ward's commands: with htmx a repainted queue, a sentence and an undo; without it the page again."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app.boards import queries as boards
from app.core.db import db
from app.queues import services as queues
from app.queues.services import Rules
from tests.hospital import ALL_DAY
from tests.pages import send
from tests.web.ward.nurse import Ward, statuses

Browser = Callable[[str], FlaskClient]


def test_the_next_patient_is_called_and_everything_is_repainted(ward: Ward) -> None:
    answer = ward.send("call-next", service_point_id=ward.hospital.rooms[0])
    assert answer.status_code == 200
    assert answer.text.lstrip().startswith('<div id="queue"')
    assert answer.text.count('hx-swap-oob="morph"') == 3
    assert '<div id="conflict" hx-swap-oob="morph"></div>' in answer.text
    assert statuses(ward.board()) == ["CALLED", "WAITING", "WAITING"]


def test_without_script_a_command_leads_back_to_the_page_which_says_the_same(ward: Ward) -> None:
    answer = ward.send("call-next", htmx=False, service_point_id=ward.hospital.rooms[0])
    assert (answer.status_code, answer.location) == (303, ward.page)
    page = ward.nurse.get(ward.page)
    assert "/undo" in page.text
    assert page.text.count("data-toast") == 1
    assert "/undo" not in ward.nurse.get(ward.page).text


def test_calling_is_taken_back_from_the_toast(ward: Ward) -> None:
    answer = ward.send("call-next", service_point_id=ward.hospital.rooms[0])
    taken_back = ward.undo(answer)
    assert taken_back.status_code == 200
    assert "/undo" not in taken_back.text.partition('id="toast"')[2]
    assert statuses(ward.board()) == ["WAITING"] * 3


def test_completing_is_taken_back_although_the_row_is_gone(ward: Ward) -> None:
    entry = ward.call_next()
    started = ward.send(f"entries/{entry}/start", version=ward.board().called[0].version, confirm="identity")
    assert started.status_code == 200
    done = ward.send(f"entries/{entry}/complete", version=ward.board().inside[0].version)
    assert statuses(ward.board()) == ["WAITING", "WAITING"]
    assert ward.undo(done).status_code == 200
    assert statuses(ward.board()) == ["IN_SERVICE", "WAITING", "WAITING"]


def test_a_row_calls_into_my_room(ward: Ward) -> None:
    assert ward.send("my-room", service_point_id=ward.hospital.rooms[2]).status_code == 204
    first = ward.board().waiting[0]
    assert ward.send(f"entries/{first.entry_id}/call", version=first.version).status_code == 200
    assert ward.board().called[0].room_id == ward.hospital.rooms[2]
    assert re.search(rf'value="{ward.hospital.rooms[2]}" data-mine checked', ward.nurse.get(ward.page).text)


def test_a_row_asks_for_my_room_where_there_are_several(ward: Ward) -> None:
    first = ward.board().waiting[0]
    answer = ward.send(f"entries/{first.entry_id}/call", version=first.version)
    assert answer.status_code == 422
    assert answer.headers["HX-Retarget"] == "#sheet-body"
    assert 'name="service_point_id"' in answer.text
    assert statuses(ward.board()) == ["WAITING"] * 3


def test_the_only_room_need_not_be_chosen(ward: Ward) -> None:
    visit = ward.hospital.waiting("lab")
    board = boards.ward_board(ward.hospital.lab, by=None)
    db.session.remove()
    entry = board.waiting[0]
    assert entry.visit_id == visit
    page = f"/ward/{ward.hospital.lab}"
    action = f"{page}/entries/{entry.entry_id}/call"
    assert send(ward.nurse, page, action, htmx=True, version=entry.version).status_code == 200


def test_overtaking_asks_why_and_then_passes(ward: Ward) -> None:
    ward.send("my-room", service_point_id=ward.hospital.rooms[0])
    last = ward.board().waiting[-1]
    asked = ward.send(f"entries/{last.entry_id}/call", version=last.version)
    assert asked.status_code == 422
    assert 'name="reason"' in asked.text
    assert 'name="confirm" value="overtaking"' in asked.text
    passed = ward.send(
        f"entries/{last.entry_id}/call", version=last.version, confirm="overtaking", reason="거동 불편"
    )
    assert passed.status_code == 200
    assert ward.board().called[0].entry_id == last.entry_id


def test_a_patient_is_called_again_as_often_as_the_rules_allow(ward: Ward) -> None:
    entry = ward.call_next()
    for _ in range(2):
        assert ward.send(f"entries/{entry}/recall", version=ward.board().called[0].version).status_code == 200
    assert ward.board().called[0].attempt == 3
    assert "/recall" not in ward.nurse.get(ward.page).text


def test_nobody_starts_without_checking_who_it_is(ward: Ward) -> None:
    entry = ward.call_next()
    answer = ward.send(f"entries/{entry}/start", version=ward.board().called[0].version)
    assert answer.status_code == 409
    assert 'name="confirm" value="identity"' in answer.text
    assert statuses(ward.board())[0] == "CALLED"


def test_a_very_short_service_is_asked_about(ward: Ward) -> None:
    careful = Rules(
        check_in_before_seconds=ALL_DAY.check_in_before_seconds,
        check_in_after_seconds=ALL_DAY.check_in_after_seconds,
        least_service_seconds=60,
    )
    queues.set_rules(ward.hospital.consult, careful, version=1, by=ward.hospital.cast.chris)
    entry = ward.call_next()
    ward.send(f"entries/{entry}/start", version=ward.board().called[0].version, confirm="identity")
    version = ward.board().inside[0].version
    asked = ward.send(f"entries/{entry}/complete", version=version)
    assert asked.status_code == 409
    assert 'name="confirm" value="short_service"' in asked.text
    done = ward.send(f"entries/{entry}/complete", version=version, confirm="short_service")
    assert done.status_code == 200


def test_a_page_that_saw_another_version_is_refused(ward: Ward) -> None:
    entry = ward.call_next()
    row = ward.board().called[0]
    ward.send(f"entries/{entry}/recall", version=row.version)
    assert ward.send(f"entries/{entry}/recall", version=row.version).status_code == 409
    assert ward.send(f"entries/{entry}/recall").status_code == 428


def test_a_room_is_paused_with_a_reason_and_opened_again(ward: Ward) -> None:
    room = ward.hospital.rooms[0]
    assert ward.send(f"rooms/{room}/pause", version=1, reason=" ").status_code == 422
    assert ward.send(f"rooms/{room}/pause", version=1, reason="회진").status_code == 200
    assert (ward.board().rooms[0].status, ward.board().rooms[0].reason) == ("paused", "회진")
    assert ward.send("call-next", service_point_id=room).status_code == 409
    assert ward.send(f"rooms/{room}/open", version=2).status_code == 200
    assert ward.send("call-next", service_point_id=room).status_code == 200


@pytest.mark.parametrize(
    ("who", "status"),
    [("anne", 200), ("flora", 200), ("grace", 200), ("ben", 404), ("henry", 403), ("chris", 403)],
)
def test_who_calls_the_next_patient(browser_of: Browser, ward: Ward, who: str, status: int) -> None:
    browser = browser_of(who)
    answer = send(
        browser,
        "/login",
        f"{ward.page}/call-next",
        htmx=True,
        service_point_id=ward.hospital.rooms[0],
    )
    assert answer.status_code == status
    assert len(ward.board().called) == (status == 200)


def test_a_click_sent_twice_calls_once(ward: Ward) -> None:
    for _ in range(2):
        answer = send(
            ward.nurse,
            ward.page,
            f"{ward.page}/call-next",
            htmx=True,
            key="one-gesture",
            service_point_id=ward.hospital.rooms[0],
        )
        assert answer.status_code == 200
    assert statuses(ward.board()) == ["CALLED", "WAITING", "WAITING"]
