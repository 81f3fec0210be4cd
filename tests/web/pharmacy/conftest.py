"""The pharmacy's counter in page tests: shelves with boxes, and orders of patients who wait."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from app.core.actor import SYSTEM, Actor
from app.core.transaction import release
from app.journey import services as journey
from app.orders import queries
from app.orders import services as orders
from app.orders.services import ItemWords, Placed, Wanted
from tests.hospital import Hospital

PLACE = "pharmacy-a-1"
ITEMS = {
    "amoxicillin": ("medication", "아목시실린 500mg", "Amoxicillin 500 mg", 300),
    "gauze": ("supply", "거즈", "Gauze", 0),
    "cbc": ("lab", "일반혈액검사", "Blood count", 8_000),
}


@dataclass
class Counter:
    """The pharmacy, its shelves by item, and Kate's browser."""

    hospital: Hospital
    kate: Actor
    browser: FlaskClient
    shelves: dict[str, UUID]

    def order(self, *wanted: Wanted, name: str | None = None, priority: str = "routine") -> Placed:
        """Let a doctor order for a patient who waits."""
        visit = self.hospital.waiting("consult", name=name)
        return journey.place_order(visit, items=wanted, priority=priority, by=self.hospital.cast.grace)

    def shelf(self, item: str) -> queries.Shelf:
        """Return a shelf as it stands."""
        release()
        return next(one for one in queries.shelves(by=self.kate) if one.code == item)

    def see(self, order_id: UUID) -> queries.Order:
        """Return an order as it stands."""
        release()
        return queries.order(order_id, by=self.kate)

    def text(self, address: str, *, status: int = 200) -> str:
        """Return what a page says."""
        answer = self.browser.get(address)
        assert answer.status_code == status
        return answer.get_data(as_text=True)


@pytest.fixture
def counter(hospital: Hospital, browser_of: Callable[[str], FlaskClient]) -> Counter:
    """Give the counter, with ten boxes of each thing that lies on shelves."""
    kate = hospital.cast.kate
    for code, (category, ko, en, price) in ITEMS.items():
        words = ItemWords(category=category, name_ko=ko, name_en=en, price_won=price)
        orders.add_item(code, words, by=SYSTEM)
    shelves = {
        code: orders.receive(code, location=PLACE, quantity=10, by=kate).stock_id
        for code in ("amoxicillin", "gauze")
    }
    release()
    return Counter(hospital, kate, browser_of("kate"), shelves)
