"""The ward's pages: who sees which queue, what a row shows, and what it costs the database."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from app.boards import queries as boards
from app.core import clock
from app.core.actor import SYSTEM
from app.core.db import db
from app.journey import services as journey
from app.queues import services as queues
from app.queues.states import PointStatus
from tests.hospital import Hospital

Browser = Callable[[str], FlaskClient]
OWN_STATEMENTS, ALL_STATEMENTS = 4, 7  # two of its own are the forecast's; the alerts above it are one


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collect every statement that reaches the database."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith("BEGIN"):  # on SQLite it passes here; elsewhere it is no statement
            seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield seen
    event.remove(db.engine, "before_cursor_execute", note)


@pytest.mark.parametrize(
    ("who", "choose", "own", "other"),
    [
        ("anne", 200, 200, 404),
        ("ben", 200, 404, 200),
        ("flora", 200, 200, 404),
        ("grace", 200, 200, 404),
        ("henry", 200, 200, 200),  # the desk reads every queue
        ("chris", 403, 403, 403),
        ("iris", 403, 403, 403),
        ("jonas", 403, 403, 403),
        ("eve", 401, 401, 401),
    ],
)
def test_who_sees_which_ward(
    browser_of: Browser, hospital: Hospital, who: str, choose: int, own: int, other: int
) -> None:
    browser = browser_of(who)
    assert browser.get("/ward").status_code == choose
    assert browser.get(f"/ward/{hospital.consult}").status_code == own
    assert browser.get(f"/ward/{hospital.elsewhere}").status_code == other


def test_a_nurse_chooses_among_the_own_queues(browser_of: Browser, hospital: Hospital) -> None:
    page = browser_of("anne").get("/ward").get_data(as_text=True)
    assert f"/ward/{hospital.consult}" in page
    assert f"/ward/{hospital.lab}" in page
    assert f"/ward/{hospital.elsewhere}" not in page


def test_a_row_shows_two_identifiers_and_only_what_may_be_done(
    browser_of: Browser, hospital: Hospital
) -> None:
    hospital.waiting(name="김영희")
    page = browser_of("anne").get(f"/ward/{hospital.consult}").get_data(as_text=True)
    (row,) = re.findall(r"<tr id=\"entry-.*?</tr>", page, re.DOTALL)
    assert "김영희" in row
    assert "1953" in row
    assert "/call" in row
    for command in ("recall", "start", "complete"):
        assert f"/{command}" not in row


def test_before_a_start_the_page_names_the_patient_twice(browser_of: Browser, hospital: Hospital) -> None:
    hospital.waiting(name="김영희")
    journey.call_next(hospital.consult, hospital.rooms[0], by=hospital.cast.anne)
    page = browser_of("anne").get(f"/ward/{hospital.consult}").get_data(as_text=True)
    (question,) = re.findall(r"<form class=\"menu-list check-who\".*?</form>", page, re.DOTALL)
    assert "김영희" in question
    assert "1953" in question
    assert 'name="confirm" value="identity"' in question


def test_the_fragment_names_its_topic_its_seq_and_every_row(browser_of: Browser, hospital: Hospital) -> None:
    hospital.waiting()
    hospital.waiting()
    journey.call_next(hospital.consult, hospital.rooms[0], by=hospital.cast.anne)
    board = boards.ward_board(hospital.consult, by=hospital.cast.anne)
    db.session.remove()
    page = browser_of("anne").get(f"/ward/{hospital.consult}").get_data(as_text=True)
    assert f'data-topic="queue:{hospital.consult}" data-seq="{board.seq}"' in page
    assert f'id="entry-{board.waiting[0].entry_id}"' in page
    menus = re.findall(r"<details[^>]*>", page.partition('id="queue"')[2].partition('id="act"')[0])
    assert menus
    assert all(' id="' in menu for menu in menus)


def test_an_address_shows_one_part_of_the_list(browser_of: Browser, hospital: Hospital) -> None:
    browser = browser_of("anne")
    assert 'class="ward only-called"' in browser.get(f"/ward/{hospital.consult}?show=called").text
    assert 'class="ward"' in browser.get(f"/ward/{hospital.consult}?show=<b>").text


def test_the_desk_looks_and_drives_nothing(browser_of: Browser, hospital: Hospital) -> None:
    assert 'class="ward is-reader"' in browser_of("henry").get(f"/ward/{hospital.consult}").text


def row_of(page: str, number: int) -> str:
    """Return the row of a number as the page shows it."""
    found = re.search(rf'<tr id="entry-[^"]*"[^>]* data-number="{number}".*?</tr>', page, re.DOTALL)
    assert found
    return found.group(0)


def test_a_row_says_why_it_stands_where_it_stands(browser_of: Browser, hospital: Hospital) -> None:
    for _ in range(4):
        hospital.waiting()
    page = f"/ward/{hospital.consult}"
    first, second, third, fourth = boards.ward_board(hospital.consult, by=None).waiting
    by = hospital.cast.anne
    journey.prioritise(fourth.entry_id, priority=2, version=fourth.version, reason="통증 심함", by=by)
    until = clock.utcnow() + timedelta(minutes=20)
    journey.hold(third.entry_id, version=third.version, reason="식사", until=until, by=by)
    with time_machine.travel(clock.utcnow() + timedelta(minutes=61)):
        queues.age_lines(by=SYSTEM)
        shown = browser_of("anne").get(page).text
    assert "is-urgent" in row_of(shown, fourth.number)
    assert "#triangle-alert" in row_of(shown, fourth.number)
    assert boards.ward_board(hospital.consult, by=None).waiting[1].raised == "waited"
    assert row_of(shown, second.number).count("#hourglass") == 2, "it waits, and has waited long"
    assert "식사" in row_of(shown, third.number)
    assert f"{clock.local(until):%H:%M}" in row_of(shown, third.number)
    assert "/call" in row_of(shown, fourth.number)
    assert 'formaction="' not in row_of(shown, first.number).partition('data-command="call"')[0]


def test_a_waiting_row_tells_a_range_and_a_paused_house_tells_none(
    browser_of: Browser, hospital: Hospital
) -> None:
    hospital.waiting()
    row = boards.ward_board(hospital.consult, by=None).waiting[0]
    assert row.wait is not None
    assert row.wait.range is not None
    for room in hospital.rooms:
        queues.set_point_status(
            room, status=PointStatus.PAUSED, version=1, reason="회진", by=hospital.cast.anne
        )
    row = boards.ward_board(hospital.consult, by=None).waiting[0]
    assert row.wait is not None
    assert row.wait.range is None
    assert row.wait.why == "paused"


def test_an_address_finds_a_number_and_never_a_name(browser_of: Browser, hospital: Hospital) -> None:
    browser, page = browser_of("anne"), f"/ward/{hospital.consult}"
    assert 'value="37"' in browser.get(f"{page}?number=37").text
    assert 'data-filter autocomplete="off" value=""' in browser.get(f"{page}?number=김영희").text
    assert "only-mine" in browser.get(f"{page}?mine=1").text
    assert "only-urgent" in browser.get(f"{page}?show=urgent").text


def test_a_long_list_stays_lean(web: Flask, browser_of: Browser, hospital: Hospital) -> None:
    for _ in range(20):
        hospital.waiting()
    page = browser_of("anne").get(f"/ward/{hospital.consult}").text
    rows = re.findall(r"<tr id=\"entry-.*?</tr>", page, re.DOTALL)
    # 500 rows shall stay below a megabyte: no form, no menu, no reasons in a row that waits.
    assert max(len(row.encode()) for row in rows) < 2100
    assert not any("<form" in row for row in rows)


@pytest.mark.parametrize("waiting", [1, 15, pytest.param(500, marks=pytest.mark.slow)])
def test_a_ward_page_costs_seven_statements_however_many_wait(
    web: Flask, browser_of: Browser, hospital: Hospital, waiting: int
) -> None:
    for _ in range(waiting):
        hospital.waiting()
    with statements() as own:
        board = boards.ward_board(hospital.consult, by=hospital.cast.anne)
    db.session.remove()
    browser = browser_of("anne")
    browser.get(f"/ward/{hospital.consult}")
    with statements() as seen:
        answer = browser.get(f"/ward/{hospital.consult}")
    assert answer.status_code == 200
    assert len(board.waiting) == waiting
    assert len(own) <= OWN_STATEMENTS, own
    assert len(seen) <= ALL_STATEMENTS, seen


def test_a_sheet_costs_a_dozen_statements(browser_of: Browser, hospital: Hospital) -> None:
    for _ in range(5):
        hospital.waiting()
    row = boards.ward_board(hospital.consult, by=None).waiting[-1]
    with statements() as own:
        boards.ward_patient(hospital.consult, row.entry_id, by=hospital.cast.anne)
    assert len(own) <= 11, own
    with statements() as line:
        boards.ward_line(hospital.consult, by=hospital.cast.anne)
    assert len(line) <= 6, line
    with statements() as moves:
        boards.ward_moves(hospital.consult, by=hospital.cast.anne)
    assert len(moves) <= 3, moves
