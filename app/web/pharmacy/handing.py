"""Handing out: the list that moves by itself, one order with two identifiers, and the boxes over the counter."""

from uuid import UUID

from flask import Response, make_response, request
from flask_babel import gettext as _

from app.accounts.roles import Permission
from app.boards.queries import pharmacy as boards
from app.door import actor, back_to, field, requires, show, uuid_field, version_field
from app.orders import services as orders
from app.orders.states import OrderStatus
from app.web.forms import say
from app.web.pharmacy.forms import HandOutForm
from app.web.pharmacy.surface import blueprint


@blueprint.get("")
@requires(Permission.FULFIL_ORDER)
def waiting() -> str:
    """Show what waits to be handed out, the most urgent on top."""
    return show("pharmacy/page.html", board=boards.hand_out_list(by=actor()), card=None, form=None)


@blueprint.get("/list")
@requires(Permission.FULFIL_ORDER)
def listing() -> Response:
    """Give the page its list anew where it moved since; a look that finds nothing new shows nobody."""
    if request.args.get("since") == boards.hand_out_mark(by=actor()):
        return make_response("", 204)
    board = boards.hand_out_list(by=actor())
    chosen = request.args.get("chosen", "")
    return make_response(show("pharmacy/_list.html", board=board, card=None, chosen=chosen))


@blueprint.get("/orders/<uuid:order_id>")
@requires(Permission.FULFIL_ORDER)
def order(order_id: UUID) -> str:
    """Show one order beside the list, with who it is for."""
    return _page(order_id, HandOutForm())


@blueprint.post("/orders/<uuid:order_id>/hand-out")
@requires(Permission.FULFIL_ORDER)
def hand_out(order_id: UUID) -> Response:
    """Hand out one line, or all that lies ready; a second press hands out nothing twice."""
    form, version = HandOutForm(), version_field()
    if field("line"):
        line = uuid_field("line")
        done = form.submit(
            lambda: orders.complete_line(order_id, line, version=version, by=actor()), at="checked"
        )
    else:
        done = form.submit(lambda: orders.complete(order_id, version=version, by=actor()), at="checked")
    if not done:
        return make_response(_page(order_id, form), form.status)
    say(_("Handed out."))
    if form.answer.status == OrderStatus.ACTIVE:
        return back_to("pharmacy.order", order_id=order_id)
    return back_to("pharmacy.waiting")


def _page(order_id: UUID, form: HandOutForm) -> str:
    by = actor()
    card = boards.hand_out(order_id, by=by)
    return show("pharmacy/page.html", board=boards.hand_out_list(by=by), card=card, form=form)
