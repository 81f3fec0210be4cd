"""The outbox: what waits to leave the house, what was given up and why. Payloads stay closed."""

from flask import Response, render_template
from flask_babel import gettext as _

from app.accounts.roles import Permission
from app.core import relay
from app.door import actor, back_to, field, requires
from app.web.admin.surface import blueprint
from app.web.forms import say


@blueprint.get("/outbox")
@requires(Permission.MANAGE_OUTBOX)
def outbox() -> str:
    """Show how each consumer stands, and the dead letters."""
    return render_template("admin/outbox.html", consumers=relay.status(), letters=relay.dead_letters())


@blueprint.post("/outbox/replay")
@requires(Permission.MANAGE_OUTBOX)
def replay_promise() -> Response:
    """Give one dead letter new lives."""
    relay.replay(field("promise"), by=actor())
    say(_("It is sent again."))
    return back_to("admin.outbox")


@blueprint.post("/outbox/replay-all")
@requires(Permission.MANAGE_OUTBOX)
def replay_promises() -> Response:
    """Give all dead letters of one consumer new lives."""
    done = relay.replay_all(field("consumer"), by=actor())
    say(_("Sent again: %(count)s", count=len(done.names)))
    return back_to("admin.outbox")


@blueprint.post("/outbox/discard")
@requires(Permission.MANAGE_OUTBOX)
def discard_promise() -> Response:
    """Give one dead letter up, with a reason."""
    relay.discard(field("promise"), reason=field("reason"), by=actor())
    say(_("It was given up."))
    return back_to("admin.outbox")
