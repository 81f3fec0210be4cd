"""Whose orders somebody sees: the pages and the API say the same, whichever ward has ordered."""

import re
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from app.boards import queries as boards
from app.core.transaction import release
from app.emr import queries as emr
from app.journey import services as journey
from app.orders.services import Wanted
from tests.hospital import Hospital
from tests.web.api.pharmacy import ApiPharmacy

NAMES = ("anne", "ben", "chris", "flora", "grace", "henry", "iris", "jonas", "kate")
# Where the patient goes, who has opened the record in an emergency, and who sees the order, which the last ward of
# the plan has placed: the own ward's and the pharmacy always, the cashier not before somebody comes to pay.
SITUATIONS = {
    "of both wards": (("consult", "ortho"), "", {"anne", "ben", "flora", "grace", "kate"}),
    "of one ward": (("consult",), "", {"anne", "flora", "grace", "kate"}),
    "in an emergency": (("consult",), "ben", {"anne", "ben", "flora", "grace", "kate"}),
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_the_api_shows_the_orders_and_the_bill_to_whom_the_page_shows_them(
    situation: str, shop: ApiPharmacy, hospital: Hospital, browser_of: Callable[[str], FlaskClient]
) -> None:
    planned, who_declares, expected = SITUATIONS[situation]
    visit = hospital.waiting(*planned)
    order = ordered_by(hospital, visit, hospital.other if "ortho" in planned else hospital.ward)
    if who_declares:
        patient = boards.my_visit(visit, by=None).patient_id
        mrn = emr.patient_card(patient, by=hospital.cast.henry).mrn
        journey.declare_emergency(mrn, reason="의식 저하", by=getattr(hospital.cast, who_declares))
        release()
    seeing = set()
    for name in NAMES:
        browser, partner = browser_of(name), shop.staff(name)
        page = browser.get(f"/orders/visits/{visit}")
        told = [
            partner.get(path)
            for path in (f"/orders?visit_id={visit}", f"/orders/{order}", f"/visits/{visit}/bill")
        ]
        assert {page.status_code, browser.get(f"/orders/{order}").status_code} == {
            answer.status_code for answer in told
        }, name
        if page.status_code == 200:
            seeing.add(name)
            shown = set(re.findall(r"/orders/([0-9a-f-]{36})\"", page.text))
            assert shown == {one["id"] for one in told[0].json["orders"]} == {order}
            assert [line["item"] for line in told[2].json["lines"]] == ["dressing"]
    assert seeing == expected


def ordered_by(hospital: Hospital, visit: UUID, unit: UUID) -> str:
    """Let a doctor of a ward order for a visit; return the order."""
    doctor = replace(hospital.cast.grace, units=frozenset({unit}))
    placed = journey.place_order(visit, items=[Wanted("dressing")], by=doctor)
    release()
    return str(placed.order_id)
