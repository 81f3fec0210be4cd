"""Sheets of the ward: who sees what, rooms and whole lines with a count before they move, what happened meanwhile."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from flask.testing import FlaskClient

from app.core import clock
from app.core.db import db
from app.journey import services as journey
from app.queues import services as queues
from tests.web.ward.nurse import Ward, offered, problem_of, statuses

Browser = Callable[[str], FlaskClient]
OF_THE_LINE = {
    "call",
    "hold",
    "priority",
    "skip-once",
    "transfer",
    "start-direct",
    "leave",
    "cancel",
    "transfer-out",
}
OF_A_CALL = {"start", "recall", "miss", "uncall", "transfer", "leave", "cancel", "transfer-out"}
OF_THE_ROOM = {"complete", "pause", "leave", "cancel", "transfer-out"}


@pytest.mark.parametrize(
    ("who", "waiting", "called", "inside"),
    [
        ("anne", OF_THE_LINE, OF_A_CALL, OF_THE_ROOM),
        ("grace", OF_THE_LINE | {"add-step", "waive"}, OF_A_CALL | {"add-step"}, OF_THE_ROOM | {"add-step"}),
        ("flora", OF_THE_LINE | {"void"}, OF_A_CALL | {"void"}, OF_THE_ROOM | {"void"}),
        ("henry", set(), set(), set()),  # the desk looks
    ],
)
def test_a_sheet_offers_what_the_table_allows_and_the_reader_may(
    browser_of: Browser, ward: Ward, who: str, waiting: set[str], called: set[str], inside: set[str]
) -> None:
    reader = browser_of(who)
    entry = ward.board().waiting[0].entry_id
    assert offered(ward.sheet(entry, who=reader)) == waiting
    assert ward.call_next() == entry
    assert offered(ward.sheet(entry, who=reader)) == called
    ward.start(entry)
    assert offered(ward.sheet(entry, who=reader)) == inside


@pytest.mark.parametrize(
    ("who", "patient", "room", "everybody", "moves"),
    [
        ("anne", 200, 200, 200, 200),
        ("ben", 404, 404, 404, 404),
        ("flora", 200, 200, 200, 200),
        ("henry", 200, 403, 403, 200),
        ("chris", 403, 403, 403, 403),
        ("iris", 403, 403, 403, 403),
        ("eve", 401, 401, 401, 401),
    ],
)
def test_who_opens_which_sheet(
    browser_of: Browser, ward: Ward, who: str, patient: int, room: int, everybody: int, moves: int
) -> None:
    browser = browser_of(who)
    entry = ward.board().waiting[0].entry_id
    assert browser.get(f"{ward.page}/entries/{entry}").status_code == patient
    assert browser.get(f"{ward.page}/rooms/{ward.hospital.rooms[0]}").status_code == room
    assert browser.get(f"{ward.page}/everybody").status_code == everybody
    assert browser.get(f"{ward.page}/moves").status_code == moves


def test_the_charge_nurse_takes_back_what_others_did(browser_of: Browser, ward: Ward) -> None:
    entry = ward.call_next()
    flora, grace = browser_of("flora"), browser_of("grace")
    assert 'data-command="undo"' in ward.sheet(entry, who=flora)
    assert 'data-command="undo"' not in ward.sheet(entry, who=grace)
    with time_machine.travel(clock.utcnow() + timedelta(seconds=61)):
        assert 'data-command="undo"' not in ward.sheet(entry)
        assert 'data-command="undo"' in ward.sheet(entry, who=flora)


def test_a_room_is_paused_for_a_while_and_emptied_with_a_count(ward: Ward) -> None:
    room = ward.hospital.rooms[0]
    number = ward.board().waiting[0].number
    ward.call_next()
    sheet = ward.nurse.get(f"{ward.page}/rooms/{room}").text
    assert 'name="count" value="1"' in sheet
    assert f"<b>{number}</b>" in sheet
    emptied = ward.send(f"rooms/{room}/empty", count=1, confirm="everybody", reason="응급 상황")
    assert emptied.status_code == 200
    assert statuses(ward.board()) == ["WAITING"] * 3
    version = ward.board().rooms[0].version
    paused = ward.send(f"rooms/{room}/pause", version=version, reason="점심시간", minutes="60")
    assert paused.status_code == 200
    until = ward.board().rooms[0].until
    assert until is not None
    assert clock.utcnow() + timedelta(minutes=59) < until <= clock.utcnow() + timedelta(minutes=60)


def test_a_room_that_filled_up_meanwhile_is_not_emptied_unseen(ward: Ward) -> None:
    room = ward.hospital.rooms[0]
    ward.call_next()
    for htmx in (True, False):
        asked = ward.send(f"rooms/{room}/empty", htmx=htmx, count=0, confirm="everybody", other="의사 부재")
        assert asked.status_code == 409
        assert problem_of(asked.text)
        assert 'name="count" value="1"' in asked.text
        assert 'value="의사 부재"' in asked.text
    assert statuses(ward.board())[0] == "CALLED"


def test_a_room_is_closed_and_another_queues_room_is_not_found(ward: Ward) -> None:
    room = ward.hospital.rooms[1]
    assert ward.send(f"rooms/{room}/close", version=1).status_code == 200
    assert ward.board().rooms[1].status == "closed"
    assert ward.nurse.get(f"{ward.page}/rooms/{ward.hospital.lab_room}").status_code == 404


def second_queue(ward: Ward) -> object:
    """Open another queue of the same service."""
    return queues.open_queue(
        "consult-2",
        service="consult",
        site="demo",
        unit=ward.hospital.ward,
        name_ko="내과 2",
        name_en="Internal medicine 2",
        place="2f-demo-1",
        by=ward.hospital.cast.chris,
    )


def test_everybody_moves_to_another_queue_after_a_look_at_how_many(ward: Ward) -> None:
    other = second_queue(ward)
    db.session.remove()
    held = ward.board().waiting[2]
    ward.send(f"entries/{held.entry_id}/hold", version=held.version, reason="식사")
    sheet = ward.nurse.get(f"{ward.page}/everybody").text
    assert 'name="count" value="3"' in sheet
    assert 'name="held_count" value="2"' in sheet
    assert f'name="to" value="{other}"' in sheet
    wrong = ward.send("everybody", to=other, count=2, held_count=2, confirm="everybody", reason="장비 고장")
    assert wrong.status_code == 409
    assert re.search(rf'name="to" value="{other}" required checked', wrong.text)
    assert len(ward.board().rows) == 3
    moved = ward.send("everybody", to=other, count=3, held_count=2, confirm="everybody", reason="장비 고장")
    assert moved.status_code == 200
    assert ward.board().rows == ()


def test_everybody_is_put_aside(ward: Ward) -> None:
    asked = ward.send("everybody", to="aside", count=3, held_count=3, confirm="everybody")
    assert asked.status_code == 422
    moved = ward.send(
        "everybody", to="aside", count=3, held_count=3, confirm="everybody", reason="응급 상황", minutes="20"
    )
    assert moved.status_code == 200
    assert statuses(ward.board()) == ["HELD"] * 3
    assert all(row.held_until for row in ward.board().aside)


def test_who_comes_back_reads_what_others_did_and_not_the_own_deeds(browser_of: Browser, ward: Ward) -> None:
    seen = ward.board().seq
    mine = ward.call_next()
    journey.miss(mine, version=ward.board().called[0].version, by=ward.hospital.cast.grace)
    name = ward.board().aside[0].name
    page = ward.nurse.get(f"{ward.page}/moves?after={seen}").text
    assert 'data-count="1"' in page
    assert name in page
    assert "Grace" in page
    assert 'data-count="1"' in browser_of("grace").get(f"{ward.page}/moves?after={seen}").text
    assert 'data-count="0"' in ward.nurse.get(f"{ward.page}/moves?after={ward.board().seq}").text
    everything = ward.nurse.get(f"{ward.page}/moves").text
    assert everything.count("<time>") > 2
