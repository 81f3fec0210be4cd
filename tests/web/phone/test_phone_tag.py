"""At a tag: the GET changes nothing, two answers find one person, and nobody learns more than that."""

from datetime import date, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.core import clock
from app.core.db import db
from app.emr.models import Patient
from app.journey.models import Visit
from app.tags import services as tags
from app.wayfinding.rules import Profile
from tests.hospital import Hospital
from tests.web.plain import Plain, row_counts

BORN = "19530412"


def typed(hospital: Hospital, visit_id: object) -> dict[str, str]:
    last4, born = hospital.phones[visit_id]  # type: ignore[index]
    return {"phone_last4": last4, "birth_date": born.strftime("%Y%m%d")}


def state_of(visit_id: object) -> str:
    found = db.session.execute(select(Visit.state).where(Visit.public_id == visit_id)).scalar_one()
    db.session.remove()
    return str(found)


def test_looking_at_a_tag_logs_the_tap_and_changes_nothing_else(
    client: FlaskClient, hospital: Hospital
) -> None:
    hospital.expect()
    before = row_counts()
    page = client.get(f"/t/{hospital.entrance}")
    after = row_counts()
    assert page.status_code == 200
    assert {name: after[name] - before[name] for name in after if after[name] != before[name]} == {"tap": 1}
    text = page.get_data(as_text=True)
    assert "정문" in text
    assert "08:30" in text
    assert "/map/floor/" in text


def test_a_tag_that_was_never_ours_is_answered_in_words(client: FlaskClient) -> None:
    page = client.get("/t/aaaaaaaaaaaa.bbbbbbbbbbbbbbbb")
    assert page.status_code == 404
    assert 'data-code="UNKNOWN_TAG"' in page.get_data(as_text=True)


def test_a_revoked_tag_is_answered_in_words(client: FlaskClient, hospital: Hospital) -> None:
    token_id = hospital.entrance.partition(".")[0]
    tags.revoke(token_id, version=1, by=hospital.cast.chris)
    page = client.get(f"/t/{hospital.entrance}")
    assert page.status_code == 410
    assert 'data-code="TAG_REVOKED"' in page.get_data(as_text=True)


def test_without_script_a_patient_arrives_registers_and_sees_number_turn_and_way(
    client: FlaskClient, hospital: Hospital
) -> None:
    visit = hospital.expect("lab", "consult", name="홍길동")
    phone = Plain(client).open(f"/t/{hospital.entrance}")
    phone.press("/identify", **typed(hospital, visit))
    assert phone.path == f"/t/{hospital.entrance}"
    assert "홍*동" in phone.text
    assert "홍길동" not in phone.text
    assert state_of(visit) == "UNREGISTERED"
    phone.press("/me/check-in")
    assert (phone.path, state_of(visit)) == ("/me", "WAITING")
    assert '<span class="number-value">1</span>' in phone.text
    assert 'data-status="WAITING"' in phone.text
    assert "route-line" in phone.text
    assert "text-steps" in phone.text
    assert "검사 전 8시간 금식해 주세요." in phone.text
    assert '<noscript><meta http-equiv="refresh" content="30"></noscript>' in phone.text
    assert len(phone.page.get_data()) < 40_000
    # A second tap shows the visit, never an error.
    assert phone.open(f"/t/{hospital.entrance}").path == "/me"


def test_wrong_unknown_and_ambiguous_answers_read_the_same(client: FlaskClient, hospital: Hospital) -> None:
    lone = hospital.expect(born=date(1953, 4, 12))
    for name in ("김쌍둥", "이쌍둥"):
        hospital.expect(name=name, phone=f"010-{7000 + ord(name[0]) % 999}-4321", born=date(1960, 1, 2))
    last4 = hospital.phones[lone][0]
    said = set()
    for answers in ((last4, "19530413"), ("0001", BORN), ("4321", "19600102")):
        phone = Plain(client).open(f"/t/{hospital.entrance}")
        phone.press("/identify", phone_last4=answers[0], birth_date=answers[1])
        assert phone.page.status_code == 401
        text = phone.text.replace(answers[0], "").replace(answers[1], "")
        said.add(
            text[text.index('class="error-summary"') : text.index("</section>", text.index("error-summary"))]
        )
    assert len(said) == 1
    assert state_of(lone) == "UNREGISTERED"
    assert client.get("/me").status_code == 401


