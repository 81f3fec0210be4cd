"""The front door: signing in and out, languages, pairing, and what every answer carries."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app import settings
from app.core.db import Model, db
from app.door.headers import HEADERS
from tests.cast import PASSWORD, STAFF
from tests.hospital import Hospital
from tests.pages import Browser, csrf_of, send, sign_in

BrowserOf = Callable[[str], FlaskClient]
# What a GET may write (audit, sessions' last look, tickets, taps) is named in the decisions; nothing else moves.
MAY_CHANGE_BY_GET = {"audit", "auth_session", "socket_ticket", "tap"}


def said(answer) -> str:
    return str(answer.get_data(as_text=True))


def contents() -> dict[str, object]:
    """Return every table's rows, but those that a look may write."""
    db.session.rollback()
    return {
        table.name: db.session.connection().execute(table.select()).all()
        for table in Model.metadata.sorted_tables
        if table.name not in MAY_CHANGE_BY_GET
    }


@pytest.mark.parametrize("name", sorted(STAFF))
def test_everybody_comes_to_the_own_work(browser_of: BrowserOf, name: str) -> None:
    browser = browser_of("eve")
    answer = sign_in(browser, name)
    assert browser.get(answer.headers["Location"], follow_redirects=True).status_code == 200


@pytest.mark.parametrize(("username", "password"), [("anne", "wrong wrong wrong"), ("nobody", PASSWORD)])
def test_unknown_and_wrong_look_the_same(client: FlaskClient, username: str, password: str) -> None:
    answer = send(client, "/login", "/login", username=username, password=password)
    assert answer.status_code == 401
    assert "아이디, 비밀번호 또는 인증번호가 올바르지 않습니다." in said(answer)
    assert client.get("/ward").status_code == 401


def test_a_cookie_copied_before_the_sign_out_opens_nothing(browser_of: BrowserOf, sqlite_app: Flask) -> None:
    anne = browser_of("anne")
    cookie = anne.get_cookie("annae-session")
    assert cookie is not None
    assert anne.get("/ward").status_code == 200
    assert send(anne, "/ward", "/logout").status_code == 303

    thief = sqlite_app.test_client()
    thief.set_cookie("annae-session", cookie.value)
    assert thief.get("/ward").status_code == 401


def test_a_new_session_at_each_sign_in(browser_of: BrowserOf) -> None:
    anne = browser_of("anne")
    first = anne.get_cookie("annae-session")
    sign_in(anne, "anne")
    second = anne.get_cookie("annae-session")
    assert first is not None
    assert second is not None
    assert first.value != second.value


@pytest.mark.parametrize(
    "where", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:1"]
)
def test_the_sign_in_sends_nobody_elsewhere(client: FlaskClient, where: str) -> None:
    answer = send(client, "/login", "/login", username="anne", password=PASSWORD, next=where)
    assert answer.headers["Location"] == "/ward"


def test_without_the_token_nothing_is_posted(browser_of: BrowserOf) -> None:
    anne = browser_of("anne")
    assert anne.post("/logout").status_code == 400
    assert anne.get("/ward").status_code == 200


