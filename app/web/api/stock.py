"""The shelves: what lies there, what happened, and what is done with them by hand."""

from uuid import UUID

from flask import Blueprint, Response

from app.accounts.roles import Permission
from app.door import actor, requires
from app.door.language import named
from app.orders import queries
from app.orders import services as orders
from app.orders.queries import Shelf
from app.orders.services import Shelved
from app.web.api.asked.base import PageWanted
from app.web.api.asked.stock import Adjusted, Counted, Issued, Received, ReorderPoint, StockWanted
from app.web.api.bodies import asked, read, tell, tell_version
from app.web.api.openapi import described
from app.web.api.shapes.stock import MovementShape, MovementsShape, ShelfShape, ShelvedShape, StockShape


def register(blueprint: Blueprint) -> None:
    """Add the routes of the shelves."""
    one = "/stock/<uuid:stock_id>"
    blueprint.add_url_rule("/stock", view_func=list_shelves, methods=["GET"])
    blueprint.add_url_rule(one, view_func=show_shelf, methods=["GET"])
    blueprint.add_url_rule(f"{one}/movements", view_func=list_movements, methods=["GET"])
    blueprint.add_url_rule("/stock/receive", view_func=receive_stock, methods=["POST"])
    for verb, view in (
        ("issue", issue_stock),
        ("adjust", adjust_stock),
        ("count", count_stock),
        ("reorder-point", set_reorder_point),
    ):
        blueprint.add_url_rule(f"{one}/{verb}", view_func=view, methods=["POST"])


@requires(Permission.FULFIL_ORDER)
@described("stock", told=StockShape, query=StockWanted)
def list_shelves() -> Response:
    """Show a page of the shelves; `low`: only those of which it is time to order."""
    wanted = asked(StockWanted)
    found = queries.stock_page(is_low=wanted.low, page=wanted.page, per_page=wanted.per_page, by=actor())
    return tell(StockShape.of(found, shelves=[_shelf(one) for one in found.rows]))


@requires(Permission.FULFIL_ORDER)
@described("stock", told=ShelfShape)
def show_shelf(stock_id: UUID) -> Response:
    """Show a shelf with its ETag."""
    return tell_version(_shelf(queries.shelf(stock_id, by=actor())))


@requires(Permission.FULFIL_ORDER)
@described("stock", told=MovementsShape, query=PageWanted)
def list_movements(stock_id: UUID) -> Response:
    """Show a page of what happened on a shelf, the newest first; their sum is the shelf."""
    wanted = asked(PageWanted)
    found = queries.movements_page(stock_id, page=wanted.page, per_page=wanted.per_page, by=actor())
    return tell(MovementsShape.of(found, movements=[MovementShape.model_validate(one) for one in found.rows]))


@requires(Permission.MANAGE_STOCK)
@described("stock", body=Received, told=ShelvedShape)
def receive_stock() -> Response:
    """Lay so many of an item onto a shelf, which is put up where there was none."""
    body = read(Received)
    return _told(
        orders.receive(
            body.item, location=body.location, quantity=body.quantity, reason=body.reason, by=actor()
        )
    )


@requires(Permission.MANAGE_STOCK)
@described("stock", body=Issued, told=ShelvedShape)
def issue_stock(stock_id: UUID) -> Response:
    """Hand out what no order has asked for, with a reason; what is promised stays."""
    body = read(Issued)
    return _told(orders.issue_stock(stock_id, quantity=body.quantity, reason=body.reason, by=actor()))


@requires(Permission.MANAGE_STOCK)
@described("stock", body=Adjusted, told=ShelvedShape)
def adjust_stock(stock_id: UUID) -> Response:
    """Put a shelf right by so many more or fewer, with a reason."""
    body = read(Adjusted)
    return _told(orders.adjust(stock_id, difference=body.difference, reason=body.reason, by=actor()))


@requires(Permission.MANAGE_STOCK)
@described("stock", body=Counted, told=ShelvedShape, refusals=(409, 428))
def count_stock(stock_id: UUID) -> Response:
    """Say how many lie there; whatever moved since `version` was read makes the count stale."""
    body = read(Counted)
    return _told(
        orders.count(stock_id, counted=body.counted, version=body.version, reason=body.reason, by=actor())
    )


@requires(Permission.MANAGE_STOCK)
@described("stock", body=ReorderPoint, told=ShelvedShape, refusals=(409, 428))
def set_reorder_point(stock_id: UUID) -> Response:
    """Say from how few it is time to order."""
    body = read(ReorderPoint)
    return _told(orders.set_reorder_point(stock_id, point=body.point, version=body.version, by=actor()))


def _told(shelved: Shelved) -> Response:
    shape = ShelvedShape(
        id=shelved.stock_id, version=shelved.version, on_hand=shelved.on_hand, reserved=shelved.reserved
    )
    return tell_version(shape)


def _shelf(shelf: Shelf) -> ShelfShape:
    return ShelfShape(
        id=shelf.stock_id,
        version=shelf.version,
        item=shelf.code,
        name=named(shelf),
        location=shelf.location,
        on_hand=shelf.on_hand,
        reserved=shelf.reserved,
        available=shelf.available,
        reorder_point=shelf.reorder_point,
        is_low=shelf.is_low,
    )
