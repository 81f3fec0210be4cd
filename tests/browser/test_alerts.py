"""Alerts in a browser: they come by themselves, are answered by keyboard, take no focus and ring once."""

from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from sqlalchemy import select

from app.alerts import services as alerts
from app.alerts.models import Alert
from app.core.db import db
from app.journey import services as journey
from app.journey.models import Visit
from tests.browser.conftest import House, Visitors, until
from tests.web.scenes import entry_of

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

pytestmark = pytest.mark.browser
# The page's clock stands still, so that ten seconds pass when the test says so.
COUNT_CHIMES = """() => { window.chimes = []; window.now = 1e12; Date.now = () => window.now;
  document.addEventListener("annae:chime", (event) => window.chimes.push(...event.detail.ids)); }"""
MOST_TABS = 200


def urgent_leaves(house: House) -> UUID:
    """Let an urgent patient leave; return the alert."""
    with house.inside() as hospital:
        anne = hospital.cast.anne
        visit = hospital.waiting("consult", name="한가람")
        entry = entry_of(visit)
        journey.prioritise(entry.public_id, priority=2, version=entry.version, reason="통증", by=anne)
        version = db.session.execute(select(Visit.version).where(Visit.public_id == visit)).scalar_one()
        db.session.remove()
        journey.leave(visit, version=version, reason="기다리지 않음", by=anne)
        found = db.session.execute(select(Alert.public_id).order_by(Alert.id.desc()).limit(1)).scalar_one()
        db.session.remove()
        return found


def shown(alert: UUID) -> str:
    return f"document.getElementById('alert-{alert}')"


def tab_to(page: "Page", selector: str) -> None:
    """Press Tab until the focus is there, as a keyboard has to."""
    for _ in range(MOST_TABS):
        if page.evaluate(f"() => document.activeElement.matches({selector!r})"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no Tab leads to {selector}")


def test_an_alert_comes_by_itself_and_is_answered_by_keyboard(house: House, visitors: Visitors) -> None:
    house.waiting("김하나")
    ward = f"/ward/{house.hospital.consult}"
    anne, flora = visitors.staff("anne", ward), visitors.staff("flora", ward)
    anne.focus("[data-filter]")
    anne.keyboard.type("김")
    alert = urgent_leaves(house)
    until(anne, shown(alert))
    assert anne.evaluate("document.activeElement.matches('[data-filter]')"), "an alert takes no focus"
    assert anne.input_value("[data-filter]") == "김"
    assert anne.inner_text(f"#alerts-{house.hospital.ward} [role=status]")
    anne.click(f"#more-alert-{alert}")
    anne.click(f"#later-{alert} [name=minutes] >> nth=0")
    until(anne, f"{shown(alert)}.matches('.is-snoozed')")
    assert anne.locator(".alert details[open]").count() == 0, "a menu lies over the next alert"
    anne.evaluate("document.activeElement.blur()")
    tab_to(anne, f"#take-{alert}")
    anne.keyboard.press("Enter")
    until(anne, f"{shown(alert)}.matches('.is-taken')")
    until(anne, f"document.activeElement.id === 'done-{alert}'")  # the button that was pressed has gone
    until(flora, f"{shown(alert)}?.matches('.is-taken')")
    assert "Anne" in flora.inner_text(f"#alert-{alert}")
    anne.keyboard.press("Enter")
    until(anne, f"!{shown(alert)}")
    until(flora, f"!{shown(alert)}")


def test_who_is_faster_than_an_answer_loses_no_press(house: House, visitors: Visitors) -> None:
    anne = visitors.staff("anne", f"/ward/{house.hospital.consult}")
    held: list[Route] = []

    def hold(route: "Route") -> None:
        held.append(route)

    anne.route("**/take", hold)
    alert = urgent_leaves(house)
    until(anne, shown(alert))
    anne.focus(f"#take-{alert}")
    with anne.expect_request("**/take"):
        anne.keyboard.press("Enter")
    answer = held[0].fetch()  # the server has done it, the socket says so, and the answer is still on its way
    until(anne, f"{shown(alert)}.matches('.is-taken') && document.activeElement.id === 'done-{alert}'")
    anne.keyboard.press("Enter")
    anne.keyboard.press("Enter")
    held[0].fulfill(response=answer)
    until(anne, f"!{shown(alert)}")


def test_it_rings_once_for_whom_it_is_and_not_for_whoever_wants_silence(
    house: House, visitors: Visitors
) -> None:
    ward = f"/ward/{house.hospital.consult}"
    anne, grace = visitors.staff("anne", ward), visitors.staff("grace", ward)
    for page in (anne, grace):
        page.evaluate(COUNT_CHIMES)
        page.keyboard.press("Shift")  # a gesture: before one, nothing may sound
    first = urgent_leaves(house)
    until(anne, "window.chimes.length")
    until(grace, shown(first))
    second = urgent_leaves(house)
    until(anne, shown(second))
    assert anne.evaluate("window.chimes") == [str(first)], "at most one in ten seconds"
    anne.evaluate("window.now += 10e3")
    anne.keyboard.press("Shift")
    until(anne, "window.chimes.length === 2")
    anne.click("[data-alert-sound]")
    assert anne.get_attribute("[data-alert-sound]", "aria-pressed") == "false"
    anne.evaluate("window.now += 10e3")
    third = urgent_leaves(house)
    until(anne, shown(third))
    anne.keyboard.press("Shift")
    anne.reload()  # what was heard, and that nothing is wanted, outlasts the page
    until(anne, "window.isHeard")
    anne.evaluate(COUNT_CHIMES)
    anne.evaluate("window.now += 60e3")
    anne.keyboard.press("Shift")
    assert anne.evaluate("window.chimes") == []
    anne.click("[data-alert-sound]")
    until(anne, "window.chimes.length")
    assert anne.evaluate("window.chimes") == [str(third)], "each once"
    assert grace.evaluate("window.chimes") == [], "a doctor is with a patient"


def test_a_kiosk_is_answered_within_five_seconds(house: House, visitors: Visitors) -> None:
    kiosk = visitors.page(size=(1080, 1920), keeps="kiosk")
    kiosk.goto(f"{house.url}/pair/{house.hospital.kiosk_code}")
    with kiosk.expect_navigation():
        kiosk.click("main button[type=submit]")
    henry = visitors.staff("henry", "/desk")
    kiosk.click("[data-slot=help] button")
    until(kiosk, "document.querySelector('#help-answer')")
    until(henry, "document.querySelector('.alert')", seconds=5)
    henry.click(".alert button[id^=take]")
    until(kiosk, "document.querySelector('#help-answer .banner-success')", seconds=5)
    with house.inside():
        taken = db.session.execute(
            select(Alert).where(Alert.open_slot == 1, Alert.owner == "desk")
        ).scalar_one()
        assert taken.taken_at is not None
        alerts.finish(taken.public_id, version=taken.version, by=house.hospital.cast.henry)
    until(kiosk, "!document.querySelector('#help-answer')", seconds=5)
    assert kiosk.url.endswith("/kiosk")
