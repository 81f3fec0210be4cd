"""Maps: the floors as patients see them, new drawings, and whether everybody reaches every place."""

from uuid import UUID

from flask import Response, make_response, render_template
from flask_babel import gettext as _

from app.accounts.roles import Permission
from app.core.errors import NotFoundError
from app.door import actor, back_to, requires
from app.wayfinding import queries
from app.wayfinding import services as wayfinding
from app.wayfinding.plans import FloorPlan
from app.wayfinding.rules import FloorRef
from app.web.admin.forms import DrawingForm
from app.web.admin.surface import blueprint
from app.web.forms import say


@blueprint.get("/maps")
@requires(Permission.MANAGE_MAPS)
def maps() -> str:
    """Show every floor, and what cannot be reached."""
    sites = queries.sites()
    return render_template(
        "admin/maps.html",
        sites=[(name, queries.floors(code)) for code, name in sites],
        gaps=[gap for code, _name in sites for gap in queries.reachability(code)],
    )


@blueprint.get("/maps/floors/<uuid:floor_id>")
@requires(Permission.MANAGE_MAPS)
def floor(floor_id: UUID) -> str:
    """Show one floor, and ask for a new drawing."""
    return render_template("admin/floor.html", floor=_floor(floor_id)[1], form=DrawingForm())


@blueprint.post("/maps/floors/<uuid:floor_id>")
@requires(Permission.MANAGE_MAPS)
def redraw_floor(floor_id: UUID) -> Response:
    """Replace a floor's drawing; places and ways stay where they are."""
    site, found = _floor(floor_id)
    form = DrawingForm()
    if not form.submit(
        lambda: wayfinding.draw_floor(
            site,
            FloorPlan(
                ordinal=found.ordinal,
                name=found.name,
                svg=form.drawing.data.read().decode("utf-8", "replace"),
                width=found.width,
                height=found.height,
            ),
            by=actor(),
        ),
        at="drawing",
    ):
        return make_response(render_template("admin/floor.html", floor=found, form=form), form.status)
    say(_("The drawing is in use."))
    return back_to("admin.floor", floor_id=floor_id)


def _floor(floor_id: UUID) -> tuple[str, FloorRef]:
    """Return a floor with its site's code. Raise NotFoundError."""
    for code, _name in queries.sites():
        for one in queries.floors(code):
            if one.public_id == floor_id:
                return code, one
    raise NotFoundError(kind="floor")
