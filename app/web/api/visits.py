"""Visits: read, and moved by the commands of the journey; each is one service call."""

from uuid import UUID

from flask import Blueprint, Response

from app.accounts.roles import Permission
from app.boards import queries as boards
from app.door import actor, requires
from app.journey import services as journey
from app.web.api.answers import moved, told
from app.web.api.asked.visits import AddStep, Order
from app.web.api.bodies import read
from app.web.api.openapi import Key, described, moving
from app.web.api.shapes.visits import Answer


def register(blueprint: Blueprint) -> None:
    """Add the routes of visits."""
    one = "/visits/<uuid:visit_id>"
    blueprint.add_url_rule(one, view_func=show_visit, methods=["GET"])
    views = (arrive, register_visit, pay, add_step, waive, cancel, leave, transfer_out, void, close, undo)
    for view in views:
        name = "register" if view is register_visit else view.__name__.replace("_", "-")
        blueprint.add_url_rule(f"{one}/{name}", view_func=view, methods=["POST"])


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
@moving("visits", key=Key.NEEDED)
def pay(visit_id: UUID) -> Response:
    """Settle a visit: cash, card, deferred or none; money moves once, so the key is required."""
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


@requires(Permission.ADD_STEP)
@moving("visits")
def waive(visit_id: UUID) -> Response:
    """Drop a step that is not needed: the present one, or `step_id`."""
    body = read(Order)
    return moved(
        journey.waive(visit_id, step_id=body.step_id, version=body.version, reason=body.reason, by=actor())
    )


@requires(Permission.SEE_VISIT)
@moving("visits")
def cancel(visit_id: UUID) -> Response:
    """Call a visit off; the reason is kept."""
    body = read(Order)
    return moved(journey.cancel(visit_id, version=body.version, reason=body.reason, by=actor()))


@requires(Permission.SEE_VISIT)
@moving("visits")
def leave(visit_id: UUID) -> Response:
    """Note that the patient has gone."""
    body = read(Order)
    return moved(journey.leave(visit_id, version=body.version, reason=body.reason, by=actor()))


@requires(Permission.DRIVE_QUEUE)
@moving("visits")
def transfer_out(visit_id: UUID) -> Response:
    """Hand the patient over to the emergency room or a ward; the reason says where."""
    body = read(Order)
    return moved(journey.transfer_out(visit_id, version=body.version, reason=body.reason, by=actor()))


@requires(Permission.VOID_VISIT)
@moving("visits")
def void(visit_id: UUID) -> Response:
    """Mark a visit as entered in error."""
    body = read(Order)
    return moved(journey.void(visit_id, version=body.version, reason=body.reason, by=actor()))


@requires(Permission.VOID_VISIT)
@moving("visits")
def close(visit_id: UUID) -> Response:
    """Close a visit whose day is over, for a reason; the clock does this by itself at the turn of the day."""
    body = read(Order)
    return moved(journey.close(visit_id, version=body.version, reason=body.reason, by=actor()))


@requires(Permission.UNDO)
@moving("visits")
def undo(visit_id: UUID) -> Response:
    """Take back the visit's last command."""
    return moved(journey.undo(visit_id, version=read(Order).version, by=actor()))