@pytest.mark.parametrize(
    "answers", [("12", BORN), ("5678", "19531399"), ("5678", "18990101"), ("5678", "530412")]
)
def test_an_answer_that_cannot_be_is_told_at_its_field(
    client: FlaskClient, hospital: Hospital, answers: tuple[str, str]
) -> None:
    phone = Plain(client).open(f"/t/{hospital.entrance}")
    phone.press("/identify", phone_last4=answers[0], birth_date=answers[1])
    assert phone.page.status_code == 422
    wrong = "phone_last4" if len(answers[0]) != 4 else "birth_date"
    assert f'id="{wrong}-error"' in phone.text
    assert f'href="#{wrong}"' in phone.text
    assert f'value="{answers[1]}"' in phone.text  # nothing has to be typed twice


def test_a_tap_of_long_ago_asks_to_tap_again(
    client: FlaskClient, hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = hospital.expect()
    phone = Plain(client).open(f"/t/{hospital.entrance}")
    monkeypatch.setattr("app.tags.signing.NONCE_SECONDS", -1)
    phone.press("/identify", **typed(hospital, visit))
    assert phone.page.status_code == 422
    assert 'data-code="INVALID"' in phone.text
    assert client.get("/me").status_code == 401


def test_outside_the_window_the_patient_is_sent_to_the_desk_and_nothing_is_written(
    client: FlaskClient, hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = hospital.expect()
    phone = Plain(client).open(f"/t/{hospital.entrance}").press("/identify", **typed(hospital, visit))
    later = clock.utcnow() + timedelta(days=2)
    monkeypatch.setattr(
        "app.journey.services.arrival.is_inside_window", lambda *_a: later is None, raising=False
    )
    phone.press("/me/check-in")
    assert state_of(visit) == "UNREGISTERED"
    assert phone.path == "/me"
    assert "banner-warn" in phone.text


def test_whoever_must_see_the_desk_gets_a_number_and_is_sent_there(
    client: FlaskClient, hospital: Hospital
) -> None:
    visit = hospital.expect()
    _set_desk_first(visit)
    phone = Plain(client).open(f"/t/{hospital.entrance}").press("/identify", **typed(hospital, visit))
    phone.press("/me/check-in")
    assert state_of(visit) == "ARRIVED"
    assert "banner-warn" in phone.text
    assert "원무 접수 데스크" in phone.text  # the way there


def test_the_drawing_of_a_floor_may_do_nothing(client: FlaskClient, hospital: Hospital) -> None:
    text = client.get(f"/t/{hospital.entrance}").get_data(as_text=True)
    address = text[text.index("/map/floor/") :].partition('"')[0]
    packed = client.get(address, headers={"Accept-Encoding": "gzip"})
    plain = client.get(address)
    assert plain.headers["Content-Security-Policy"].startswith("sandbox")
    assert plain.mimetype == "image/svg+xml"
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.get_data()) * 5 < len(plain.get_data())
    assert client.get("/map/floor/00000000-0000-0000-0000-000000000000.svg").status_code == 404


def test_the_way_is_chosen_once_and_kept(client: FlaskClient, hospital: Hospital) -> None:
    visit = hospital.expect()
    phone = Plain(client).open(f"/t/{hospital.entrance}").press("/identify", **typed(hospital, visit))
    phone.press("/me/check-in")
    chosen = f'profile={Profile.STEP_FREE}#way" aria-current="true"'
    assert chosen not in phone.text
    assert chosen in phone.open("/me?profile=step_free").text
    assert chosen in phone.open("/me").text


def _set_desk_first(visit_id: object) -> None:
    with db.engine.begin() as connection:
        patients = select(Visit.patient_id).where(Visit.public_id == visit_id)
        connection.execute(
            Patient.__table__.update().where(Patient.id.in_(patients)).values(sees_desk_first=True)  # type: ignore[attr-defined]
        )
