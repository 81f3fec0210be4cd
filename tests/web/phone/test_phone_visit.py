"""The visit's page in every state, the link that opens it once, and the push that renders the same piece."""

from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.core.db import db
from app.journey import services as journey
from app.journey.models import Visit
from app.live.topics import Hospital as Feed
from app.queues.models import QueueEntry
from tests.hospital import Hospital
from tests.web.plain import Plain, row_counts


def opened(client: FlaskClient, hospital: Hospital, visit_id: UUID) -> Plain:
    """Open a visit's page by the link of its slip."""
    secret = journey.issue_link(visit_id, by=hospital.cast.henry)
    return Plain(client).open(f"/l/{secret}").press(f"/l/{secret}")


def entry_of(visit_id: UUID) -> QueueEntry:
    found = db.session.execute(
        select(QueueEntry)
        .join(Visit, Visit.id == QueueEntry.visit_id)
        .where(Visit.public_id == visit_id, QueueEntry.active_slot == 1)
    ).scalar_one()
    db.session.expunge(found)
    db.session.remove()
    return found


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
