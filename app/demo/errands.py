"""What goes on beside the lines: medicines are handed out, what is done by hand is ticked, shelves are filled."""

from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from app.core.actor import Actor
from app.demo.catalogue import DAY_PHARMACY, DAY_STAFF, DOCTORS
from app.demo.orderable import CONSULTATION_WON, IN_PLAY, SHELVES
from app.demo.scene import Cast, Line
from app.demo.supplies import DELIVERED
from app.journey import services as journey
from app.orders import queries, services
from app.orders.queries import Order
from app.orders.states import LineStatus, OrderStatus

FILLED = {(shelf.item, shelf.place): shelf for shelf in SHELVES if shelf.on_hand > shelf.reorder_point}


def order(visit_id: UUID, line: Line, cast: Cast, luck: Random) -> None:
    """Order for a patient who is with the doctor; now and then it is urgent."""
    plans = IN_PLAY[line.code]
    items, sets, _ = luck.choices(plans, [weight for *_, weight in plans])[0]
    priority = luck.choices(("routine", "urgent", "stat"), (12, 2, 1))[0]
    journey.place_order(visit_id, items=items, sets=sets, priority=priority, by=cast[DOCTORS[line.code]])


def finish_by_hand(visit_id: UUID, cast: Cast) -> int:
    """Tick what nurses did by hand; return what the cashier types: nothing where orders make the bill.

    One statement, and a command for each line.
    """
    orders = [
        one
        for one in queries.orders_of_visit(visit_id, by=cast[DAY_PHARMACY]).orders
        if one.status is not OrderStatus.DRAFT
    ]
    for one in orders:
        version = one.version
        for line in one.lines:
            is_by_hand = line.status is LineStatus.ACTIVE and line.step_id is None and line.location is None
            if one.status is OrderStatus.ACTIVE and is_by_hand and _is_of_the_play(one, cast):
                by = _nurse(one, cast)
                version = services.complete_line(one.order_id, line.line_id, version=version, by=by).version
    return 0 if orders else CONSULTATION_WON


def hand_out(now: datetime, after: timedelta, cast: Cast) -> bool:
    """Hand out the first order of the list that has waited so long; orders of others are nobody's business here.

    One statement, and a command for each line.
    """
    by = cast[DAY_PHARMACY]
    waiting = (one for one in queries.to_hand_out(by=by).orders if _is_of_the_play(one, cast))
    ready = next((one for one in waiting if one.created_at + after <= now), None)
    if ready is None:
        return False
    version = ready.version
    for line in ready.lines:
        version = services.complete_line(ready.order_id, line.line_id, version=version, by=by).version
    return True


def fill_shelves(cast: Cast) -> None:
    """Fill the shelves that the play has emptied; those that began low stay to be ordered. One statement."""
    by = cast[DAY_PHARMACY]
    for shelf in queries.to_reorder(by=by):
        if plan := FILLED.get((shelf.code, shelf.location)):
            services.receive(
                shelf.code, location=shelf.location, quantity=plan.on_hand, reason=DELIVERED, by=by
            )


def _is_of_the_play(one: Order, cast: Cast) -> bool:
    """Say whether one of the day's doctors ordered it."""
    return one.ordered_by in {cast[name].id for name in DOCTORS.values()}


def _nurse(one: Order, cast: Cast) -> Actor:
    """Return the nurse of the unit that ordered."""
    nurses = (cast[plan.username] for plan in DAY_STAFF if plan.role == "nurse")
    return next(nurse for nurse in nurses if one.unit in nurse.units)
