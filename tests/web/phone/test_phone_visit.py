"""The visit's page in every state, the link that opens it once, and the push that renders the same piece."""

import re
from collections.abc import Callable
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import gettext
from sqlalchemy import select

from app.boards import queries as boards
from app.core.db import db
from app.journey import services as journey
from app.journey.models import Visit
from app.live.topics import Hospital as Feed
from tests.hospital import Hospital
from tests.web.plain import Plain, row_counts
from tests.web.scenes import entry_of, missed, pause_all_rooms, serve, statements


def opened(client: FlaskClient, hospital: Hospital, visit_id: UUID) -> Plain:
    """Open a visit's page by the link of its slip."""
    secret = journey.issue_link(visit_id, by=hospital.cast.henry)
    return Plain(client).open(f"/l/{secret}").press(f"/l/{secret}")


def test_the_page_follows_the_visit_from_the_line_to_the_way_home(
    client: FlaskClient, hospital: Hospital
) -> None:
    cast = hospital.cast
    first, visit = hospital.waiting("consult"), hospital.waiting("consult")
    phone = opened(client, hospital, visit)
    assert phone.path == "/me"
    assert 'data-state="WAITING"' in phone.text
    assert f"visit:{visit},line:{hospital.consult}" in phone.text
    assert 'class="ahead"' in phone.text

    for one in (first, visit):
        journey.call_next(hospital.consult, hospital.rooms[0 if one == first else 2], by=cast.anne)
    phone.open("/me")
    assert "call-screen" in phone.text
    assert "3번 진료실" in phone.text
    assert "route-goal" in phone.text
    assert "line:" not in phone.text

    journey.start(
        entry_of(visit).public_id,
        version=entry_of(visit).version,
        confirm=frozenset({"identity"}),
        by=cast.anne,
    )
    assert 'data-state="ONGOING"' in phone.open("/me").text
    journey.complete(
        entry_of(visit).public_id,
        version=entry_of(visit).version,
        confirm=frozenset({"short_service"}),
        by=cast.anne,
    )
    phone.open("/me")
    assert 'data-state="PAYMENT"' in phone.text
    assert "수납 창구" in phone.text
    version = db.session.execute(select(Visit.version).where(Visit.public_id == visit)).scalar_one()
    db.session.remove()
    journey.pay(visit, version=version, method="card", by=cast.iris)
    phone.open("/me")
    assert phone.page.status_code == 200
    assert 'data-state="FINISHED"' in phone.text
    assert "정문" in phone.text  # the way out


def test_an_arrival_at_the_desk_can_be_registered_on_the_phone(
    client: FlaskClient, hospital: Hospital
) -> None:
    visit = hospital.expect()
    journey.arrive(visit, by=hospital.cast.henry)
    phone = opened(client, hospital, visit)
    phone.press("/me/register")
    assert 'data-state="WAITING"' in phone.text


def test_registering_by_htmx_answers_with_the_fragment_alone(client: FlaskClient, hospital: Hospital) -> None:
    visit = hospital.expect()
    journey.arrive(visit, by=hospital.cast.henry)
    phone = opened(client, hospital, visit)
    form = next(form for form in phone.forms() if form.action == "/me/register")
    answer = client.post("/me/register", data=form.fields, headers={"HX-Request": "true"})
    text = answer.get_data(as_text=True).strip()
    assert text.startswith('<div id="visit"')
    assert 'hx-swap-oob="morph"' in text


def test_looking_at_a_link_uses_nothing_up(client: FlaskClient, hospital: Hospital) -> None:
    secret = journey.issue_link(hospital.waiting(), by=hospital.cast.henry)
    before = row_counts()
    assert client.get(f"/l/{secret}").status_code == 200
    assert row_counts() == before