def test_what_another_site_sends_is_refused(browser_of: BrowserOf) -> None:
    anne = browser_of("anne")
    token = csrf_of(anne.get("/ward"))
    answer = anne.post("/logout", data={"csrf_token": token}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert "다른 사이트에서 온 요청" in said(answer)


@pytest.mark.parametrize(
    "path", ["/", "/login", "/pair", "/no-such-page", "/api/v1/no-such-call", "/healthz"]
)
def test_every_answer_carries_the_headers(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    for name, value in HEADERS.items():
        assert answer.headers[name] == value
    assert answer.headers["Cache-Control"] == "no-store"
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,64}", answer.headers["X-Request-Id"])


def test_cookies_are_few_and_closed(client: FlaskClient) -> None:
    set_cookies = client.get("/login").headers.getlist("Set-Cookie")
    assert {one.partition("=")[0] for one in set_cookies} <= {"annae-session", "annae-device"}
    assert all("HttpOnly" in one and "SameSite=Lax" in one for one in set_cookies)


def test_a_page_that_is_not_there_says_so_in_both_languages(client: FlaskClient) -> None:
    korean, english = (
        client.get("/no-such-page", headers={"Accept": "text/html", "Accept-Language": language})
        for language in ("ko", "en")
    )
    assert (korean.status_code, english.status_code) == (404, 404)
    assert "찾으시는 내용이 없습니다" in said(korean)
    assert "We could not find that" in said(english)


def test_the_chosen_language_stays(client: FlaskClient) -> None:
    send(client, "/login", "/language", language="en", next="/login")
    assert "Staff sign-in" in said(client.get("/login"))
    send(client, "/login", "/language", language="ko", next="/login")
    assert "직원 로그인" in said(client.get("/login"))
    send(client, "/login", "/language", language="xx", next="/login")
    assert "직원 로그인" in said(client.get("/login"))


@pytest.mark.parametrize(
    ("body", "mimetype"),
    [
        (b"password=" + b"x" * 600_000, "application/x-www-form-urlencoded"),
        (b"&".join(b"a%d=1" % number for number in range(30_000)), "application/x-www-form-urlencoded"),
    ],
)
def test_a_huge_form_is_refused_in_words(client: FlaskClient, body: bytes, mimetype: str) -> None:
    answer = client.post("/login", data=body, content_type=mimetype, headers={"Accept": "text/html"})
    assert answer.status_code == 413
    assert "보내신 내용이 너무 큽니다" in said(answer)


def test_a_kiosk_is_paired_once_and_wakes_after_a_night(hospital: Hospital, sqlite_app: Flask) -> None:
    kiosk = Browser(sqlite_app)
    assert send(kiosk, "/pair", "/pair", code="WRONG22222").status_code == 401
    assert kiosk.get(f"/pair/{hospital.kiosk_code}").status_code == 200, "a look pairs nothing"
    paired = send(kiosk, "/pair", "/pair", code=hospital.kiosk_code)
    assert (paired.status_code, paired.headers["Location"]) == (303, "/kiosk")
    assert kiosk.get("/kiosk").status_code == 200

    kiosk.delete_cookie("annae-session")
    assert kiosk.get("/wake").headers["Location"] == "/kiosk"
    again = send(Browser(sqlite_app), "/pair", "/pair", code=hospital.kiosk_code)
    assert again.status_code == 401, "a code is good once"


def test_a_board_comes_to_its_wall(hospital: Hospital, sqlite_app: Flask) -> None:
    board = Browser(sqlite_app)
    paired = send(board, "/pair", "/pair", code=hospital.board_code)
    assert paired.headers["Location"] == f"/board/{hospital.consult}"
    assert board.get(paired.headers["Location"]).status_code == 200
    assert board.get("/ward").status_code == 403


def test_looking_changes_nothing(sqlite_app: Flask, hospital: Hospital, browser_of: BrowserOf) -> None:
    visit = hospital.waiting("consult")
    browsers = [browser_of(name) for name in ("anne", "henry", "iris", "chris", "jonas", "eve")]
    paths = {
        rule.rule
        for rule in sqlite_app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not rule.arguments and not rule.rule.startswith("/ws/")
    } | {
        f"/ward/{hospital.consult}",
        f"/board/{hospital.consult}",
        f"/t/{hospital.entrance}",
        f"/desk/visits/{visit}",
        f"/cashier/visits/{visit}",
        f"/pair/{hospital.kiosk_code}",
    }
    before = contents()
    for browser in browsers:
        for path in sorted(paths):
            assert browser.get(path).status_code < 500, path
    assert contents() == before


def test_metrics_are_for_this_machine(client: FlaskClient) -> None:
    assert "http_request_seconds" in said(client.get("/metrics"))
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "203.0.113.5"}).status_code == 404


def test_ready_names_each_dependency(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json == {
        "status": "degraded",
        "checks": {"database": "ok", "redis": "off", "worker": "off", "imaging": "ok"},
    }


def test_an_archive_that_is_away_is_said_and_shuts_nothing(client: FlaskClient) -> None:
    settings.use(settings.current().model_copy(update={"orthanc_url": "http://127.0.0.1:9"}))
    answer = client.get("/readyz")
    assert answer.status_code == 200
    said = answer.get_json()
    assert (said["status"], said["checks"]["imaging"]) == ("degraded", "down")


def test_the_audit_tells_who_came_and_who_was_refused(client: FlaskClient, sqlite_app: Flask) -> None:
    send(client, "/login", "/login", username="anne", password="wrong wrong wrong")
    sign_in(client, "anne")
    db.session.rollback()
    actions = db.session.execute(text("SELECT action, outcome FROM audit ORDER BY id")).all()
    assert ("accounts:session:open", "ok") in actions
    assert any(outcome != "ok" for _, outcome in actions)
