"""The ward's verbs for rooms: paused with a reason, opened again, chosen as one's own."""

from uuid import UUID

from flask import Blueprint, Response, make_response, request
from flask_babel import gettext as _

from app.accounts.roles import Permission
from app.door import actor, back_to, field, requires, uuid_field, version_field
from app.queues import services as queues
from app.queues.states import PointStatus
from app.web.ward import my_room
from app.web.ward.answers import answered

LONGEST_REASON = 120


def register(blueprint: Blueprint) -> None:
    """Add the commands; each is a POST."""
    room = "/ward/<uuid:queue_id>/rooms/<uuid:point_id>"
    blueprint.post(f"{room}/pause")(pause)
    blueprint.post(f"{room}/open", endpoint="open")(open_room)
    blueprint.post("/ward/<uuid:queue_id>/my-room")(choose_room)


@requires(Permission.DRIVE_QUEUE)
def pause(queue_id: UUID, point_id: UUID) -> Response:
    """Pause a room and say why; nobody is called there until it opens."""
    queues.set_point_status(
        point_id,
        status=PointStatus.PAUSED,
        version=version_field(),
        reason=field("reason", longest=LONGEST_REASON),
        by=actor(),
    )
    return answered(queue_id, _("The room is paused."))


@requires(Permission.DRIVE_QUEUE)
def open_room(queue_id: UUID, point_id: UUID) -> Response:
    """Open a paused or closed room."""
    queues.set_point_status(point_id, status=PointStatus.OPEN, version=version_field(), by=actor())
    return answered(queue_id, _("The room is open."))


@requires(Permission.DRIVE_QUEUE)
def choose_room(queue_id: UUID) -> Response:
    """Remember in which room I work; a row's patient is called there."""
    my_room.remember(queue_id, uuid_field("service_point_id"))
    if request.headers.get("HX-Request"):
        return make_response("", 204)
    return back_to("ward.page", queue_id=queue_id)
