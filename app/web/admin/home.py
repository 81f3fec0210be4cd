"""Where an administrator begins: each area with what stands in it."""

from flask import render_template

from app.accounts import queries as accounts
from app.accounts.roles import Permission
from app.door import requires
from app.queues import queries as queues
from app.tags import queries as tags
from app.wayfinding import queries as wayfinding
from app.web.admin.surface import blueprint


@blueprint.get("")
@requires(Permission.MANAGE_USERS)
def home() -> str:
    """Show the areas of administration."""
    return render_template(
        "admin/home.html",
        staff=accounts.staff_list(),
        devices=accounts.devices(),
        tags=tags.tags(size=1),
        queues=queues.heads(),
        floors=[floor for code, _name in wayfinding.sites() for floor in wayfinding.floors(code)],
    )