def test_a_link_opens_on_the_first_phone_and_on_no_other(web: Flask, hospital: Hospital) -> None:
    secret = journey.issue_link(hospital.waiting(), by=hospital.cast.henry)
    own, other = Plain(web.test_client()), Plain(web.test_client())
    assert own.open(f"/l/{secret}").press(f"/l/{secret}").path == "/me"
    assert own.open(f"/l/{secret}").press(f"/l/{secret}").path == "/me"
    other.open(f"/l/{secret}").press(f"/l/{secret}")
    assert other.page.status_code == 401
    assert 'data-code="BAD_CREDENTIALS"' in other.text
    assert other.open("/me").page.status_code == 401


def test_a_phone_that_leaves_knows_nothing_any_more(client: FlaskClient, hospital: Hospital) -> None:
    phone = opened(client, hospital, hospital.waiting())
    form = next(form for form in phone.forms() if form.action == "/me/leave")
    left = client.post("/me/leave", data=form.fields)
    assert left.status_code == 303
    assert "storage" in left.headers["Clear-Site-Data"]
    assert client.get("/me").status_code == 401


@pytest.mark.parametrize("name", ["anne", "ben", "chris", "henry", "iris", "eve"])
def test_nobody_else_has_a_visit_of_their_own(browser_of, hospital: Hospital, name: str) -> None:
    assert browser_of(name).get("/me").status_code in {401, 403}


def test_the_pushed_pieces_are_those_of_the_page(web: Flask, hospital: Hospital) -> None:
    visit = hospital.waiting("consult")
    entry = entry_of(visit).public_id
    with web.test_request_context():
        feed = Feed()
        pushed = feed.render(f"visit:{visit}", "phone:en:step_free").text.strip()
        line = feed.render(f"line:{hospital.consult}", f"place:ko:{entry}").text.strip()
    assert pushed.startswith('<div id="visit"')
    assert 'hx-swap-oob="morph"' in pushed.partition(">")[0]
    assert pushed.count("hx-swap-oob") == 1
    assert 'profile=step_free#way" aria-current="true"' in pushed
    assert line.startswith(f'<div id="line-{hospital.consult}"')
    assert f'data-topic="line:{hospital.consult}"' in line
    assert 'hx-swap-oob="morph"' in line


def test_a_line_that_pauses_says_so_and_keeps_the_place(client: FlaskClient, hospital: Hospital) -> None:
    visit = hospital.waiting("consult")
    phone = opened(client, hospital, visit)
    assert 'data-why=""' in phone.text
    pause_all_rooms(hospital)
    phone.open("/me")
    assert 'data-why="paused"' in phone.text
    assert 'data-ahead="0"' in phone.text


def test_many_phones_of_one_line_cost_one_look_at_the_queue(web: Flask, hospital: Hospital) -> None:
    entries = [entry_of(hospital.waiting("consult")).public_id for _ in range(5)]
    with web.test_request_context():
        feed = Feed()
        with statements() as first:
            texts = [feed.render(f"line:{hospital.consult}", f"place:ko:{entries[0]}").text]
        with statements() as rest:
            texts += [feed.render(f"line:{hospital.consult}", f"place:ko:{one}").text for one in entries[1:]]
        feed.release()
    assert len(first) == 5
    assert rest == []
    assert [f'data-ahead="{ahead}"' in text for ahead, text in enumerate(texts)] == [True] * 5


def test_the_page_costs_few_statements(client: FlaskClient, hospital: Hospital) -> None:
    phone = opened(client, hospital, hospital.waiting("consult", "lab"))
    for _ in range(20):
        hospital.waiting("consult")
    with statements() as seen:
        phone.open("/me")
    reads = [one for one in seen if one.startswith("SELECT")]
    assert len(reads) <= 12, reads
    assert len(phone.page.get_data()) < 40_000


