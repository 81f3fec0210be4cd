"""Behind a locked screen no address of the house names a patient or does anything: every route, every role."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from app import settings
from app.accounts.models import AuthSession
from app.accounts.roles import POLICY, Permission, Role, may
from app.boards import queries as boards
from app.core import clock
from app.core.audit import AuditRow
from app.core.db import db
from app.door.privacy import does_work_covered
from app.door.rights import PUBLIC, permission_of
from app.journey.models import FlowEvent
from tests.cast import PASSWORD, STAFF
from tests.hospital import Hospital
from tests.pages import csrf_of, send

NAME = "나비밀"
YEAR = re.compile(r"(?<![0-9a-f-])1953(?![0-9a-f-])")  # and not four digits of a reference
KINDS = {"page": {}, "htmx": {"HX-Request": "true"}, "program": {"Accept": "application/json"}}
NO_PAGES = ("/live/", "/dicom-web/")  # asked by scripts and viewers, whatever they call themselves
# What a locked screen may still use, besides the public addresses; a new one is looked at as a burglar would.
WORKS = {
    "login.lock",
    "login.unlock",
    "login.sign_out",
    "live.ticket",
    "live.fragment",
    "live.live",
    "live.queue",
}


@pytest.fixture
def secret(hospital: Hospital) -> dict[str, object]:
    """Let the patient wait whose name nobody may see; return what the addresses need."""
    visit = hospital.waiting("consult", name=NAME)
    row = boards.ward_board(hospital.consult, by=None).rows[-1]
    assert row.name == NAME
    return {
        "queue_id": hospital.consult,
        "entry_id": row.entry_id,
        "visit_id": visit,
        "patient_id": row.patient_id,
        "point_id": hospital.rooms[0],
        "staff_id": hospital.cast.anne.id,
        "code": "consult",
    }


def routes(app: Flask) -> Iterator[tuple[Rule, str]]:
    for rule in app.url_map.iter_rules():
        if not rule.websocket and rule.endpoint != "static":
            yield from (
                (rule, method) for method in sorted(rule.methods or ()) if method not in {"HEAD", "OPTIONS"}
            )


def address(app: Flask, rule: Rule, known: dict[str, object]) -> str:
    values = {
        name: known.get(name) or next(iter(getattr(rule._converters[name], "items", ())), uuid4())
        for name in rule.arguments
    }
    with app.test_request_context():
        _, path = rule.build(values) or ("", "")
    return path


def lock(browser: FlaskClient) -> TestResponse:
    return send(browser, "/login/pin", "/login/lock")


def is_lock_screen(answer: TestResponse) -> bool:
    return "data-unlock" in answer.get_data(as_text=True)


def deeds() -> tuple[int, int]:
    """Count what was done to patients, and what anybody was shown of them."""
    db.session.rollback()
    done = db.session.execute(select(func.count()).select_from(FlowEvent)).scalar_one()
    shown = db.session.execute(select(func.count()).where(AuditRow.patients > 0)).scalar_one()
    return done, shown


def test_what_a_locked_screen_may_use_is_a_short_list(web: Flask) -> None:
    found = {
        rule.endpoint
        for rule in web.url_map.iter_rules()
        if does_work_covered(web, rule.endpoint) and permission_of(web, rule.endpoint) != PUBLIC
    }
    assert found == WORKS


@pytest.mark.parametrize("name", STAFF)
def test_no_address_names_the_patient_or_does_anything(
    web: Flask,
    hospital: Hospital,
    browser_of: Callable[[str], FlaskClient],
    secret: dict[str, object],
    name: str,
) -> None:
    browser = browser_of(name)
    asked = [
        (rule, method, address(web, rule, secret))
        for rule, method in routes(web)
        if rule.endpoint not in WORKS and not rule.rule.startswith("/api/") and rule.endpoint != "kiosk.reset"
    ]
    assert lock(browser).status_code == 303
    token = csrf_of(browser.get("/login"))
    before = deeds()
    for rule, method, path in asked:
        wanted = permission_of(web, rule.endpoint)
        if wanted == PUBLIC and method != "GET":
            continue  # a stranger's right: signing in as another person, pairing, a language
        for kind, headers in KINDS.items():
            answer = browser.open(path, method=method, headers={**headers, "X-CSRFToken": token})
            text = answer.get_data(as_text=True)
            told = (method, path, kind, answer.status_code)
            assert NAME not in text, told
            assert wanted == PUBLIC or not YEAR.search(text), told
            if wanted == PUBLIC:
                continue
            if not may(getattr(hospital.cast, name), Permission(str(wanted))):
                assert answer.status_code == 403, told
            elif kind == "page" and not path.startswith(NO_PAGES):
                assert is_lock_screen(answer), told
                assert answer.status_code == (200 if method == "GET" else 423), told
                assert answer.headers["Cache-Control"] == "no-store"
            else:
                assert answer.status_code == 423, told
                assert answer.get_json()["error"]["code"] == "SCREEN_LOCKED"
    assert deeds() == before


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("anne", "/ward/{queue_id}"),
        ("anne", "/ward/{queue_id}/entries/{entry_id}"),
        ("anne", "/live/fragment?topic=queue:{queue_id}"),
        ("henry", "/desk/visits/{visit_id}"),
        ("henry", "/desk/patients/{patient_id}"),
    ],
)
def test_the_same_address_before_behind_and_after_the_lock(
    browser_of: Callable[[str], FlaskClient], secret: dict[str, object], name: str, path: str
) -> None:
    browser, where = browser_of(name), path.format(**secret)
    assert NAME in browser.get(where).get_data(as_text=True)
    lock(browser)
    hidden = browser.get(where)
    assert hidden.status_code == 200
    assert NAME not in hidden.get_data(as_text=True)
    token = csrf_of(browser.get("/login/pin"))
    opened = browser.post("/login/unlock", data={"csrf_token": token, "word": PASSWORD, "next": where})
    assert (opened.status_code, opened.location) == (303, where)
    assert NAME in browser.get(where).get_data(as_text=True)


def test_a_locked_fragment_counts_and_names_nobody(
    browser_of: Callable[[str], FlaskClient], hospital: Hospital, secret: dict[str, object]
) -> None:
    hospital.waiting("consult", name="나둘째")
    anne = browser_of("anne")
    lock(anne)
    text = anne.get(f"/live/fragment?topic=queue:{hospital.consult}").get_data(as_text=True)
    assert "data-covered" in text
    assert f'data-topic="queue:{hospital.consult}"' in text
    assert re.findall(r"<b>(\d+)</b>", text) == ["2", "0", "0"]
    for hidden in (NAME, "나둘째", "1953", str(secret["entry_id"]), "data-number"):
        assert hidden not in text
    other = anne.get(f"/live/fragment?topic=queue:{hospital.elsewhere}")
    assert other.status_code == 404, "another ward's counts are another ward's"


def test_who_is_away_for_ten_minutes_comes_back_to_a_lock(
    web: Flask, browser_of: Callable[[str], FlaskClient], secret: dict[str, object]
) -> None:
    where = f"/ward/{secret['queue_id']}"
    with time_machine.travel(clock.utcnow(), tick=False) as now:
        anne = browser_of("anne")
        now.shift(timedelta(minutes=9, seconds=59))
        token = csrf_of(anne.get(where))
        assert anne.post("/login/here", headers={"X-CSRFToken": token}).status_code == 204
        for _ in range(30):  # a page that asks by itself keeps nobody here
            now.shift(timedelta(seconds=20))
            anne.get(f"/live/fragment?topic=queue:{secret['queue_id']}")
        left = anne.get(where)
        assert is_lock_screen(left)
        assert NAME not in left.get_data(as_text=True)
        still = anne.post("/login/here", headers={"X-CSRFToken": token, "Accept": "application/json"})
        assert still.status_code == 423, "a gesture opens nothing"
        call = anne.post(
            f"{where}/call-next",
            data={"csrf_token": token, "service_point_id": secret["point_id"]},
            headers={"HX-Request": "true"},
        )
        assert call.status_code == 423
        assert call.get_json()["error"]["message"]
    db.session.rollback()
    rows = db.session.execute(
        select(AuditRow.reason).where(AuditRow.action == "accounts:screen:lock")
    ).scalars()
    assert list(rows) == ["idle"], "once, by the first look that saw it"


def test_the_time_is_the_hospitals_choice(
    web: Flask, browser_of: Callable[[str], FlaskClient], secret: dict[str, object]
) -> None:
    settings.use(settings.current().model_copy(update={"privacy_lock_minutes": 2}))
    with time_machine.travel(clock.utcnow(), tick=False) as now:
        anne = browser_of("anne")
        assert 'data-minutes="2"' in anne.get(f"/ward/{secret['queue_id']}").get_data(as_text=True)
        now.shift(timedelta(minutes=2))
        assert is_lock_screen(anne.get(f"/ward/{secret['queue_id']}"))


def test_wrong_words_are_told_in_one_sentence_and_limited(
    browser_of: Callable[[str], FlaskClient],
) -> None:
    anne = browser_of("anne")
    lock(anne)
    token = csrf_of(anne.get("/ward"))
    for status in (401, 401, 401, 401, 401, 429):
        answer = anne.post("/login/unlock", data={"csrf_token": token, "word": "nothing of the kind"})
        assert answer.status_code == status
        assert is_lock_screen(answer)
    headers = {"X-CSRFToken": token, "Accept": "application/json"}
    told = anne.post("/login/unlock", data={"word": PASSWORD}, headers=headers)
    assert told.status_code == 429
    assert told.get_json()["error"]["message"]
    assert is_lock_screen(anne.get("/ward"))


def test_another_person_signs_in_and_the_first_one_is_out(
    web: Flask, browser_of: Callable[[str], FlaskClient]
) -> None:
    anne = browser_of("anne")
    lock(anne)
    token = csrf_of(anne.get("/ward"))
    assert anne.post("/logout", data={"csrf_token": token}).status_code == 303
    assert anne.get("/ward").status_code == 401
    open_rows = select(func.count()).where(AuthSession.revoked_at.is_(None), AuthSession.kind == "staff")
    assert db.session.execute(open_rows).scalar_one() == 0


def test_a_pin_is_chosen_with_the_password_and_opens(browser_of: Callable[[str], FlaskClient]) -> None:
    anne = browser_of("anne")
    wrong = send(anne, "/login/pin", "/login/pin", password=PASSWORD, pin="2580", again="2581")
    assert wrong.status_code == 422
    assert send(anne, "/login/pin", "/login/pin", password="no", pin="2580", again="2580").status_code == 401
    assert (
        send(anne, "/login/pin", "/login/pin", password=PASSWORD, pin="1111", again="1111").status_code == 422
    )
    assert (
        send(anne, "/login/pin", "/login/pin", password=PASSWORD, pin="2580", again="2580").status_code == 303
    )
    lock(anne)
    token = csrf_of(anne.get("/ward"))
    where = "https://evil.example/"
    opened = anne.post("/login/unlock", data={"csrf_token": token, "word": "2580", "next": where})
    assert opened.location == "/ward"
    assert anne.get("/ward").status_code in {200, 302, 303}


def test_only_staff_lock_and_only_staff_are_locked(web: Flask, hospital: Hospital) -> None:
    others = {Role.ANONYMOUS, Role.PATIENT, Role.KIOSK, Role.BOARD, Role.SYSTEM, Role.EMR}
    assert POLICY[Permission.LOCK_SCREEN] == set(Role) - others
    kiosk = web.test_client()
    send(kiosk, f"/pair/{hospital.kiosk_code}", "/pair", code=hospital.kiosk_code)
    with time_machine.travel(clock.utcnow() + timedelta(hours=2), tick=False):
        page = kiosk.get("/kiosk")
        assert page.status_code == 200
        assert not is_lock_screen(page)
        token = csrf_of(page)
        assert kiosk.post("/login/lock", data={"csrf_token": token}).status_code == 403
