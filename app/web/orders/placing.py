"""Place an order: chosen from the catalogue and by sets, sent once however often the button is pressed."""

from dataclasses import replace
from uuid import UUID

from flask import Response, make_response, request
from flask_babel import gettext as _

from app.accounts.roles import Permission
from app.boards import queries as boards
from app.boards.queries import VisitOrders
from app.core.errors import MalformedError
from app.door import actor, back_to, field, requires, show
from app.door.language import named
from app.journey import services as journey
from app.web.forms import say
from app.web.orders.reading import shelf_of, visit_page
from app.web.orders.refusals import refused
from app.web.orders.surface import blueprint
from app.web.orders.wish import Wish


@blueprint.post("/visits/<uuid:visit_id>/find")
@requires(Permission.CREATE_ORDER)
def find(visit_id: UUID) -> Response:
    """Search the catalogue; what was chosen and typed stays in the form."""
    wish = Wish.typed()
    if wish.is_chosen_now:
        wish = replace(wish, search="", category="")
    if not request.headers.get("HX-Request"):
        return visit_page(visit_id, wish=wish)
    cautions = boards.order_cautions(boards.visit_orders(visit_id, by=actor()), by=actor())
    return make_response(
        show("orders/_catalogue.html", visit_id=visit_id, wish=wish, shelf=shelf_of(wish), cautions=cautions)
    )


@blueprint.post("/visits/<uuid:visit_id>")
@requires(Permission.CREATE_ORDER)
def place(visit_id: UUID) -> Response:
    """Order what was chosen, or keep it as a draft."""
    if not (request.headers.get("Idempotency-Key") or field("idempotency_key")):
        raise MalformedError(field="Idempotency-Key")
    wish, before = Wish.typed(), boards.visit_orders(visit_id, by=actor())
    problem = refused(
        lambda: journey.place_order(
            visit_id,
            items=wish.items,
            sets=sorted(wish.sets),
            priority=wish.priority,
            note=wish.note,
            is_draft=wish.is_draft,
            by=actor(),
        )
    )
    if problem:
        return visit_page(visit_id, wish=wish, problem=problem)
    if wish.is_draft:
        say(_("Kept as a draft. It costs and reserves nothing until it is activated."))
    else:
        say_where(before, boards.visit_orders(visit_id, by=actor()))
    return back_to("orders.visit", visit_id=visit_id)


def say_where(before: VisitOrders, after: VisitOrders) -> None:
    """Say that it is ordered, and where whoever was about to pay waits again."""
    if before.is_about_to_pay and not after.is_about_to_pay and named(after, "line"):
        say(
            _(
                "Ordered. The patient does not pay yet and will wait again: %(line)s.",
                line=named(after, "line"),
            )
        )
    else:
        say(_("Ordered."))
