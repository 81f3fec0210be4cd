"""On the patient's phone: a missed call, back in line by a button, a ring before the turn, called, done."""

from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from app.journey import services as journey
from tests.browser.conftest import House, Visitors, until
from tests.web.scenes import entry_of, serve

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


def follows(page: "Page", state: str, status: str) -> None:
    """Wait until the phone shows where the visit and its entry stand, on the page that was opened."""
    shown = f"(({{ state, status }}) => state === '{state}' && status === '{status}')"
    until(page, f"{shown}(document.querySelector('#visit')?.dataset ?? {{}})", seconds=6)
    assert page.evaluate("() => window.isSame === true"), "the page was loaded anew"


def rings(page: "Page") -> int:
    """Return how often the page has rung."""
    return int(page.evaluate("() => Number(document.documentElement.dataset.rang ?? 0)"))


def call(house: House, visit: UUID) -> None:
    with house.inside() as hospital:
        journey.call_patient(
            entry_of(visit).public_id,
            hospital.rooms[1],
            version=entry_of(visit).version,
            reason="호출",
            confirm=frozenset({"overtaking"}),
            by=hospital.cast.anne,
        )


def test_a_missed_call_costs_a_turn_and_not_the_visit(house: House, visitors: Visitors) -> None:
    visit, *others = house.waiting("김순자", "이기다", "박리다", "최대기")
    phone = visitors.phone(visit)
    phone.evaluate("() => { window.isSame = true; }")

    call(house, visit)
    with house.inside() as hospital:
        entry = entry_of(visit)
        journey.miss(entry.public_id, version=entry.version, by=hospital.cast.anne)
    follows(phone, "WAITING", "NO_SHOW")
    phone.click("form[action='/me/re-enter'] button")
    follows(phone, "WAITING", "WAITING")
    until(phone, "document.querySelector('[data-ahead]').dataset.ahead === '2'")

    phone.click("#alerts > summary")
    phone.click("#alerts button[value='2']")
    until(phone, "document.querySelector('#alerts').dataset.near === '2'")
    assert phone.evaluate("() => document.querySelector('#alerts').open"), (
        "a live page closed under the finger"
    )
    before = rings(phone)  # two are ahead already: what is on the page is no news later

    with house.inside() as hospital:
        journey.call_next(hospital.consult, hospital.rooms[0], by=hospital.cast.anne)
    until(phone, "document.querySelector('[data-ahead]').dataset.ahead === '1'")
    call(house, visit)
    follows(phone, "CALLED", "CALLED")
    assert rings(phone) == before + 1
    assert "2번 진료실" in phone.locator("#visit").inner_text()
    assert phone.evaluate("() => document.title").startswith(("● ", "지금"))

    with house.inside() as hospital:
        serve(hospital, visit)
    follows(phone, "PAYMENT", "")
    assert others


def test_a_phone_without_network_shows_words_and_nothing_of_anybody(house: House, visitors: Visitors) -> None:
    (visit,) = house.waiting("남궁민수")
    phone = visitors.phone(visit)
    phone.evaluate("async () => { await navigator.serviceWorker.ready; }")
    phone.reload()  # a page that was on its way while the worker began has none yet
    until(phone, "navigator.serviceWorker.controller")
    shelves = phone.evaluate(
        """async () => {
            const found = [];
            for (const name of await caches.keys())
                for (const one of await (await caches.open(name)).keys()) found.push(new URL(one.url).pathname);
            return found;
        }"""
    )
    assert "/offline" in shelves
    assert all(path == "/offline" or path.startswith("/static/") for path in shelves), shelves
    phone.context.set_offline(True)
    phone.goto(f"{house.url}/me")
    assert phone.locator(".stop h1").count() == 1
    assert "남" not in phone.locator("main").inner_text()
    visitors.complaints.clear()  # the lost network is said in the console as well


def test_a_phone_is_read_at_400_percent(house: House, visitors: Visitors) -> None:
    (visit,) = house.waiting("김순자")
    phone = visitors.phone(visit)
    phone.set_viewport_size({"width": 320, "height": 640})
    for path in ("/me", "/me/away", "/me/stop", "/me/stop?how=cancel", "/me/alerts"):
        phone.goto(f"{house.url}{path}")
        assert phone.evaluate("() => document.documentElement.scrollWidth") <= 320, path
        small = phone.evaluate(
            """() => [...document.querySelectorAll('main :is(a, button, summary, label.check)')]
                .filter((one) => one.checkVisibility())
                .map((one) => [one.textContent.trim(), one.getBoundingClientRect().height])
                .filter(([, height]) => height < 44)"""
        )
        assert small == [], path
        tiny = phone.evaluate(
            """() => [...document.querySelectorAll('main :is(p, dd, h1, h2, li, button, label)')]
                .filter((one) => one.checkVisibility() && parseFloat(getComputedStyle(one).fontSize) < 18)
                .map((one) => one.textContent.trim())"""
        )
        assert tiny == [], path
