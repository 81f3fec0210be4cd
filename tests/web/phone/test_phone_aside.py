"""Out of the line and back by the own phone: a missed call, a moment away, the end before the end. No script needed."""

from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.boards import queries as boards
from app.journey import services as journey
from tests.hospital import Hospital
from tests.web.phone.test_phone_visit import opened
from tests.web.plain import Plain, row_counts
from tests.web.scenes import entry_of, missed, serve


def where(visit_id: UUID) -> tuple[str, int]:
    entry = entry_of(visit_id)
    return entry.status, entry.re_entries


def test_whoever_missed_the_call_comes_back_by_a_button(client: FlaskClient, hospital: Hospital) -> None:
    visit = hospital.waiting("consult")
    phone = opened(client, hospital, visit)
    missed(hospital, visit)
    phone.open("/me")
    assert 'data-status="NO_SHOW"' in phone.text
    assert where(visit) == ("NO_SHOW", 0)
    phone.press("/me/re-enter")
    assert (phone.path, phone.page.status_code) == ("/me", 200)
    assert where(visit) == ("WAITING", 1)
    assert 'class="ahead"' in phone.text


def test_a_tap_after_a_missed_call_offers_the_line_and_changes_nothing(
    client: FlaskClient, hospital: Hospital
) -> None:
    visit = hospital.waiting("consult")
    phone = opened(client, hospital, visit)
    missed(hospital, visit)
    before = row_counts()
    phone.open(f"/t/{hospital.entrance}")
    after = row_counts()
    changed = {name: after[name] - before[name] for name in after if after[name] != before[name]}
    assert changed.keys() <= {"tap", "audit"}
    assert phone.path == f"/t/{hospital.entrance}"
    assert where(visit) == ("NO_SHOW", 0)
    phone.press("/me/re-enter")
    assert where(visit) == ("WAITING", 1)


def test_after_too_many_missed_calls_the_phone_shows_the_way_to_the_desk(
    client: FlaskClient, hospital: Hospital
) -> None:
    visit = hospital.waiting("consult")
    phone = opened(client, hospital, visit)
    missed(hospital, visit, times=3)
    phone.open("/me")
    assert not [form for form in phone.forms() if form.action.endswith("/re-enter")]
    seen = boards_of(hospital, visit)
    assert seen.is_for_desk
    way = boards.guidance(seen).route
    assert way is not None
    assert way.goal.code.endswith("registration")
    entry = entry_of(visit)
    refused = client.post(
        "/me/re-enter",
        data={**_token(phone), "entry": str(entry.public_id), "version": str(entry.version)},
    )
    text = refused.get_data(as_text=True)
    assert refused.status_code == 409
    assert 'data-code="TRANSITION_REFUSED"' in text
    assert 'href="/me"' in text
    assert where(visit) == ("NO_SHOW", 2)


def test_stepping_out_keeps_the_place_once(client: FlaskClient, hospital: Hospital) -> None:
    visit, behind = hospital.waiting("consult"), hospital.waiting("consult")
    phone = opened(client, hospital, visit)
    assert 'href="/me/away"' in phone.text
    before = row_counts()
    phone.open("/me/away")
    assert {name for name, count in row_counts().items() if count != before[name]} <= {"audit"}
    phone.press("/me/away", reason="toilet")
    entry = entry_of(visit)
    assert (phone.path, entry.status, entry.own_holds) == ("/me", "HELD", 1)
    assert entry.held_reason
    assert entry.held_until is not None
    called = journey.call_next(hospital.consult, hospital.rooms[0], by=hospital.cast.anne)
    assert called.visit_id == behind
    phone.press("/me/back")
    assert where(visit) == ("WAITING", 0)
    assert "/me/away" not in phone.text  # once for each examination
    again = client.get("/me/away")
    assert again.status_code == 409
    assert 'data-code="TRANSITION_REFUSED"' in again.get_data(as_text=True)


def test_a_reason_nobody_offered_is_refused_in_words(client: FlaskClient, hospital: Hospital) -> None:
    visit = hospital.waiting("consult")
    phone = opened(client, hospital, visit).open("/me/away")
    phone.press("/me/away", reason="party")
    assert phone.page.status_code == 422
    assert 'data-code="INVALID"' in phone.text
    assert entry_of(visit).status == "WAITING"


def test_put_aside_by_staff_the_phone_says_so_and_offers_no_way_back(
    client: FlaskClient, hospital: Hospital
) -> None:
    visit = hospital.waiting("consult")
    phone = opened(client, hospital, visit)
    entry = entry_of(visit)
    journey.hold(entry.public_id, version=entry.version, reason="응급 수술 중", by=hospital.cast.anne)
    phone.open("/me")
    assert 'data-status="HELD"' in phone.text
    assert "응급 수술" not in phone.text  # the staff's words are the staff's
    assert not [form for form in phone.forms() if form.action.endswith("/me/back")]


