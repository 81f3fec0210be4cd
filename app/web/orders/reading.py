"""The pages of orders: all of a visit with the form of a new one, and one order with what may be done with it."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import Response, make_response

from app.accounts.roles import Permission, may
from app.boards import queries as boards
from app.door import actor, requires, show
from app.door.identity import new_key
from app.orders import queries as orders
from app.web.orders.refusals import Problem
from app.web.orders.surface import blueprint
from app.web.orders.wish import Wish

MOST_FOUND = 40


@blueprint.get("/visits/<uuid:visit_id>")
@requires(Permission.SEE_ORDERS)
def visit(visit_id: UUID) -> Response:
    """Show the orders of a visit."""
    return visit_page(visit_id)


@blueprint.get("/<uuid:order_id>")
@requires(Permission.SEE_ORDERS)
def order(order_id: UUID) -> Response:
    """Show one order."""
    return order_page(order_id)


def visit_page(visit_id: UUID, *, wish: Wish | None = None, problem: Problem | None = None) -> Response:
    """Return the page of a visit's orders; a refused form stands there with what was typed."""
    board = boards.visit_orders(visit_id, by=actor())
    if wish is None or (problem and problem.is_key_spent):
        wish = replace(wish or Wish(key=""), key=new_key())
    return answered(
        show(
            "orders/visit.html",
            board=board,
            wish=wish,
            shelf=shelf_of(wish) if board.may_order else {},
            problem=problem,
            cautions=boards.order_cautions(board, by=actor()),
            may_read_record=may(actor(), Permission.SEE_PATIENT),
            is_push=False,
            live_topics=[board.topic],
        ),
        problem,
    )


def order_page(
    order_id: UUID, *, problem: Problem | None = None, typed: dict[str, str] | None = None
) -> Response:
    """Return the page of one order; `typed` is what a refused form held."""
    board, card = boards.order_card(order_id, by=actor())
    return answered(
        show(
            "orders/order.html",
            board=board,
            card=card,
            last=boards.last_change(card.order),
            cautions=boards.order_cautions(board, by=actor()),
            problem=problem,
            typed=typed or {},
        ),
        problem,
    )


def shelf_of(wish: Wish) -> dict[str, Any]:
    """Return what the form offers: what is chosen on top, then what the search finds; 3 statements."""
    by = actor()
    found = orders.catalogue(search=wish.search, category=wish.category or None, by=by)
    sets = orders.order_sets(by=by)
    codes = {*wish.quantities, *(one.item for each in sets for one in each.items)}
    known = orders.items_named(codes, by=by)
    rest = [one for one in found if one.code not in wish.quantities]
    return {
        "chosen": [known[code] for code in wish.quantities if code in known],
        "found": rest[:MOST_FOUND],
        "more": max(0, len(rest) - MOST_FOUND),
        "sets": sets,
        "named_items": known,
    }


def answered(page: str, problem: Problem | None) -> Response:
    """Return a page, with the status of what was refused."""
    response = make_response(page, problem.status if problem else 200)
    if problem and problem.retry_after:
        response.headers["Retry-After"] = str(problem.retry_after)
    return response
