"""A ward with a catalogue and shelves, and people before the pages of orders."""

import re
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app.core.actor import SYSTEM, Actor
from app.core.db import db
from app.core.transaction import release
from app.journey import services as journey
from app.orders import queries
from app.orders import services as orders
from app.orders.models import ServiceOrder
from app.orders.services import ItemWords, Placed, Wanted
from tests.hospital import Hospital
from tests.pages import send
from tests.web.scenes import serve

KEY = re.compile(r'id="order-form">\s*<input[^>]*><input type="hidden" name="idempotency_key" value="(\w+)"')
CATALOGUE = {
    "cbc": ItemWords(
        category="lab",
        name_ko="일반혈액검사",
        name_en="Blood count",
        price_won=8_000,
        service_code="lab",
        preparation_ko="검사 전 8시간 금식해 주세요.",
        preparation_en="Please fast for 8 hours before.",
    ),
    "dressing": ItemWords(category="procedure", name_ko="드레싱", name_en="Dressing", price_won=5_000),
    "amoxicillin": ItemWords(
        category="medication", name_ko="아목시실린", name_en="Amoxicillin", price_won=300
    ),
}


@dataclass
class Ward:
    """The hospital, what it offers, and a hand for what happens besides the pages."""

    hospital: Hospital
    pharmacist: Actor = field(
        default_factory=lambda: Actor(kind="staff", role="pharmacy", id=uuid4(), name="Kate")
    )

    def __post_init__(self) -> None:
        for code, words in CATALOGUE.items():
            orders.add_item(code, words, by=SYSTEM)
        orders.add_set(
            "fever",
            name_ko="발열 세트",
            name_en="Fever set",
            items=[Wanted("cbc"), Wanted("amoxicillin", 9)],
            by=SYSTEM,
        )
        orders.receive("amoxicillin", location="pharmacy-1", quantity=30, by=self.pharmacist)

    def paying(self) -> UUID:
        """Let a patient be treated, so that only the payment is left."""
        visit = self.hospital.waiting("consult", name="박처방")
        journey.call_next(self.hospital.consult, self.hospital.rooms[0], by=self.hospital.cast.anne)
        serve(self.hospital, visit)
        return visit

    def placed(self, visit: UUID, *items: str | Wanted, **more: Any) -> Placed:
        """Order for a visit, as the doctor."""
        wanted = [one if isinstance(one, Wanted) else Wanted(one) for one in items]
        found = journey.place_order(visit, items=wanted, by=self.hospital.cast.grace, **more)
        release()
        return found

    def see(self, order_id: UUID) -> queries.Order:
        """Return an order as the doctor sees it."""
        release()
        found = queries.order(order_id, by=self.hospital.cast.grace)
        release()
        return found


def path(visit: UUID) -> str:
    """Return the page of a visit's orders."""
    return f"/orders/visits/{visit}"


def place(browser: FlaskClient, visit: UUID, *, key: str = "one", **fields: Any) -> TestResponse:
    """Send the form of a new order."""
    typed = {name.replace("item_", "item-"): value for name, value in fields.items()}
    return send(browser, path(visit), path(visit), idempotency_key=key, **typed)


def press(
    browser: FlaskClient, order_id: UUID, verb: str, *, htmx: bool = False, **fields: Any
) -> TestResponse:
    """Send one of an order's own forms."""
    page = f"/orders/{order_id}"
    return send(browser, page, f"{page}/{verb}" if verb else page, htmx=htmx, **fields)


def order_count() -> int:
    """Count the orders that there are."""
    release()
    found = db.session.execute(select(func.count(ServiceOrder.id))).scalar_one()
    release()
    return int(found)
