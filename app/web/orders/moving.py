"""Move an order on: into effect, aside and back, done line by line, taken back."""

from collections.abc import Callable
from uuid import UUID

from flask import Response, request
from flask_babel import gettext as _

from app.accounts.roles import Permission
from app.boards import queries as boards
from app.door import actor, back_to, field, refresh, requires, version_field
from app.journey import services as journey
from app.orders import services as orders
from app.web.forms import say
from app.web.orders.placing import say_where
from app.web.orders.reading import order_page, visit_page
from app.web.orders.refusals import refused
from app.web.orders.surface import blueprint

LONGEST_REASON = 300


@blueprint.post("/<uuid:order_id>/activate")
@requires(Permission.CREATE_ORDER)
def activate(order_id: UUID) -> Response:
    """Let a draft take effect."""
    before, _card = boards.order_card(order_id, by=actor())
    version = version_field()
    if problem := refused(lambda: journey.activate_order(order_id, version=version, by=actor())):
        return order_page(order_id, problem=problem)
    say_where(before, boards.visit_orders(before.visit_id, by=actor()))
    return back_to("orders.visit", visit_id=before.visit_id)


@blueprint.post("/<uuid:order_id>/hold")
@requires(Permission.SEE_ORDERS)
def hold(order_id: UUID) -> Response:
    """Put an order aside, and say why."""
    return _with_a_reason(order_id, orders.hold_order, _("The order is on hold."))


@blueprint.post("/<uuid:order_id>/revoke")
@requires(Permission.CREATE_ORDER)
def revoke(order_id: UUID) -> Response:
    """Take back what is open of an order, and say why."""
    return _with_a_reason(order_id, journey.revoke_order, _("The order was taken back."))


@blueprint.post("/<uuid:order_id>/resume")
@requires(Permission.SEE_ORDERS)
def resume(order_id: UUID) -> Response:
    """Go on with an order that was put aside."""
    version = version_field()
    return _in_the_list(order_id, lambda: orders.resume(order_id, version=version, by=actor()))


@blueprint.post("/<uuid:order_id>/complete")
@requires(Permission.FULFIL_ORDER)
def complete(order_id: UUID) -> Response:
    """Say that all that was open of an order is done."""
    version = version_field()
    return _in_the_list(order_id, lambda: orders.complete(order_id, version=version, by=actor()))


@blueprint.post("/<uuid:order_id>/lines/<uuid:line_id>/complete")
@requires(Permission.FULFIL_ORDER)
def complete_line(order_id: UUID, line_id: UUID) -> Response:
    """Say that one line is done."""
    version = version_field()
    return _in_the_list(
        order_id, lambda: orders.complete_line(order_id, line_id, version=version, by=actor())
    )


def _in_the_list(order_id: UUID, command: Callable[[], object]) -> Response:
    """Run a command of one press; the list is painted again, with why where it was refused."""
    visit_id = boards.order_card(order_id, by=actor())[0].visit_id
    if request.headers.get("HX-Request"):
        command()  # the sentence of a refusal goes on top of the page, which moves by itself
    elif problem := refused(command):
        return visit_page(visit_id, problem=problem)
    return refresh(
        "orders/_list.html",
        endpoint="orders.visit",
        endpoint_values={"visit_id": visit_id},
        board=boards.visit_orders(visit_id, by=actor()),
        is_push=False,
    )


def _with_a_reason(order_id: UUID, command: Callable[..., object], done: str) -> Response:
    """Run a command that says why; a reason that was written comes back with a refusal."""
    visit_id = boards.order_card(order_id, by=actor())[0].visit_id
    version, reason = version_field(), field("reason", longest=LONGEST_REASON)
    if problem := refused(lambda: command(order_id, version=version, reason=reason, by=actor())):
        return order_page(order_id, problem=problem, typed={request.path.rpartition("/")[2]: reason})
    say(done)
    return back_to("orders.visit", visit_id=visit_id)
