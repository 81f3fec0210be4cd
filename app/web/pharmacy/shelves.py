"""The shelves as they stand: all of them, one with its history, and what to order anew."""

from uuid import UUID

from flask import Response, make_response, request

from app.accounts.roles import Permission
from app.boards.queries import shelves as boards
from app.door import actor, requires, show
from app.orders import queries as orders
from app.web.pharmacy.surface import blueprint


@blueprint.get("/shelves")
@requires(Permission.MANAGE_STOCK)
def shelves() -> str:
    """Show all shelves, those that are low first."""
    board = boards.shelf_list(search=request.args.get("search", "")[:100], by=actor())
    return show("pharmacy/shelves.html", board=board)


@blueprint.get("/shelves/list")
@requires(Permission.MANAGE_STOCK)
def shelf_listing() -> Response:
    """Give the page its shelves anew where one moved since."""
    if request.args.get("since") == boards.shelves_mark(by=actor()):
        return make_response("", 204)
    return make_response(show("pharmacy/_shelves.html", board=boards.shelf_list(by=actor())))


@blueprint.get("/shelves/<uuid:stock_id>")
@requires(Permission.MANAGE_STOCK)
def shelf(stock_id: UUID) -> str:
    """Show one shelf and what happened on it."""
    return show("pharmacy/shelf.html", page=boards.shelf_page(stock_id, by=actor()))


@blueprint.get("/to-order")
@requires(Permission.MANAGE_STOCK)
def to_order() -> str:
    """Show what to order anew, on a page to print."""
    return show("pharmacy/to_order.html", rows=orders.to_reorder(by=actor()))
