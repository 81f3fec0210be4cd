"""Queues: added, opened or closed for new patients, and the rules that they state."""

from uuid import UUID

from flask import Response, make_response, render_template
from flask_babel import gettext as _

from app.accounts import queries as accounts
from app.accounts.roles import Permission
from app.boards import queries as boards
from app.door import actor, back_to, field, requires, version_field
from app.queues import queries
from app.queues import services as queues
from app.queues.queries import OrderPreview, QueueDetails
from app.web.admin.queue_forms import QueueForm
from app.web.admin.rules_form import RulesForm, rules_of
from app.web.admin.surface import blueprint
from app.web.forms import say


@blueprint.get("/queues")
@requires(Permission.MANAGE_QUEUES)
def queue_list() -> str:
    """List the queues with how many wait."""
    return render_template(
        "admin/queues.html",
        queues=queries.heads(),
        waiting={one.id: one.waiting_count for one in boards.my_queues(by=actor())},
        units={unit.id: unit for unit in accounts.units()},
        services={offer.code: offer for offer in queries.offers()},
    )


@blueprint.get("/queues/new")
@requires(Permission.MANAGE_QUEUES)
def new_queue() -> str:
    """Ask what a new queue is for and where it waits."""
    return render_template("admin/queue_new.html", form=QueueForm())


@blueprint.post("/queues")
@requires(Permission.MANAGE_QUEUES)
def add_queue() -> Response:
    """Add a queue with the usual rules; its rooms come next."""
    form = QueueForm()
    if not form.submit(
        lambda: queues.open_queue(
            form.code.data or "",
            service=form.service.data,
            site=form.site,
            unit=UUID(form.unit.data),
            name_ko=form.name_ko.data or "",
            name_en=form.name_en.data or "",
            place=form.place.data,
            by=actor(),
        )
    ):
        return make_response(render_template("admin/queue_new.html", form=form), form.status)
    say(_("The queue is there. Please add its rooms and look at its rules."))
    return back_to("admin.queue", queue_id=form.answer)


@blueprint.get("/queues/<uuid:queue_id>")
@requires(Permission.MANAGE_QUEUES)
def queue(queue_id: UUID) -> str:
    """Show one queue, its rules and its rooms."""
    details = queries.details(queue_id)
    return _page(details, rules_of(details.policy))


@blueprint.post("/queues/<uuid:queue_id>/rules/preview")
@requires(Permission.MANAGE_QUEUES)
def preview_rules(queue_id: UUID) -> Response:
    """Show who would stand where under the rules as typed; nothing is written."""
    form, details = RulesForm(), queries.details(queue_id)
    if not form.submit(lambda: None):
        return make_response(_page(details, form), form.status)
    preview = queries.order_preview(
        queue_id, details.policy, form.rules(), is_for_waiting=bool(form.is_for_waiting.data)
    )
    return make_response(_page(details, form, preview))


@blueprint.post("/queues/<uuid:queue_id>/rules")
@requires(Permission.MANAGE_QUEUES)
def set_rules(queue_id: UUID) -> Response:
    """Change the rules; who was overtaken by a colleague keeps the own figures and sees the new ones."""
    form = RulesForm()
    is_for_waiting = bool(form.is_for_waiting.data)
    if not form.submit(
        lambda: queues.set_rules(
            queue_id, form.rules(), version=version_field(), is_for_waiting=is_for_waiting, by=actor()
        )
    ):
        return make_response(_page(queries.details(queue_id), form), form.status)
    moved = form.answer.moved_count
    say(_("Saved. Patients with another place now: %(count)s", count=moved) if moved else _("Saved."))
    return back_to("admin.queue", queue_id=queue_id)


@blueprint.post("/queues/<uuid:queue_id>/open")
@requires(Permission.MANAGE_QUEUES)
def set_open(queue_id: UUID) -> Response:
    """Open or close the queue for new patients; those who wait stay."""
    is_open = field("is_open") == "1"
    queues.set_queue_open(queue_id, is_open=is_open, by=actor())
    say(
        _("The queue takes new patients.")
        if is_open
        else _("The queue takes no new patients; those who wait stay.")
    )
    return back_to("admin.queue", queue_id=queue_id)


def _page(details: QueueDetails, rules: RulesForm, preview: OrderPreview | None = None) -> str:
    return render_template(
        "admin/queue.html",
        queue=details,
        rules=rules,
        preview=preview,
        differing=rules.differing(details.policy) if rules.is_stale else {},
    )
