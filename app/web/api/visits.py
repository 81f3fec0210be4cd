"""Visits: read, and moved by the commands of the journey; each is one service call."""

from uuid import UUID

from flask import Blueprint, Response, request

from app.accounts.roles import Permission
from app.boards import queries as boards
from app.core.errors import MalformedError
from app.door import actor, requires
from app.journey import services as journey
from app.journey.states import TABLE, Command
from app.web.api.answers import moved, told
from app.web.api.asked import AddStep, Order
from app.web.api.bodies import read
from app.web.api.openapi import described, moving
from app.web.api.shapes import Answer

# Known and not built yet: refused by the table. A way that opens gets a view and leaves this list by itself.
CLOSED = tuple(
    command
    for command in (
        Command.CANCEL,
        Command.LEAVE,
        Command.TRANSFER_OUT,
        Command.VOID,
        Command.CLOSE,
        Command.WAIVE,
    )
    if not TABLE[command].is_open
)


def register(blueprint: Blueprint) -> None:
    """Add the routes of visits."""
    one = "/visits/<uuid:visit_id>"
    blueprint.add_url_rule(one, view_func=show_visit, methods=["GET"])
    for view in (arrive, register_visit, pay, add_step, undo):
        name = "register" if view is register_visit else view.__name__.replace("_", "-")
        blueprint.add_url_rule(f"{one}/{name}", view_func=view, methods=["POST"])
    if CLOSED:
        names = ", ".join(f'"{command}"' for command in CLOSED)
        blueprint.add_url_rule(f"{one}/<any({names}):command>", view_func=refuse_for_visit, methods=["POST"])


@requires(Permission.SEE_VISIT)
@described("visits", told=Answer)
def show_visit(visit_id: UUID) -> Response:
    """Show where a visit stands, its steps and its history."""
    return told(boards.my_visit(visit_id, by=actor()))


@requires(Permission.BOOK_VISIT)
@moving("visits")
def arrive(visit_id: UUID) -> Response:
    """Note at the desk that the patient is in the house; patients arrive with a tag (`nfc/scan`)."""
    return moved(journey.arrive(visit_id, version=read(Order).version, by=actor()))


@requires(Permission.REGISTER_VISIT)
@moving("visits")
def register_visit(visit_id: UUID) -> Response:
    """Register an arrived visit; it joins at once where one queue fits."""
    return moved(journey.register(visit_id, version=read(Order).version, by=actor()))


@requires(Permission.PAY_VISIT)
@moving("visits")
def pay(visit_id: UUID) -> Response:
    """Settle a visit: cash, card, deferred or none; money moves once, so the key is required."""
    if not request.headers.get("Idempotency-Key"):
        raise MalformedError(field="Idempotency-Key", why="missing")
    body = read(Order)
    return moved(
        journey.pay(visit_id, version=body.version, method=body.method, amount=body.amount, by=actor())
    )


@requires(Permission.ADD_STEP)
@moving("visits", AddStep)
def add_step(visit_id: UUID) -> Response:
    """Order one more service; a visit that was about to pay goes back to wait."""
    body = read(AddStep)
    return moved(
        journey.add_step(
            visit_id, service=body.service, version=body.version, is_mandatory=body.mandatory, by=actor()
        )
    )


@requires(Permission.UNDO)
@moving("visits")
def undo(visit_id: UUID) -> Response:
    """Take back the visit's last command."""
    return moved(journey.undo(visit_id, version=read(Order).version, by=actor()))


@requires(Permission.SEE_VISIT)
@moving("visits")
def refuse_for_visit(visit_id: UUID, command: str) -> Response:
    """Refuse a command that is known and not built yet; nothing is written."""
    journey.refuse_for_visit(Command(command), visit_id, version=read(Order).version, by=actor())
