"""The wall of a waiting room: numbers for its own screen, and nothing of anybody's name anywhere."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from flask.testing import FlaskClient

from app.boards import queries as boards
from app.core import clock
from app.core.db import db
from app.journey import services as journey
from app.queues import services as queues
from tests.hospital import Hospital
from tests.pages import send
from tests.web.scenes import entry_of, missed, pause_all_rooms, statements

Browser = Callable[[str], FlaskClient]


@pytest.fixture
def screen(client: FlaskClient, hospital: Hospital) -> FlaskClient:
    """Give the screen that was paired for the ward's queue."""
    assert send(client, "/pair", "/pair", code=hospital.board_code).location == f"/board/{hospital.consult}"
    return client


@pytest.mark.parametrize(
    ("who", "own", "other"),
    [
        ("anne", 200, 403),
        ("ben", 403, 200),
        ("grace", 200, 403),
        ("henry", 200, 200),
        ("iris", 403, 403),
        ("jonas", 403, 403),
        ("eve", 403, 403),
    ],
)
def test_who_sees_which_board(
    browser_of: Browser, hospital: Hospital, who: str, own: int, other: int
) -> None:
    browser = browser_of(who)
    assert browser.get(f"/board/{hospital.consult}").status_code == own
    assert browser.get(f"/board/{hospital.elsewhere}").status_code == other


def test_a_screen_shows_its_own_queue_and_no_other(screen: FlaskClient, hospital: Hospital) -> None:
    assert screen.get(f"/board/{hospital.consult}").status_code == 200
    other = screen.get(f"/board/{hospital.elsewhere}")
    assert other.status_code == 403
    assert 'href="/pair"' in other.text


def test_a_screen_that_was_switched_off_wakes_by_itself(screen: FlaskClient, hospital: Hospital) -> None:
    screen.delete_cookie("annae-session")
    asleep = screen.get(f"/board/{hospital.consult}")
    assert (asleep.status_code, asleep.location) == (303, "/wake")
    assert screen.get("/wake").location == f"/board/{hospital.consult}"
    assert screen.get(f"/board/{hospital.consult}").status_code == 200


def test_a_board_shows_numbers_and_rooms_and_no_name(screen: FlaskClient, hospital: Hospital) -> None:
    hospital.waiting(name="남궁민수")
    hospital.waiting(name="김영희")
    called = journey.call_next(hospital.consult, hospital.rooms[1], by=hospital.cast.anne)
    number = boards.public_board(hospital.consult).calls[0].number
    db.session.remove()
    page = screen.get(f"/board/{hospital.consult}").text
    assert f'<span class="call-number">{number}</span>' in page
    assert f'data-call="{called.call_id}"' in page
    assert "2번 진료실" in page
    for secret in ("남궁", "민수", "김영", "1953", *(phone for phone, _ in hospital.phones.values())):
        assert secret not in re.sub(r'="[^"]*"', "", page)


def test_a_recall_is_another_call_of_the_same_number(screen: FlaskClient, hospital: Hospital) -> None:
    hospital.waiting()
    first = journey.call_next(hospital.consult, hospital.rooms[0], by=hospital.cast.anne)
    row = boards.ward_board(hospital.consult, by=None).called[0]
    second = journey.recall(row.entry_id, version=row.version, by=hospital.cast.anne)
    page = screen.get(f"/board/{hospital.consult}").text
    assert f'data-call="{second.call_id}"' in page
    assert str(first.call_id) not in page


def test_a_board_never_shows_yesterdays_numbers(screen: FlaskClient, hospital: Hospital) -> None:
    hospital.waiting()
    journey.call_next(hospital.consult, hospital.rooms[0], by=hospital.cast.anne)
    with time_machine.travel(clock.utcnow() + timedelta(days=1), tick=True):
        page = screen.get(f"/board/{hospital.consult}")
    assert page.status_code == 200
    assert "call-number" not in page.text
    assert "data-call=" not in page.text


def test_a_board_knows_when_its_day_ends(screen: FlaskClient, hospital: Hospital) -> None:
    (ends,) = re.findall(r'data-day-ends="(\d+)"', screen.get(f"/board/{hospital.consult}").text)
    assert clock.utcnow().timestamp() * 1000 < int(ends) <= (clock.utcnow().timestamp() + 86400) * 1000


def test_a_board_follows_its_topic(screen: FlaskClient, hospital: Hospital) -> None:
    page = screen.get(f"/board/{hospital.consult}").text
    assert f'data-topic="board:{hospital.consult}"' in page
    assert f"topics=board%3A{hospital.consult}" in page
    pushed = screen.get(f"/live/fragment?topic=board:{hospital.consult}").text
    assert pushed.lstrip().startswith('<div id="board"')
    assert 'hx-swap-oob="morph"' in pushed


def test_a_missed_and_a_withdrawn_call_leave_the_wall(screen: FlaskClient, hospital: Hospital) -> None:
    gone, mistaken = hospital.waiting(), hospital.waiting()
    missed(hospital, gone)
    journey.call_next(hospital.consult, hospital.rooms[0], by=hospital.cast.anne)
    entry = entry_of(mistaken)
    assert entry.status == "CALLED"
    assert "data-call=" in screen.get(f"/board/{hospital.consult}").text
    journey.uncall(entry.public_id, version=entry.version, by=hospital.cast.anne)
    assert "data-call=" not in screen.get(f"/board/{hospital.consult}").text


def test_a_wall_shows_as_many_open_calls_as_rooms_call(screen: FlaskClient, hospital: Hospital) -> None:
    rooms = [
        queues.add_room(
            hospital.consult,
            name_ko=f"{n}번 진료실",
            name_en=f"Room {n}",
            place="2f-demo-1",
            by=hospital.cast.chris,
        )
        for n in range(4, 17)
    ]
    for room in (*hospital.rooms, *rooms):
        hospital.waiting()
        journey.call_next(hospital.consult, room, by=hospital.cast.anne)
    page = screen.get(f"/board/{hospital.consult}").text
    assert page.count('<article class="call"') == 12
    assert 'data-calls="12"' in page
    assert page.count('<li id="last-') == 5


def test_a_wall_says_when_calls_are_paused_and_how_long_a_newcomer_waits(
    screen: FlaskClient, hospital: Hospital
) -> None:
    hospital.waiting()
    open_page = screen.get(f"/board/{hospital.consult}").text
    assert 'class="wait"' in open_page
    pause_all_rooms(hospital)
    page = screen.get(f"/board/{hospital.consult}").text
    assert 'class="opening is-closed"' in page
    assert 'class="wait"' not in page


def test_a_wall_costs_seven_statements(hospital: Hospital) -> None:
    for _ in range(20):
        hospital.waiting()
    with statements() as seen:
        boards.public_board(hospital.consult)
    assert len(seen) == 7
