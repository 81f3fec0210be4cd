"""The auditor's reading room: filtered, paged, itself written down, and the chain checked on demand."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.core import sealing
from app.core.audit import AuditRow
from app.core.db import db
from app.core.transaction import release
from app.journey import services as journey
from app.journey.models import Visit
from tests.hospital import Hospital
from tests.pages import send
from tests.web.scenes import serve

Browsers = Callable[[str], FlaskClient]


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("anne", 403),
        ("ben", 403),
        ("chris", 403),
        ("flora", 403),
        ("grace", 403),
        ("henry", 403),
        ("iris", 403),
        ("jonas", 200),
        ("eve", 401),
    ],
)
def test_only_the_auditor_reads_the_audit(browser_of: Browsers, name: str, status: int) -> None:
    browser = browser_of(name)
    assert browser.get("/admin/audit").status_code == status
    assert send(browser, "/login" if name == "eve" else "/", "/admin/audit/verify").status_code == status


def test_reading_is_written_down(browser_of: Browsers, hospital: Hospital) -> None:
    browser_of("jonas").get("/admin/audit?page=2")
    db.session.rollback()
    last = db.session.execute(select(AuditRow).order_by(AuditRow.id.desc()).limit(1)).scalar_one()
    assert (last.action, last.role, last.object) == ("audit:log:read", "auditor", "page:2")


def test_the_trail_shows_who_did_what_and_no_name_of_a_patient(
    browser_of: Browsers, hospital: Hospital
) -> None:
    hospital.waiting("consult", name="하안보임")
    page = (
        browser_of("jonas").get("/admin/audit?who=henry&action=journey:visit:arrive").get_data(as_text=True)
    )
    assert "Henry" in page
    assert page.count("<tr>") == 2
    assert "안보임" not in page


def test_a_day_without_deeds_and_a_filter_without_sense(browser_of: Browsers, hospital: Hospital) -> None:
    auditor = browser_of("jonas")
    assert "empty" in auditor.get("/admin/audit?until=2001-01-01").get_data(as_text=True)
    assert auditor.get("/admin/audit?since=yesterday&action='%3B--&page=x").status_code == 200


def test_the_chain_is_checked_on_demand(
    browser_of: Browsers, hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    auditor = browser_of("jonas")
    assert "banner-success" in send(auditor, "/admin/audit", "/admin/audit/verify").get_data(as_text=True)
    broken = sealing.Verified(seals=1, rows=5, broken_seal=2)
    monkeypatch.setattr(sealing, "verify", lambda: broken)
    assert "banner-danger" in send(auditor, "/admin/audit", "/admin/audit/verify").get_data(as_text=True)


def test_a_payment_says_in_words_how_it_was_settled(browser_of: Browsers, hospital: Hospital) -> None:
    for method, amount in (("card", 15_000), ("deferred", 0)):
        visit = hospital.waiting("consult")
        journey.call_next(hospital.consult, hospital.rooms[0], by=hospital.cast.anne)
        serve(hospital, visit)
        release()
        version = db.session.execute(select(Visit.version).where(Visit.public_id == visit)).scalar_one()
        release()
        journey.pay(visit, version=version, method=method, amount=amount, by=hospital.cast.iris)
    page = browser_of("jonas").get("/admin/audit?action=journey:visit:pay").get_data(as_text=True)
    assert "15,000" in page
    assert "card 15000" not in page
    assert "deferred 0" not in page
