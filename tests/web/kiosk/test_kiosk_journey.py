"""At the kiosk: one question per page, nothing booked before the check, nobody remembered afterwards."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.alerts import services as alerts
from app.boards import queries as boards
from app.boards.queries import AlertRow
from app.core.db import db
from app.journey.models import Visit, VisitLink
from tests.hospital import Hospital
from tests.web.plain import Plain, row_counts
from tests.web.scenes import entry_of, missed

STEPS = ("/kiosk/phone", "/kiosk/birth", "/kiosk/check", "/kiosk/confirm", "/kiosk/number", "/kiosk/way")


@pytest.fixture
def kiosk(web: Flask, hospital: Hospital) -> Plain:
    """Give a paired kiosk at its start page."""
    browser = Plain(web.test_client()).open(f"/pair/{hospital.kiosk_code}")
    browser.press("/pair", code=hospital.kiosk_code)
    assert browser.path == "/kiosk"
    return browser


def identified(kiosk: Plain, hospital: Hospital, visit: object, language: str = "ko") -> Plain:
    """Answer both questions and the check."""
    last4, born = hospital.phones[visit]  # type: ignore[index]
    kiosk.press("/kiosk/begin", language=language).press("/kiosk/phone", phone_last4=last4)
    return kiosk.press("/kiosk/birth", birth_date=born.strftime("%Y%m%d")).press("/kiosk/check")


def test_a_patient_checks_in_and_takes_a_number_a_link_and_the_way(kiosk: Plain, hospital: Hospital) -> None:
    visit = hospital.expect("consult", name="홍길동")
    last4, _born = hospital.phones[visit]
    kiosk.press("/kiosk/begin", language="ko")
    assert kiosk.path == "/kiosk/phone"
    kiosk.press("/kiosk/phone", phone_last4=last4)
    assert kiosk.path == "/kiosk/birth"
    before = row_counts()
    kiosk.press("/kiosk/birth", birth_date="19530412")
    assert kiosk.path == "/kiosk/check"
    assert last4 in kiosk.text
    assert "1953. 04. 12." in kiosk.text
    assert 'href="/kiosk/phone"' in kiosk.text  # each answer can be changed
    assert 'href="/kiosk/birth"' in kiosk.text
    assert row_counts() == before  # nothing was looked up, nothing booked
    kiosk.press("/kiosk/check")
    assert kiosk.path == "/kiosk/confirm"
    assert "홍*동" in kiosk.text
    kiosk.press("/kiosk/confirm")
    assert kiosk.path == "/kiosk/number"
    assert '<span class="number-value">1</span>' in kiosk.text
    assert 'class="slip"' in kiosk.text
    assert "qr-code" in kiosk.text
    assert "홍길동" not in kiosk.text
    assert "route-line" in kiosk.open("/kiosk/way").text
    assert kiosk.open("/kiosk/way?profile=step_free").page.status_code == 200


def test_the_code_on_the_slip_opens_the_visit_on_a_phone(
    web: Flask, kiosk: Plain, hospital: Hospital
) -> None:
    identified(kiosk, hospital, hospital.expect()).press("/kiosk/confirm")
    with kiosk.client.session_transaction() as session:
        secret = session["slip_link"]
    phone = Plain(web.test_client()).open(f"/l/{secret}").press(f"/l/{secret}")
    assert phone.path == "/me"
    kiosk.open("/kiosk/confirm").press("/kiosk/confirm")  # the same person once more: no second link
    assert db.session.execute(select(VisitLink)).scalars().all().__len__() == 1


def test_unknown_and_ambiguous_people_read_the_same_and_are_sent_to_the_desk(
    kiosk: Plain, hospital: Hospital
) -> None:
    for name in ("김쌍둥", "이쌍둥"):
        hospital.expect(name=name, phone=f"010-{7000 + ord(name[0]) % 999}-4321")
    pages = set()
    for last4 in ("4321", "0001"):
        kiosk.open("/kiosk").press("/kiosk/begin", language="ko").press("/kiosk/phone", phone_last4=last4)
        kiosk.press("/kiosk/birth", birth_date="19530412").press("/kiosk/check")
        assert kiosk.page.status_code == 401
        pages.add(kiosk.text[kiosk.text.index('id="main"') : kiosk.text.index("</main>")])
    assert len(pages) == 1


@pytest.mark.parametrize(
    ("page", "name", "typed"), [("phone", "phone_last4", "12"), ("birth", "birth_date", "19530231")]
)
def test_a_wrong_answer_is_told_on_top_and_at_its_field(
    kiosk: Plain, page: str, name: str, typed: str
) -> None:
    kiosk.press("/kiosk/begin", language="ko").press("/kiosk/phone", phone_last4="5678")
    kiosk.open(f"/kiosk/{page}").press(f"/kiosk/{page}", **{name: typed})
    assert kiosk.page.status_code == 422
    assert "error-summary" in kiosk.text
    assert f'href="#{name}"' in kiosk.text
    assert f'id="{name}-error"' in kiosk.text
    title = kiosk.text.partition("<title>")[2]
    assert title.startswith(("오류:", "Error:"))


def test_a_reset_forgets_the_person_here_and_at_the_server(kiosk: Plain, hospital: Hospital) -> None:
    visit = hospital.expect(name="홍길동")
    identified(kiosk, hospital, visit).press("/kiosk/confirm")
    with kiosk.client.session_transaction() as session:
        front = session["front"]
    form = next(form for form in kiosk.forms() if form.action == "/kiosk/reset")
    answer = kiosk.client.post("/kiosk/reset", data=form.fields)
    assert answer.headers["Location"].endswith("/kiosk")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert answer.headers["Cache-Control"] == "no-store"
    for step in STEPS[2:]:  # the back button
        shown = kiosk.open(step)
        assert shown.path == "/kiosk"
        assert "홍*동" not in shown.text
    with kiosk.client.session_transaction() as session:
        assert not {"front", "answers", "slip_link"} & set(session)
        session["front"] = front  # a copied cookie is worth nothing
    assert kiosk.open("/kiosk/number").path == "/kiosk"


def test_another_person_begins_with_nothing_of_the_last_one(kiosk: Plain, hospital: Hospital) -> None:
    identified(kiosk, hospital, hospital.expect())
    kiosk.open("/kiosk").press("/kiosk/begin", language="en")
    assert 'value=""' in kiosk.text
    assert kiosk.open("/kiosk/confirm").path == "/kiosk"


def test_help_calls_somebody_and_says_who_comes_only_when_somebody_does(
    kiosk: Plain, hospital: Hospital
) -> None:
    form = next(form for form in kiosk.forms() if form.action == "/kiosk/help")
    piece = kiosk.client.post("/kiosk/help", data=form.fields, headers={"HX-Request": "true"})
    assert "shown=open" in piece.get_data(as_text=True)
    assert "원무 접수 데스크" in piece.get_data(as_text=True)
    assert kiosk.client.get("/kiosk/help?shown=open").status_code == 204
    kiosk.press("/kiosk/help")
    assert kiosk.path == "/kiosk/desk"
    assert '<meta http-equiv="refresh"' in kiosk.text  # without script the page asks again by itself
    call = the_call(hospital)
    assert (call.device, call.occurrences) == ("로비 키오스크", 2)
    alerts.take(call.id, version=call.version, by=hospital.cast.henry)
    coming = kiosk.client.get("/kiosk/help?shown=open")
    assert "banner-success" in coming.get_data(as_text=True)
    assert "shown=taken" in kiosk.open("/kiosk/desk").text
    assert "refresh" not in kiosk.text
    kiosk.press("/kiosk/reset")  # who stood there has gone; somebody is on the way to this kiosk all the same
    assert "shown=taken" in kiosk.text
    alerts.finish(call.id, version=the_call(hospital).version, by=hospital.cast.henry)
    assert "help-answer" not in kiosk.client.get("/kiosk/help?shown=taken").get_data(as_text=True)
    assert "help-answer" not in kiosk.open("/kiosk").text


def test_a_copied_call_of_another_house_says_nothing(kiosk: Plain) -> None:
    with kiosk.client.session_transaction() as session:
        session["help"] = "no id"
    assert "help-answer" not in kiosk.open("/kiosk").text


def the_call(hospital: Hospital) -> AlertRow:
    """Return the call for help as the desk sees it."""
    (strip,) = boards.alert_strips(None, by=hospital.cast.henry)
    db.session.remove()
    return strip.alerts[0]


def test_the_language_changes_on_every_page_and_keeps_step_and_answers(kiosk: Plain) -> None:
    kiosk.press("/kiosk/begin", language="ko").press("/kiosk/phone", phone_last4="5678")
    kiosk.press("/language", language="en")
    assert kiosk.path == "/kiosk/birth"
    assert '<html lang="en"' in kiosk.text
    assert kiosk.open("/kiosk/phone").text.count('value="5678"') == 1


def test_every_page_has_back_home_help_and_few_choices(kiosk: Plain, hospital: Hospital) -> None:
    identified(kiosk, hospital, hospital.expect()).press("/kiosk/confirm")
    for step in ("/kiosk", "/kiosk/phone", "/kiosk/confirm", "/kiosk/number", "/kiosk/way", "/kiosk/desk"):
        text = kiosk.open(step).text
        for slot in ("back", "home", "help"):
            assert f'data-slot="{slot}"' in text, (step, slot)
        assert 'data-audio-step="' in text, step
        controls = text[text.index('id="main"') : text.index("</main>")]
        assert (
            controls.count('class="choice"')
            + controls.count('class="button')
            - controls.count("data-keypad-show")
            <= 4
        )


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("name", ["anne", "henry", "eve"])
def test_only_a_kiosk_gets_further_than_the_start(browser_of, name: str, step: str) -> None:
    browser: FlaskClient = browser_of(name)
    answer = browser.get(step)
    assert answer.status_code in {303, 403}
    assert "/kiosk/phone" not in Plain(browser).open("/kiosk").text


def test_a_phone_cannot_identify_itself_as_if_it_were_a_kiosk(web: Flask, hospital: Hospital) -> None:
    visit = hospital.expect()
    phone = Plain(web.test_client()).open(f"/t/{hospital.entrance}")
    last4, born = hospital.phones[visit]
    token = phone.forms()[0].fields["csrf_token"]
    with phone.client.session_transaction() as session:
        session["answers"] = {"phone_last4": last4, "birth_date": born.strftime("%Y%m%d")}
    answer = phone.client.post("/kiosk/check", data={"csrf_token": token})
    assert answer.headers["Location"].endswith("/kiosk")
    assert phone.client.get("/kiosk/number").status_code == 303
    assert (
        db.session.execute(select(Visit.state).where(Visit.public_id == visit)).scalar_one() == "UNREGISTERED"
    )


def test_whoever_missed_the_call_comes_back_at_the_kiosk(kiosk: Plain, hospital: Hospital) -> None:
    visit = hospital.waiting("consult", "lab")
    missed(hospital, visit)
    identified(kiosk, hospital, visit).press("/kiosk/confirm")
    assert kiosk.path == "/kiosk/back-in-line"
    assert (entry_of(visit).status, entry_of(visit).re_entries) == ("NO_SHOW", 0)  # looking changes nothing
    kiosk.press("/kiosk/back-in-line")
    assert kiosk.path == "/kiosk/number"
    assert (entry_of(visit).status, entry_of(visit).re_entries) == ("WAITING", 1)
    assert 'class="progress"' in kiosk.text


def test_after_too_many_missed_calls_the_kiosk_names_the_desk(kiosk: Plain, hospital: Hospital) -> None:
    visit = hospital.waiting("consult")
    missed(hospital, visit, times=3)
    identified(kiosk, hospital, visit).press("/kiosk/confirm")
    assert kiosk.path == "/kiosk/number"
    assert not [form for form in kiosk.forms() if form.action.endswith("/back-in-line")]
    assert entry_of(visit).status == "NO_SHOW"


def test_nobody_in_front_nobody_comes_back(kiosk: Plain) -> None:
    assert kiosk.open("/kiosk/back-in-line").path == "/kiosk"