def test_whoever_was_sent_elsewhere_reads_where_to_and_keeps_the_number(
    client: FlaskClient, hospital: Hospital
) -> None:
    visit = hospital.waiting("consult")
    phone = opened(client, hospital, visit)
    entry = entry_of(visit)
    journey.transfer(
        entry.public_id, version=entry.version, service_point_id=hospital.rooms[2], by=hospital.cast.anne
    )
    phone.open("/me")
    assert entry_of(visit).number == entry.number
    assert "banner-warn" in phone.text
    assert "3번 진료실" in phone.text


def test_the_days_stations_stand_in_order_with_what_to_mind(client: FlaskClient, hospital: Hospital) -> None:
    visit = hospital.waiting("consult", "lab", "consult")
    phone = opened(client, hospital, visit)
    assert phases(phone) == ["now", "next", "later"]
    assert "검사 전 8시간 금식해 주세요." in phone.text
    journey.call_next(hospital.consult, hospital.rooms[0], by=hospital.cast.anne)
    serve(hospital, visit)
    assert phases(phone.open("/me")) == ["done", "now", "next"]


@pytest.mark.parametrize(
    ("end", "how", "headline"),
    [
        (
            lambda one, v, h: journey.cancel(one, version=v, reason="x", by=h.cast.anne),
            "cancelled_by_staff",
            "Your visit was cancelled by the hospital",
        ),
        (lambda one, v, h: journey.leave(one, version=v, by=h.cast.anne), "lwbs", "You have left for today"),
        (
            lambda one, v, h: journey.transfer_out(one, version=v, reason="x", by=h.cast.anne),
            "transferred_out",
            "Your care goes on elsewhere",
        ),
        (
            lambda one, v, h: journey.void(one, version=v, reason="x", by=h.cast.flora),
            "entered_in_error",
            "This visit was entered by mistake",
        ),
        (
            lambda one, v, h: journey.close(one, version=v, reason="x", by=h.cast.flora),
            "admin_close",
            "The day is over",
        ),
    ],
)
def test_every_end_has_words_of_its_own(
    client: FlaskClient,
    web: Flask,
    hospital: Hospital,
    end: Callable[..., object],
    how: str,
    headline: str,
) -> None:
    visit = hospital.waiting("consult")
    phone = opened(client, hospital, visit)
    end(visit, boards.my_visit(visit, by=None).version, hospital)
    db.session.remove()
    phone.open("/me")
    seen = boards.my_visit(visit, by=None)
    assert (seen.disposition, phone.page.status_code) == (how, 200)
    assert 'data-state="FINISHED"' in phone.text
    assert "route-line" not in phone.text  # nobody is shown the door
    assert phone.text.partition("<h1>")[2].partition("</h1>")[0] == said(web, headline)


def test_a_second_visit_of_the_day_begins_at_the_tag_again(client: FlaskClient, hospital: Hospital) -> None:
    visit = hospital.waiting("consult")
    phone = opened(client, hospital, visit)
    journey.cancel(visit, version=boards.my_visit(visit, by=None).version, reason="x", by=hospital.cast.anne)
    db.session.remove()
    phone.open(f"/t/{hospital.entrance}")
    assert phone.path == f"/t/{hospital.entrance}"
    assert [form for form in phone.forms() if form.action.endswith("/identify")]


def test_the_history_is_told_in_words_and_without_names(client: FlaskClient, hospital: Hospital) -> None:
    visit = hospital.waiting("consult")
    phone = opened(client, hospital, visit)
    missed(hospital, visit)
    past = phone.open("/me").text.partition('class="past-lines"')[2].partition("</ol>")[0]
    assert past.count("<li>") == 5  # came, registered, in line, called, missed
    assert "Anne" not in past


def said(web: Flask, sentence: str) -> str:
    """Return a sentence as a patient reads it."""
    with web.test_request_context():
        return str(gettext(sentence))


def phases(phone: Plain) -> list[str]:
    """Return where the day's stations stand, as the page says."""
    return re.findall(r'class="phase phase-(\w+)"', phone.text)
