"""What was set aside: looked at, tried again, thrown away for a reason."""

from uuid import UUID

from flask import Response, make_response
from flask_babel import gettext as _

from app import settings
from app.accounts.roles import Permission
from app.door import actor, back_to, requires, show
from app.door.language import told
from app.imaging import queries
from app.imaging import services as imaging
from app.imaging.rules import MIB
from app.imaging.services import Outcome
from app.web.forms import page_number, say
from app.web.imaging.forms import DiscardForm
from app.web.imaging.surface import blueprint

NEARLY_FULL = 0.8


@blueprint.get("/quarantine")
@requires(Permission.UPLOAD_IMAGES)
def quarantine() -> str:
    """Show the files that were not taken over, and why."""
    board, most = queries.quarantine_page(page_number()), settings.current().quarantine_mb * MIB
    return show(
        "imaging/quarantine.html",
        board=board,
        most_bytes=most,
        is_nearly_full=board.used_bytes > NEARLY_FULL * most,
    )


@blueprint.post("/quarantine/<uuid:file_id>/again")
@requires(Permission.UPLOAD_IMAGES)
def take_again(file_id: UUID) -> Response:
    """Try once more to take a file over."""
    taken = imaging.take_again(file_id, by=actor())
    if taken.outcome is Outcome.QUARANTINED:
        say(_("Still not taken: %(why)s", why=told(taken.sentence)), kind="warn")
    else:
        say(_("The image was taken over."))
    return back_to("imaging.quarantine")


@blueprint.get("/quarantine/<uuid:file_id>/discard")
@requires(Permission.UPLOAD_IMAGES)
def quarantine_discard(file_id: UUID) -> str:
    """Ask why a file is thrown away."""
    return show("imaging/discard.html", file=queries.refusal(file_id), form=DiscardForm())


@blueprint.post("/quarantine/<uuid:file_id>/discard")
@requires(Permission.UPLOAD_IMAGES)
def discard(file_id: UUID) -> Response:
    """Throw a file away."""
    form = DiscardForm()
    if not form.submit(lambda: imaging.discard(file_id, reason=form.reason.data or "", by=actor())):
        page = show("imaging/discard.html", file=queries.refusal(file_id), form=form)
        return make_response(page, form.status)
    say(_("The file was thrown away."))
    return back_to("imaging.quarantine")
