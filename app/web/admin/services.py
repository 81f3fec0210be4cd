"""Services: what may be planned for a visit, its length, its words for patients, what must come before it."""

from flask import Response, make_response, render_template
from flask_babel import gettext as _

from app.accounts.roles import Permission
from app.door import actor, back_to, requires, version_field
from app.queues import queries
from app.queues import services as queues
from app.web.admin.queue_forms import ServiceForm, service_form
from app.web.admin.surface import blueprint
from app.web.forms import say


@blueprint.get("/services")
@requires(Permission.MANAGE_QUEUES)
def service_list() -> str:
    """List the services."""
    return render_template("admin/services.html", services={one.code: one for one in queries.offers()})


@blueprint.get("/services/new")
@requires(Permission.MANAGE_QUEUES)
def new_service() -> str:
    """Ask what a new service is."""
    return render_template("admin/service.html", form=ServiceForm(), now=None)


@blueprint.post("/services")
@requires(Permission.MANAGE_QUEUES)
def add_service() -> Response:
    """Offer a new service; a queue for it comes next."""
    form = ServiceForm()
    if not form.submit(lambda: queues.add_service(form.code.data or "", form.words(), by=actor())):
        return make_response(render_template("admin/service.html", form=form, now=None), form.status)
    say(_("The service is offered. Please add a queue for it."))
    return back_to("admin.service_list")


@blueprint.get("/services/<code>")
@requires(Permission.MANAGE_QUEUES)
def service(code: str) -> str:
    """Show one service."""
    details = queries.service(code)
    return render_template("admin/service.html", form=service_form(details), now=details)


@blueprint.post("/services/<code>")
@requires(Permission.MANAGE_QUEUES)
def edit_service(code: str) -> Response:
    """Change what is said of a service; what was typed is kept when a colleague was faster."""
    form = ServiceForm(but=(code,))
    if not form.submit(lambda: queues.edit_service(code, form.words(), version=version_field(), by=actor())):
        page = render_template("admin/service.html", form=form, now=queries.service(code))
        return make_response(page, form.status)
    say(_("Saved."))
    return back_to("admin.service_list")
