"""How the phone tells its owner: at how many ahead, by message; and a worker that keeps nothing of anybody."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.boards import queries as boards
from app.core.db import db
from tests.hospital import Hospital
from tests.web.phone.test_phone_visit import opened
from tests.web.plain import Plain


def near_turn_of(hospital: Hospital, visit_id: object) -> int | None:
    db.session.remove()
    return boards.my_visit(visit_id, by=hospital.cast.henry).near_turn_at  # type: ignore[arg-type]


def test_a_number_of_people_is_chosen_and_taken_back_without_script(
    client: FlaskClient, hospital: Hospital
) -> None:
    visit = hospital.waiting("consult")
    phone = opened(client, hospital, visit)
    assert 'data-near="0"' in phone.text
    phone.press("/me/alerts", people="3")
    assert (phone.path, near_turn_of(hospital, visit)) == ("/me", 3)
    assert 'data-near="3"' in phone.text
    assert 'value="3" aria-pressed="true"' in phone.text
    phone.press("/me/alerts", people="0")
    assert near_turn_of(hospital, visit) is None


@pytest.mark.parametrize("people", ["", "x", "11", "-1", "²"])
def test_another_number_is_refused_in_words(client: FlaskClient, hospital: Hospital, people: str) -> None:
    visit = hospital.waiting("consult")
    phone = opened(client, hospital, visit).press("/me/alerts", people=people)
    assert phone.page.status_code == 422
    assert 'data-code="INVALID"' in phone.text
    assert near_turn_of(hospital, visit) is None


def test_the_settings_page_is_the_patients_own(client: FlaskClient, web: Flask, hospital: Hospital) -> None:
    phone = opened(client, hospital, hospital.waiting("consult"))
    assert phone.open("/me/alerts").page.status_code == 200
    assert web.test_client().get("/me/alerts").status_code == 401
    assert web.test_client().get("/me/messages").status_code == 405


def test_messages_are_wished_for_and_refused_again(client: FlaskClient, hospital: Hospital) -> None:
    phone = opened(client, hospital, hospital.waiting("consult"))
    token = phone.forms()[0].fields["csrf_token"]
    for wanted in ("yes", ""):
        answer = client.post("/me/messages", data={"csrf_token": token, "wanted": wanted})
        assert (answer.status_code, answer.location) == (303, "/me/alerts")


def test_the_worker_stands_at_the_root_and_keeps_words_only(client: FlaskClient, hospital: Hospital) -> None:
    opened(client, hospital, hospital.waiting("consult", name="남궁민수"))
    worker = client.get("/sw.js")
    assert (worker.mimetype, worker.headers["Cache-Control"]) == ("text/javascript", "no-cache")
    page = client.get("/offline")
    assert page.status_code == 200
    text = page.get_data(as_text=True)
    assert "csrf" not in text
    assert "남" not in text
    assert "Set-Cookie" not in Plain(client).open("/offline").page.headers
