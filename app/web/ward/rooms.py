"""The ward's verbs for rooms and whole lines: paused, closed, opened, emptied, moved, chosen as one's own."""

from uuid import UUID

from flask import Blueprint, Response, make_response, request
from flask_babel import gettext as _
from flask_babel import ngettext

from app.accounts.roles import Permission
from app.core.errors import InvalidError
from app.door import actor, back_to, field, requires, uuid_field, version_field, words_field
from app.journey import services as journey
from app.queues import services as queues
from app.queues.states import PointStatus
from app.web.ward import my_room
from app.web.ward.answers import answered
from app.web.ward.fields import number_field, reason_field, until_field
from app.web.ward.refusals import again
from app.web.ward.sheets import everybody_sheet, room_sheet


def register(blueprint: Blueprint) -> None:
    """Add the commands; each is a POST."""
    queue, room = "/ward/<uuid:queue_id>", "/ward/<uuid:queue_id>/rooms/<uuid:point_id>"
    blueprint.post(f"{room}/pause", endpoint="pause_room")(pause)
    blueprint.post(f"{room}/close", endpoint="close_room")(close)
    blueprint.post(f"{room}/open", endpoint="open_room")(open_room)
    blueprint.post(f"{room}/empty", endpoint="empty_room")(empty)
    blueprint.post(f"{queue}/everybody")(move_everybody)
    blueprint.post(f"{queue}/my-room")(choose_rooms)


@requires(Permission.DRIVE_QUEUE)
@again(room_sheet)
def pause(queue_id: UUID, point_id: UUID) -> Response:
    """Pause a room and say why; nobody is called there until it opens."""
    queues.set_point_status(
        point_id,
        status=PointStatus.PAUSED,
        version=version_field(),
        reason=reason_field(),
        until=until_field(),
        by=actor(),
    )
    return answered(queue_id, _("The room is paused."))


@requires(Permission.DRIVE_QUEUE)
@again(room_sheet)
def close(queue_id: UUID, point_id: UUID) -> Response:
    """Close a room; forecasts count on it no more."""
    queues.set_point_status(
        point_id, status=PointStatus.CLOSED, version=version_field(), reason=reason_field(), by=actor()
    )
    return answered(queue_id, _("The room is closed."))


@requires(Permission.DRIVE_QUEUE)
@again(room_sheet)
def open_room(queue_id: UUID, point_id: UUID) -> Response:
    """Open a paused or closed room."""
    queues.set_point_status(point_id, status=PointStatus.OPEN, version=version_field(), by=actor())
    return answered(queue_id, _("The room is open."))


@requires(Permission.DRIVE_QUEUE)
@again(room_sheet)
def empty(queue_id: UUID, point_id: UUID) -> Response:
    """Let all who were called into a room or kept for it wait for any room again."""
    moved = journey.empty_room(
        point_id, reason=reason_field(), count=number_field("count"), confirm=words_field(), by=actor()
    )
    return answered(queue_id, _moved(moved.count))


@requires(Permission.DRIVE_QUEUE)
@again(everybody_sheet)
def move_everybody(queue_id: UUID) -> Response:
    """Send all who wait to another queue, or put them aside."""
    target = field("to")
    if not target:
        raise InvalidError(field="queue_id", why="missing")
    is_aside = target == "aside"
    moved = journey.move_everybody(
        queue_id,
        to_queue_id=None if is_aside else uuid_field("to"),
        until=until_field() if is_aside else None,
        reason=reason_field(),
        count=number_field("held_count" if is_aside else "count"),
        confirm=words_field(),
        by=actor(),
    )
    return answered(queue_id, _moved(moved.count))


@requires(Permission.DRIVE_QUEUE)
def choose_rooms(queue_id: UUID) -> Response:
    """Remember in which rooms I work; a row's patient is called there."""
    chosen = request.form.getlist("service_point_id")
    my_room.remember(queue_id, [my_room.room_id(one) for one in chosen])
    if request.headers.get("HX-Request"):
        return make_response("", 204)
    return back_to("ward.page", queue_id=queue_id)


def _moved(count: int) -> str:
    return str(ngettext("%(num)s patient was moved.", "%(num)s patients were moved.", count))
