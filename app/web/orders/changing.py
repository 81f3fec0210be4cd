"""Change quantities, priority and note of an order; who was overtaken sees both changes and loses no word."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from flask import Response, request, url_for
from flask_babel import gettext as _

from app.accounts.roles import Permission
from app.boards import queries as boards
from app.boards.queries import OrderCard
from app.core.errors import GoneError, VersionStaleError
from app.door import actor, back_to, requires
from app.door.language import named
from app.emr.queries import Snapshot
from app.orders import services as orders
from app.orders.states import LineStatus
from app.web import conflicts
from app.web.forms import say
from app.web.orders import words
from app.web.orders.reading import order_page
from app.web.orders.refusals import refused
from app.web.orders.surface import blueprint
from app.web.orders.wish import quantity_of

QUANTITY, WAS = "quantity-", "was-"


@blueprint.post("/<uuid:order_id>")
@requires(Permission.CREATE_ORDER)
def change(order_id: UUID) -> Response:
    """Change an order as its form says."""
    board, card = boards.order_card(order_id, by=actor())
    quantities = {f"{QUANTITY}{one.line_id}": one.line_id for one in card.order.lines}
    mine, version = conflicts.typed(("priority", "note", *quantities)), conflicts.seen_version()
    stale: list[VersionStaleError] = []

    def run() -> None:
        try:
            orders.change(
                order_id,
                version=version,
                quantities={
                    line: quantity_of(mine[name]) for name, line in quantities.items() if name in mine
                },
                priority=mine.get("priority"),
                note=mine.get("note"),
                by=actor(),
            )
        except VersionStaleError as error:
            stale.append(error)
            raise

    problem = refused(run) if mine else None
    if stale:
        return _conflict(order_id, stale[0], mine)
    if problem:
        return order_page(order_id, problem=problem, typed=mine)
    say(_("Saved."))
    return back_to("orders.visit", visit_id=board.visit_id)


def fields_of(card: OrderCard) -> dict[str, str]:
    """Return an order as its form compares it; of a line that is closed, how it ended."""
    return {
        "priority": str(card.order.priority),
        "note": card.order.note,
        **{
            f"{QUANTITY}{one.line_id}": str(one.quantity)
            if one.status is LineStatus.ACTIVE
            else str(words.LINES[one.status])
            for one in card.order.lines
        },
    }


def _conflict(order_id: UUID, stale: VersionStaleError, mine: Mapping[str, str]) -> Response:
    """Show what stands there now beside what was typed."""
    board, card = boards.order_card(order_id, by=actor())
    last, now = boards.last_change(card.order), fields_of(card)
    before = {
        name: request.form[WAS + name].replace("\r\n", "\n") for name in mine if WAS + name in request.form
    }
    kind = VersionStaleError if card.is_open else GoneError
    told = kind(
        now=Snapshot(version=card.order.version, fields=now, by_name=last.by_name, at=last.at),
        base=Snapshot(version=0, fields=before) if before.keys() == mine.keys() else None,
        **stale.details,
    )
    found = conflicts.conflict_of(
        told,
        mine,
        patient_id=board.patient_id,
        labels={
            "priority": _("Priority"),
            "note": _("Note for whoever does it"),
            **{
                f"{QUANTITY}{one.line_id}": _("Quantity: %(item)s", item=named(one))
                for one in card.order.lines
            },
        },
        words={"priority": words.PRIORITIES},
        texts=("note",),
    )
    closed = {f"{QUANTITY}{one.line_id}" for one in card.order.lines if one.status is not LineStatus.ACTIVE}
    return conflicts.answer(
        replace(
            found,
            rows=tuple(
                replace(row, outcome="now", sends="") if row.name in closed else row for row in found.rows
            ),
        ),
        action=url_for("orders.change", order_id=order_id),
        again=url_for("orders.place", visit_id=board.visit_id),
        back=url_for("orders.visit", visit_id=board.visit_id),
        surface="records",
        status=told.status,
    )
