"""Orders: placed under a key, changed by version, done and taken back; each is one service call."""

from uuid import UUID

from flask import Blueprint, Response

from app.accounts.roles import Permission
from app.boards.queries import ordered
from app.core.errors import InvalidError
from app.door import actor, requires
from app.door.language import named
from app.journey import services as journey
from app.orders import services as orders
from app.orders.queries import Line, Order
from app.orders.services import Wanted
from app.web.api.asked.orders import LineDeed, OrderChange, OrderDeed, OrdersWanted, OrderWanted
from app.web.api.bodies import asked, read, seen, tell, tell_version
from app.web.api.openapi import Key, described
from app.web.api.shapes.orders import BillLineShape, BillShape, OrderLineShape, OrderShape, OrdersShape

MOVING = (409, 428)


def register(blueprint: Blueprint) -> None:
    """Add the routes of orders, and of a visit's bill."""
    one = "/orders/<uuid:order_id>"
    blueprint.add_url_rule("/orders", view_func=list_orders, methods=["GET"])
    blueprint.add_url_rule("/orders", view_func=place_order, methods=["POST"])
    blueprint.add_url_rule(one, view_func=show_order, methods=["GET"])
    blueprint.add_url_rule(one, view_func=change_order, methods=["PATCH"])
    for view in (activate_order, hold_order, resume_order, complete_order, revoke_order):
        verb = view.__name__.removesuffix("_order")
        blueprint.add_url_rule(f"{one}/{verb}", view_func=view, methods=["POST"])
    blueprint.add_url_rule(f"{one}/complete-line", view_func=complete_line, methods=["POST"])
    blueprint.add_url_rule("/visits/<uuid:visit_id>/bill", view_func=show_bill, methods=["GET"])


@requires(Permission.SEE_ORDERS)
@described("orders", told=OrdersShape, query=OrdersWanted)
def list_orders() -> Response:
    """Show a page of the orders of a visit (`visit_id`) or of a patient (`patient_id`), the newest first."""
    wanted = asked(OrdersWanted)
    if (wanted.visit_id is None) is (wanted.patient_id is None):
        raise InvalidError(field="visit_id", why="one_of", others=["patient_id"])
    paged = {"page": wanted.page, "per_page": wanted.per_page}
    if wanted.visit_id is not None:
        found = ordered.visit_page(wanted.visit_id, **paged, by=actor())
    else:
        found = ordered.patient_page(_given(wanted.patient_id), **paged, by=actor())
    shape = OrdersShape.of(found, orders=[_shape(one) for one in found.rows])
    return tell(shape, patients=tuple(dict.fromkeys(one.patient_id for one in found.rows)))


@requires(Permission.SEE_ORDERS)
@described("orders", told=OrderShape)
def show_order(order_id: UUID) -> Response:
    """Show an order with its ETag."""
    return _told(order_id)


@requires(Permission.CREATE_ORDER)
@described("orders", body=OrderWanted, told=OrderShape, statuses=(201,), refusals=(409,), key=Key.NEEDED)
def place_order() -> Response:
    """Order for a visit: all of it or nothing; 400 INSUFFICIENT_STOCK names what lacks, wanted and available."""
    body = read(OrderWanted)
    placed = journey.place_order(
        body.visit_id,
        items=[Wanted(one.item, one.quantity) for one in body.items],
        sets=body.sets,
        priority=body.priority,
        note=body.note,
        order_no=body.order_no,
        is_draft=body.is_draft,
        by=actor(),
    )
    return _told(placed.order_id, status=201)


@requires(Permission.CREATE_ORDER)
@described("orders", body=OrderChange, told=OrderShape, refusals=(409, 412, 428))
def change_order(order_id: UUID) -> Response:
    """Change quantities, priority or note; a stale ETag is 412, a stale `version` 409 with both, neither 428."""
    body, found = read(OrderChange), ordered.one_order(order_id, by=actor()).version
    orders.change(
        order_id,
        version=seen(body.version, found),
        quantities={one.line_id: one.quantity for one in body.lines},
        priority=body.priority,
        note=body.note,
        by=actor(),
    )
    return _told(order_id)


