"""The connection to the EMR: how far it was read, what did not fit, what it takes, and who overwrote whom."""

from typing import Any
from uuid import UUID

from flask import Response, render_template
from flask_babel import gettext as _

from app.accounts.roles import Permission
from app.core import relay
from app.core.errors import DependencyDownError, NotFoundError
from app.core.jobs import Job, enqueue
from app.door import actor, back_to, field, requires, version_field
from app.fhir import services as fhir
from app.fhir.queries import standing, sync
from app.web.admin.surface import blueprint
from app.web.admin.words import UNMATCHED
from app.web.forms import page_number, say


@blueprint.get("/emr")
@requires(Permission.MANAGE_OUTBOX)
def emr() -> str:
    """Show how the connection stands."""
    return render_template("admin/emr.html", **_standing())


@blueprint.get("/emr/now")
@requires(Permission.MANAGE_OUTBOX)
def emr_now() -> str:
    """Give the page its tables anew."""
    return render_template("admin/_emr.html", **_standing())


@blueprint.post("/emr/types")
@requires(Permission.MANAGE_OUTBOX)
def take_type() -> Response:
    """Let a target be sent a type of resource, or not."""
    decided = fhir.take_type(
        field("target"),
        field("resource_type"),
        is_taken=field("is_taken") == "yes",
        version=version_field(),
        by=actor(),
    )
    say(
        _("%(type)s is sent from now on.", type=decided.resource_type)
        if decided.is_taken
        else _("%(type)s is not sent any more.", type=decided.resource_type)
    )
    return back_to("admin.emr")


@blueprint.post("/emr/unmatched")
@requires(Permission.MANAGE_OUTBOX)
def try_unmatched() -> Response:
    """Let a worker read once more what could not be taken over; whoever has mended a code need not wait."""
    name = field("target")
    if name not in standing.targets():
        raise NotFoundError(kind="target")
    if not enqueue(Job.RETRY_UNMATCHED, name):
        raise DependencyDownError(what="redis")
    say(_("It is tried again. What fits now leaves this list."))
    return back_to("admin.emr")


@blueprint.post("/emr/again")
@requires(Permission.MANAGE_OUTBOX)
def tell_again() -> Response:
    """Tell a target that was wiped everything once more: begun here, where it is seen whether it answers at all."""
    name = field("target")
    fhir.begin_again(name, by=actor())
    if not enqueue(Job.TELL_AGAIN, name):
        raise DependencyDownError(what="redis")
    say(_("Everything of the last days is told again. How much still waits, the deliveries say."))
    return back_to("admin.emr")


@blueprint.get("/emr/conflicts")
@requires(Permission.MANAGE_OUTBOX)
def conflicts() -> str:
    """List when somebody else had changed what we wrote."""
    return render_template("admin/conflicts.html", found=standing.conflicts(page_number()))


@blueprint.get("/emr/conflicts/<uuid:conflict_id>")
@requires(Permission.MANAGE_OUTBOX)
def conflict(conflict_id: UUID) -> str:
    """Show both texts of one, with what is a patient's covered."""
    return render_template("admin/conflict.html", found=standing.conflict(conflict_id), is_open=False)


@blueprint.post("/emr/conflicts/<uuid:conflict_id>/open")
@requires(Permission.SUPPORT_PHI)
def open_conflict(conflict_id: UUID) -> str:
    """Show both texts whole, this once; who looked and why stands in the audit before the answer leaves."""
    found = fhir.open_conflict(conflict_id, reason=field("reason"), by=actor())
    return render_template("admin/conflict.html", found=found, is_open=True)


def _standing() -> dict[str, Any]:
    targets = standing.targets()
    consumers = {one.consumer: one for one in relay.status(is_exact=False)}
    return {
        "targets": [(name, consumers.get(f"fhir:{name}")) for name in targets],
        "types": standing.capabilities(targets),
        "syncs": sync.sync_status(),
        "unmatched": standing.unmatched(page_number()),
        "reasons": UNMATCHED,
    }
