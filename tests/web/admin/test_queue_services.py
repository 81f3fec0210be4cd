"""Services for a hospital's person: what is said of them, what must come before them."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.core.audit import AuditRow
from app.core.db import db
from app.queues import queries
from tests.hospital import Hospital
from tests.pages import send

Browsers = Callable[[str], FlaskClient]
ADMIN = "chris"
FORM: dict[str, Any] = {
    "code": "ecg",
    "name_ko": "심전도",
    "name_en": "ECG",
    "duration_seconds": "2.5",
    "preparation_ko": "양말을 벗어 주세요.",
    "preparation_en": "Please take off your socks.",
    "after_care_ko": "",
    "after_care_en": "",
    "is_any_order": "y",
    "follows": ["lab"],
}


def read(code: str) -> queries.ServiceDetails:
    db.session.rollback()
    return queries.service(code)


def codes() -> list[str]:
    db.session.rollback()
    return [one.code for one in queries.offers()]


def test_a_service_is_offered_and_changed(browser_of: Browsers, hospital: Hospital) -> None:
    admin = browser_of(ADMIN)
    assert send(admin, "/admin/services/new", "/admin/services", **FORM).status_code == 303
    made = read("ecg")
    assert (made.duration_seconds, made.is_any_order, made.follows) == (150, True, ("lab",))
    assert made.preparation_ko == "양말을 벗어 주세요."
    page = "/admin/services/ecg"
    assert 'value="2.5"' in admin.get(page).get_data(as_text=True)
    changed = {**FORM, "name_ko": "심전도 검사", "follows": []}
    assert send(admin, page, page, version=1, **changed).status_code == 303
    assert (read("ecg").name_ko, read("ecg").follows, read("ecg").version) == ("심전도 검사", (), 2)
    assert "심전도 검사" in admin.get("/admin/services").get_data(as_text=True)
    deeds = db.session.execute(select(AuditRow.action).order_by(AuditRow.id.desc()).limit(2)).scalars()
    assert set(deeds) == {"queues:service:edit", "queues:service:offer"}


def test_a_stale_page_keeps_what_was_typed(browser_of: Browsers, hospital: Hospital) -> None:
    admin, page = browser_of(ADMIN), "/admin/services/lab"
    form = {**FORM, "follows": []}
    assert send(admin, page, page, version=1, **form).status_code == 303
    stale = send(admin, page, page, version=1, **{**form, "name_ko": "채혈 검사"})
    text = stale.get_data(as_text=True)
    assert stale.status_code == 409
    assert 'value="채혈 검사"' in text
    assert 'name="version" value="2"' in text
    assert read("lab").name_ko == "심전도"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("code", "lab"),
        ("code", ""),
        ("code", "심전도"),
        ("code", "a"),
        ("code", "x" * 33),
        ("name_ko", ""),
        ("name_en", "x" * 61),
        ("duration_seconds", ""),
        ("duration_seconds", "0"),
        ("duration_seconds", "1441"),
        ("duration_seconds", "soon"),
        ("preparation_ko", "가" * 2001),
        ("follows", ["moon"]),
    ],
)
def test_a_wrong_service_is_told_at_its_field(
    browser_of: Browsers, hospital: Hospital, name: str, value: object
) -> None:
    before = codes()
    answer = send(browser_of(ADMIN), "/admin/services/new", "/admin/services", **{**FORM, name: value})
    assert answer.status_code == 422
    assert f'href="#{name}"' in answer.get_data(as_text=True)
    assert codes() == before


def test_services_never_wait_for_each_other(browser_of: Browsers, hospital: Hospital) -> None:
    admin = browser_of(ADMIN)
    send(admin, "/admin/services/new", "/admin/services", **FORM)
    answer = send(
        admin, "/admin/services/lab", "/admin/services/lab", version=1, **{**FORM, "follows": ["ecg"]}
    )
    assert answer.status_code == 422
    assert 'href="#follows"' in answer.get_data(as_text=True)
    itself = send(
        admin, "/admin/services/lab", "/admin/services/lab", version=1, **{**FORM, "follows": ["lab"]}
    )
    assert itself.status_code == 422
    assert read("lab").follows == ()


def test_words_for_patients_are_never_markup(browser_of: Browsers, hospital: Hospital) -> None:
    admin, evil = browser_of(ADMIN), "</textarea><script>alert(1)</script>"
    send(
        admin,
        "/admin/services/new",
        "/admin/services",
        **{**FORM, "preparation_ko": evil, "name_ko": evil[-9:]},
    )
    for page in ("/admin/services", "/admin/services/ecg"):
        assert "<script>alert" not in admin.get(page).get_data(as_text=True)
    assert read("ecg").preparation_ko == evil