@pytest.mark.parametrize(
    ("how", "action", "ended"),
    [("cancel", "/me/cancel", "cancelled_by_patient"), ("leave", "/me/go-home", "lwbs")],
)
def test_the_visit_is_ended_by_two_steps(
    client: FlaskClient, hospital: Hospital, how: str, action: str, ended: str
) -> None:
    visit = hospital.waiting("consult")
    phone = opened(client, hospital, visit)
    assert 'href="/me/stop"' in phone.text
    phone.open("/me/stop")
    assert not [form for form in phone.forms() if form.action.startswith("/me/")]  # only ways on and back
    assert 'href="/me/stop?how=cancel"' in phone.text
    assert 'href="/me/stop?how=leave"' in phone.text
    phone.open(f"/me/stop?how={how}")
    assert 'href="/me/stop"' in phone.text
    assert entry_of(visit).status == "WAITING"
    phone.press(action, **({"reason": "personal"} if how == "cancel" else {}))
    seen = boards_of(hospital, visit)
    assert (phone.path, seen.state.value, seen.disposition) == ("/me", "FINISHED", ended)
    assert 'data-state="FINISHED"' in phone.text
    assert client.get("/me/stop").status_code == 409


def test_after_the_first_examination_one_goes_home_and_calls_nothing_off(
    client: FlaskClient, hospital: Hospital
) -> None:
    visit = hospital.waiting("consult", "lab")
    phone = opened(client, hospital, visit)
    journey.call_next(hospital.consult, hospital.rooms[0], by=hospital.cast.anne)
    serve(hospital, visit)
    phone.open("/me/stop")
    assert "/me/cancel" not in phone.text
    phone.press("/me/go-home")
    assert boards_of(hospital, visit).disposition == "left_during_care"


def test_a_stale_button_changes_nothing_and_says_so(client: FlaskClient, hospital: Hospital) -> None:
    visit = hospital.waiting("consult")
    phone = opened(client, hospital, visit)
    missed(hospital, visit)
    phone.open("/me")
    journey.re_enter(entry_of(visit).public_id, version=entry_of(visit).version, by=hospital.cast.anne)
    missed(hospital, visit)
    phone.press("/me/re-enter")
    assert phone.page.status_code == 409
    assert 'data-code="STALE_VERSION"' in phone.text
    assert where(visit) == ("NO_SHOW", 1)


@pytest.mark.parametrize("action", ["away", "back", "re-enter"])
def test_another_patients_place_is_not_found(client: FlaskClient, hospital: Hospital, action: str) -> None:
    mine, other = hospital.waiting("consult"), hospital.waiting("consult")
    phone = opened(client, hospital, mine)
    theirs = entry_of(other)
    for entry in (theirs.public_id, uuid4()):
        refused = client.post(
            f"/me/{action}",
            data={**_token(phone), "entry": str(entry), "version": str(theirs.version), "reason": "toilet"},
        )
        assert refused.status_code == 404
    assert entry_of(other).version == theirs.version


@pytest.mark.parametrize("action", ["away", "back", "re-enter", "cancel", "go-home"])
def test_without_the_pages_token_nothing_happens(
    client: FlaskClient, hospital: Hospital, action: str
) -> None:
    visit = hospital.waiting("consult")
    opened(client, hospital, visit)
    entry = entry_of(visit)
    refused = client.post(
        f"/me/{action}", data={"entry": str(entry.public_id), "version": "1", "reason": "toilet"}
    )
    assert refused.status_code == 400
    assert entry_of(visit).version == entry.version


@pytest.mark.parametrize("address", ["/me/away", "/me/stop"])
def test_a_stranger_is_asked_to_tap(web: Flask, address: str) -> None:
    page = web.test_client().get(address)
    assert page.status_code == 401
    assert 'data-code="SIGN_IN_NEEDED"' in page.get_data(as_text=True)


def test_a_live_button_is_refused_on_the_page_itself(client: FlaskClient, hospital: Hospital) -> None:
    visit = hospital.waiting("consult")
    phone = opened(client, hospital, visit)
    entry = entry_of(visit)
    refused = client.post(
        "/me/back",
        data={**_token(phone), "entry": str(entry.public_id), "version": str(entry.version)},
        headers={"HX-Request": "true"},
    )
    assert (refused.status_code, refused.headers["HX-Retarget"]) == (409, "#conflict")
    assert refused.get_data(as_text=True).lstrip().startswith('<section id="problem"')


def boards_of(hospital: Hospital, visit_id: UUID) -> boards.MyVisit:
    return boards.my_visit(visit_id, by=hospital.cast.henry)


def _token(phone: Plain) -> dict[str, str]:
    return {"csrf_token": phone.forms()[0].fields["csrf_token"]}
