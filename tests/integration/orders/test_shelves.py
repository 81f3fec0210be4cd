"""The shelves: their movements are their sum, whatever happens to them, and what must be ordered is listed."""

from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core import events
from app.core.errors import InsufficientStockError, InvalidError, RefusedError, TransitionRefusedError
from app.core.events import Event
from app.core.transaction import release
from app.orders import queries
from app.orders import services as orders
from app.orders.events import StockLowered
from app.orders.services import Wanted
from tests.hospital import Hospital
from tests.integration.orders.pharmacy import Pharmacy

WHY = "유효기간 경과"
DEEDS = ("receive", "adjust", "count", "issue", "place", "change", "complete", "revoke")
deed = st.tuples(
    st.sampled_from(DEEDS), st.integers(1, 12), st.integers(0, 5), st.sampled_from(("gauze", "syringe"))
)


@pytest.fixture
def shop(sqlite_app: Flask, hospital: Hospital) -> Pharmacy:
    return Pharmacy(hospital)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(deed, min_size=8, max_size=30))
def test_the_sum_of_its_movements_is_the_shelf(
    shop: Pharmacy, deeds: list[tuple[str, int, int, str]]
) -> None:
    """Random commands; each either does all of it or nothing, and `shelf` compares what lies there with the sum."""
    shelves = {item: shop.fill(item, 5) for item in ("gauze", "syringe")}
    placed: list[Any] = []
    for name, many, which, item in deeds:
        before = {one: shop.shelf(one) for one in shelves}
        refused = attempt(shop, name, many, which, item, shelves, placed)
        if refused is not None:
            assert refused.code in {"INSUFFICIENT_STOCK", "TRANSITION_REFUSED", "INVALID"}
            assert {one: shop.shelf(one) for one in shelves} == before
        for one in shelves:
            on_hand, reserved = shop.shelf(one)
            assert 0 <= reserved <= on_hand
    opened = [one for one in placed if shop.see(one).status == "active"]
    for one in shelves:
        promised = sum(
            line.quantity for order in opened for line in shop.see(order).lines if line.code == one
        )
        assert shop.shelf(one)[1] - promised == left_over(shop, one, opened)


def left_over(shop: Pharmacy, item: str, opened: list[Any]) -> int:
    """Return what earlier examples of the same shelf have left open."""
    release()
    ours = {*opened}
    return sum(
        line.quantity
        for order in queries.to_hand_out(by=shop.pharmacist).orders
        if order.order_id not in ours
        for line in order.lines
        if line.code == item
    )


def attempt(*given: Any) -> RefusedError | None:
    try:
        do(*given)
    except RefusedError as refused:
        return refused
    return None


def do(
    shop: Pharmacy, name: str, many: int, which: int, item: str, shelves: dict[str, Any], placed: list[Any]
) -> None:
    by, shelf = shop.pharmacist, shelves[item]
    if name == "receive":
        shop.fill(item, many)
    elif name == "adjust":
        orders.adjust(shelf, difference=many - 6, reason=WHY, by=by)
    elif name == "count":
        version = next(one.version for one in queries.shelves(by=by) if one.stock_id == shelf)
        orders.count(shelf, counted=many, version=version, reason=WHY, by=by)
    elif name == "issue":
        orders.issue_stock(shelf, quantity=many, reason=WHY, by=by)
    elif name == "place":
        placed.append(shop.place(Wanted(item, many), "dressing").order_id)
    elif placed:
        one = placed[which % len(placed)]
        seen = shop.see(one)
        if name == "change":
            orders.change(one, version=seen.version, quantities={seen.lines[0].line_id: many}, by=shop.doctor)
        elif name == "complete":
            orders.complete(one, version=seen.version, by=by)
        else:
            orders.revoke(one, version=seen.version, reason=WHY, by=shop.doctor)


def test_what_is_promised_is_not_issued_adjusted_or_counted_away(pharmacy: Pharmacy) -> None:
    shelf = pharmacy.fill("gauze", 5)
    pharmacy.place(Wanted("gauze", 4))
    by = pharmacy.pharmacist
    with pytest.raises(InsufficientStockError) as refused:
        orders.issue_stock(shelf, quantity=2, reason=WHY, by=by)
    assert refused.value.details["items"][0]["available"] == 1  # type: ignore[index]
    with pytest.raises(InsufficientStockError):
        orders.adjust(shelf, difference=-2, reason=WHY, by=by)
    with pytest.raises(TransitionRefusedError) as promised:
        orders.count(shelf, counted=3, version=2, reason=WHY, by=by)
    assert promised.value.details["why"] == "promised"
    assert pharmacy.shelf("gauze") == (5, 4)
    assert orders.issue_stock(shelf, quantity=1, reason=WHY, by=by).on_hand == 4
    assert orders.count(shelf, counted=9, version=3, reason=WHY, by=by).on_hand == 9
    assert [(one.kind, one.quantity, one.reason) for one in queries.movements(shelf, by=by)][:2] == [
        ("count", 5, WHY),
        ("issue", 1, WHY),
    ]


def test_handing_out_makes_a_count_stale_and_promising_does_not(quick: Pharmacy) -> None:
    shelf = quick.fill("gauze", 5)
    version = queries.shelves(by=quick.pharmacist)[0].version
    release()
    placed = quick.place("gauze")
    orders.count(shelf, counted=5, version=version, reason=WHY, by=quick.pharmacist)
    orders.complete(placed.order_id, version=1, by=quick.pharmacist)
    with pytest.raises(RefusedError) as refused:
        orders.count(shelf, counted=5, version=version, reason=WHY, by=quick.pharmacist)
    assert (refused.value.code, refused.value.details["on_hand"]) == ("STALE_VERSION", 4)


def test_what_falls_to_its_reorder_point_is_told_once_and_listed(quick: Pharmacy) -> None:
    told: list[Event] = []
    shelf = quick.fill("gauze", 5)
    orders.set_reorder_point(
        shelf, point=3, version=queries.shelves(by=quick.pharmacist)[0].version, by=quick.pharmacist
    )
    release()
    assert queries.to_reorder(by=quick.pharmacist) == ()
    release()
    events.react({StockLowered: (told.append,)})
    quick.place("gauze")
    assert told == []
    quick.place("gauze")
    quick.place("gauze")
    assert told == [StockLowered(stock_id=shelf)]
    (low,) = queries.to_reorder(by=quick.pharmacist)
    assert (low.code, low.available, low.is_low) == ("gauze", 2, True)


@pytest.mark.parametrize(
    ("item", "location", "quantity"),
    [("cbc", "p", 1), ("moon", "p", 1), ("gauze", "", 1), ("gauze", "약국", 1), ("gauze", "p", 0)],
)
def test_what_makes_no_sense_is_not_received(
    quick: Pharmacy, item: str, location: str, quantity: int
) -> None:
    with pytest.raises(InvalidError):
        orders.receive(item, location=location, quantity=quantity, by=quick.pharmacist)


def test_a_reason_is_asked_for(quick: Pharmacy) -> None:
    shelf = quick.fill("gauze", 5)
    for refused in (
        lambda: orders.adjust(shelf, difference=1, reason=None, by=quick.pharmacist),
        lambda: orders.issue_stock(shelf, quantity=1, reason=" ", by=quick.pharmacist),
        lambda: orders.count(shelf, counted=1, version=2, reason="", by=quick.pharmacist),
    ):
        with pytest.raises(InvalidError):
            refused()
    with pytest.raises(RefusedError) as unknown:
        orders.adjust(uuid4(), difference=1, reason=WHY, by=quick.pharmacist)
    assert unknown.value.status == 404
