"""Rooms and desks of a queue: added, renamed, taken out of use and back."""

from uuid import UUID

from flask import Response, make_response, render_template
from flask_babel import gettext as _

from app.accounts.roles import Permission
from app.door import actor, back_to, field, requires, version_field
from app.queues import queries
from app.queues import services as queues
from app.web.admin.queue_forms import RoomForm
from app.web.admin.surface import blueprint
from app.web.forms import say


@blueprint.get("/queues/<uuid:queue_id>/rooms/new")
@requires(Permission.MANAGE_QUEUES)
def new_room(queue_id: UUID) -> str:
    """Ask for a new room or desk."""
    return _page(queue_id, RoomForm())


@blueprint.post("/queues/<uuid:queue_id>/rooms")
@requires(Permission.MANAGE_QUEUES)
def add_room(queue_id: UUID) -> Response:
    """Add a room or desk."""
    form = RoomForm()
    if not form.submit(
        lambda: queues.add_room(
            queue_id,
            name_ko=form.name_ko.data or "",
            name_en=form.name_en.data or "",
            place=form.place.data,
            capacity=form.capacity.data or 0,
            by=actor(),
        )
    ):
        return make_response(_page(queue_id, form), form.status)
    say(_("The room is there."))
    return back_to("admin.queue", queue_id=queue_id)


@blueprint.get("/rooms/<uuid:point_id>")
@requires(Permission.MANAGE_QUEUES)
def room(point_id: UUID) -> str:
    """Show one room."""
    point = queries.point(point_id)
    form = RoomForm(
        name_ko=point.name_ko,
        name_en=point.name_en,
        place=point.place,
        capacity=point.capacity,
        version=point.version,
    )
    return _page(point.queue_id, form, point)


@blueprint.post("/rooms/<uuid:point_id>")
@requires(Permission.MANAGE_QUEUES)
def edit_room(point_id: UUID) -> Response:
    """Rename a room, or say where it is now; what was typed is kept when a colleague was faster."""
    form, point = RoomForm(), queries.point(point_id)
    if not form.submit(
        lambda: queues.edit_room(
            point_id,
            name_ko=form.name_ko.data or "",
            name_en=form.name_en.data or "",
            place=form.place.data,
            capacity=form.capacity.data or 0,
            version=version_field(),
            by=actor(),
        )
    ):
        return make_response(_page(point.queue_id, form, queries.point(point_id)), form.status)
    say(_("Saved."))
    return back_to("admin.queue", queue_id=point.queue_id)


@blueprint.post("/rooms/<uuid:point_id>/use")
@requires(Permission.MANAGE_QUEUES)
def set_room_in_use(point_id: UUID) -> Response:
    """Take a room out of use, or back into it."""
    point, is_in_use = queries.point(point_id), field("is_in_use") == "1"
    queues.set_room_in_use(point_id, is_in_use=is_in_use, version=version_field(), by=actor())
    say(_("The room is in use.") if is_in_use else _("The room is out of use."))
    return back_to("admin.queue", queue_id=point.queue_id)


def _page(queue_id: UUID, form: RoomForm, point: queries.Point | None = None) -> str:
    return render_template("admin/queue_room.html", head=queries.head(queue_id), form=form, point=point)
