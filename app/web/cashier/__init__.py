"""Cashier: who waits to pay, the bill, settled once however often the button is pressed."""

from collections.abc import Callable
from uuid import UUID

from flask import Blueprint, Response, make_response, request, url_for
from flask_babel import gettext as _

from app.accounts.roles import Permission
from app.boards import queries as boards
from app.boards.queries import cashier
from app.core.errors import MalformedError
from app.door import actor, back_to, field, requires, show, version_field
from app.journey import services as journey
from app.orders import queries as orders
from app.web.cashier.forms import PayForm
from app.web.forms import page_number, say

blueprint = Blueprint("cashier", __name__, url_prefix="/cashier")


@blueprint.get("")
@requires(Permission.PAY_VISIT)
def waiting() -> str:
    """Show who waits to pay, those who came first on top."""
    board = boards.cashier_list(page=page_number(), by=actor())
    return show("cashier/page.html", board=board, card=None, form=None)


@blueprint.get("/list")
@requires(Permission.PAY_VISIT)
def listing() -> Response:
    """Give the page its list anew where it moved since; a look that finds nothing new shows nobody."""
    if request.args.get("since") == boards.cashier_mark(by=actor()):
        return make_response("", 204)
    board = boards.cashier_list(by=actor())
    return make_response(
        show("cashier/_list.html", board=board, card=None, chosen=request.args.get("chosen", ""))
    )


@blueprint.post("/search")
@requires(Permission.PAY_VISIT)
def search() -> str:
    """Find somebody who waits to pay or has paid today; posted, so that no name stands in an address."""
    board = boards.cashier_list(search=field("search", longest=100), by=actor())
    return show("cashier/page.html", board=board, card=None, form=None)


@blueprint.get("/open")
@requires(Permission.PAY_VISIT)
def open_bills() -> str:
    """Show whose visit is over and whose bill is not even: owed back, or put off."""
    return show("cashier/open.html", board=cashier.open_bills(by=actor()))


@blueprint.get("/visits/<uuid:visit_id>")
@requires(Permission.PAY_VISIT)
def bill(visit_id: UUID) -> str:
    """Show one bill beside the list."""
    return _page(visit_id, PayForm())


@blueprint.get("/visits/<uuid:visit_id>/receipt")
@requires(Permission.PAY_VISIT)
def receipt(visit_id: UUID) -> str:
    """Show the receipt to print."""
    by = actor()
    card = boards.bill(visit_id, by=by)
    return show("cashier/receipt.html", card=card, bill=orders.bill(visit_id, by=by))


@blueprint.post("/visits/<uuid:visit_id>/pay")
@requires(Permission.PAY_VISIT)
def pay(visit_id: UUID) -> Response:
    """Settle the visit; a second press of the same button settles nothing twice."""
    form, version = PayForm(), version_field()
    done = _settled(
        form,
        lambda: journey.pay(
            visit_id, version=version, method=form.method.data, amount=form.amount.data or 0, by=actor()
        ),
    )
    if not done:
        return make_response(_page(visit_id, form), form.status)
    settled = boards.bill(visit_id, by=actor()).visit.version
    say(_("Paid."), undo_url=url_for("cashier.undo", visit_id=visit_id), version=settled)
    return back_to("cashier.bill", visit_id=visit_id)


@blueprint.post("/visits/<uuid:visit_id>/settle")
@requires(Permission.PAY_VISIT)
def settle(visit_id: UUID) -> Response:
    """Take what was put off, or pay back what was taken back, of a visit that is over."""
    form, version = PayForm(), version_field()
    done = _settled(
        form,
        lambda: journey.settle_due(
            visit_id, version=version, method=form.method.data, amount=form.amount.data or 0, by=actor()
        ),
    )
    if not done:
        return make_response(_page(visit_id, form), form.status)
    say(_("Paid back.") if form.answer.amount_won < 0 else _("Paid."))
    return back_to("cashier.bill", visit_id=visit_id)


@blueprint.post("/visits/<uuid:visit_id>/undo")
@requires(Permission.PAY_VISIT)
def undo(visit_id: UUID) -> Response:
    """Take the payment back within the minute."""
    journey.undo(visit_id, version=version_field(), by=actor())
    say(_("Taken back."))
    return back_to("cashier.bill", visit_id=visit_id)


def _settled(form: PayForm, command: Callable[[], object]) -> bool:
    """Settle under the key that the page gave. Raise MalformedError where it gave none."""
    if not (request.headers.get("Idempotency-Key") or field("idempotency_key")):
        raise MalformedError(field="Idempotency-Key")
    return form.submit(command, at="amount")


def _page(visit_id: UUID, form: PayForm) -> str:
    by = actor()
    card, owed = boards.bill(visit_id, by=by), orders.bill(visit_id, by=by)
    form.offer(owed, is_over=card.visit.state == "FINISHED")
    board = boards.cashier_list(page=page_number(), by=by)
    return show("cashier/page.html", board=board, card=card, bill=owed, form=form)
