"""Queues: their stated rules, their rooms, open or closed for new patients."""

from uuid import UUID

from flask import Response, make_response, render_template
from flask_babel import gettext as _

from app.accounts import queries as accounts
from app.accounts.roles import Permission
from app.boards import queries as boards
from app.door import actor, back_to, field, requires, version_field
from app.queues import queries
from app.queues import services as queues
from app.queues.queries import QueueDetails
from app.queues.services import Rules
from app.web.admin.forms import RoomForm, RulesForm
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


@blueprint.get("/queues/<uuid:queue_id>")
@requires(Permission.MANAGE_QUEUES)
def queue(queue_id: UUID) -> str:
    """Show one queue, its rules and its rooms."""
    details = queries.details(queue_id)
    return _page(details, _rules_of(details), RoomForm())


@blueprint.post("/queues/<uuid:queue_id>/rules")
@requires(Permission.MANAGE_QUEUES)
def set_rules(queue_id: UUID) -> Response:
    """Change the rules; who was overtaken by a colleague keeps the own figures and sees the new ones."""
    form = RulesForm()
    if not form.submit(
        lambda: queues.set_rules(queue_id, Rules(**form.rules()), version=version_field(), by=actor())  # type: ignore[arg-type]
    ):
        return make_response(_page(queries.details(queue_id), form, RoomForm()), form.status)
    say(_("Saved."))
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
        details = queries.details(queue_id)
        return make_response(_page(details, _rules_of(details), form), form.status)
    say(_("The room is there."))
    return back_to("admin.queue", queue_id=queue_id)


def _page(details: QueueDetails, rules: RulesForm, room: RoomForm) -> str:
    return render_template("admin/queue.html", queue=details, rules=rules, room=room)


def _rules_of(details: QueueDetails) -> RulesForm:
    names = [name for name in RulesForm().data if name != "version"]
    return RulesForm(
        **{name: getattr(details.policy, name) for name in names}, version=details.policy.version
    )