@requires(Permission.CREATE_ORDER)
@described("orders", body=OrderDeed, told=OrderShape, refusals=MOVING)
def activate_order(order_id: UUID) -> Response:
    """Let a draft take effect: kept from the shelves, billed, and its steps in the visit's plan."""
    return _told(journey.activate_order(order_id, version=read(OrderDeed).version, by=actor()).order_id)


@requires(Permission.SEE_ORDERS)
@described("orders", body=OrderDeed, told=OrderShape, refusals=MOVING)
def hold_order(order_id: UUID) -> Response:
    """Put an order aside, with a reason; what is kept for it stays kept."""
    body = read(OrderDeed)
    return _told(orders.hold_order(order_id, version=body.version, reason=body.reason, by=actor()).order_id)


@requires(Permission.SEE_ORDERS)
@described("orders", body=OrderDeed, told=OrderShape, refusals=MOVING)
def resume_order(order_id: UUID) -> Response:
    """Go on with an order that was put aside."""
    return _told(orders.resume(order_id, version=read(OrderDeed).version, by=actor()).order_id)


@requires(Permission.FULFIL_ORDER)
@described("orders", body=OrderDeed, told=OrderShape, refusals=MOVING)
def complete_order(order_id: UUID) -> Response:
    """Say that everything that is open of an order was handed out or done."""
    return _told(orders.complete(order_id, version=read(OrderDeed).version, by=actor()).order_id)


@requires(Permission.FULFIL_ORDER)
@described("orders", body=LineDeed, told=OrderShape, refusals=MOVING)
def complete_line(order_id: UUID) -> Response:
    """Say that one line was handed out or done."""
    body = read(LineDeed)
    return _told(orders.complete_line(order_id, body.line_id, version=body.version, by=actor()).order_id)


@requires(Permission.CREATE_ORDER)
@described("orders", body=OrderDeed, told=OrderShape, refusals=MOVING)
def revoke_order(order_id: UUID) -> Response:
    """Take back what is open of an order, with a reason; its steps leave the visit's plan."""
    body = read(OrderDeed)
    return _told(
        journey.revoke_order(order_id, version=body.version, reason=body.reason, by=actor()).order_id
    )


@requires(Permission.SEE_ORDERS)
@described("orders", told=BillShape)
def show_bill(visit_id: UUID) -> Response:
    """Show what a visit costs, what was paid and what is due, in won."""
    bill = ordered.visit_bill(visit_id, by=actor())
    shape = BillShape(
        visit_id=bill.visit_id,
        charged_won=bill.charged_won,
        refunded_won=bill.refunded_won,
        paid_won=bill.paid_won,
        due_won=bill.due_won,
        lines=[
            BillLineShape(
                kind=line.kind,
                amount_won=line.amount_won,
                method=line.method,
                order_no=line.order_no,
                item=line.code,
                name=named(line) if line.code else None,
                at=line.at,
            )
            for line in bill.lines
        ],
    )
    return tell(shape, patients=bill.discloses)


def _told(order_id: UUID, *, status: int = 200) -> Response:
    """Answer with the order as it stands; whoever repeats a command must still be allowed to see it."""
    found = ordered.one_order(order_id, by=actor())
    return tell_version(_shape(found), patients=found.discloses, status=status)


def _given(one: UUID | None) -> UUID:
    if one is None:
        raise InvalidError(field="patient_id", why="missing")
    return one


def _shape(order: Order) -> OrderShape:
    return OrderShape(
        id=order.order_id,
        version=order.version,
        order_no=order.order_no,
        patient_id=order.patient_id,
        visit_id=order.visit_id,
        status=order.status,
        priority=order.priority,
        note=order.note,
        reason=order.revoked_reason,
        created_at=order.created_at,
        closed_at=order.closed_at,
        lines=[_line(line) for line in order.lines],
    )


def _line(line: Line) -> OrderLineShape:
    return OrderLineShape(
        id=line.line_id,
        item=line.code,
        name=named(line),
        category=line.category,
        quantity=line.quantity,
        unit_price_won=line.unit_price_won,
        amount_won=line.amount_won,
        status=line.status,
        step_id=line.step_id,
        location=line.location,
    )
