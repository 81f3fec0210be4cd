"""A record of another unit, opened in an emergency."""

from flask import Response, make_response
from flask_babel import gettext as _

from app.accounts.roles import Permission
from app.door import actor, back_to, requires
from app.journey import services as journey
from app.web.forms import say
from app.web.records.forms import EmergencyForm
from app.web.records.reading import searching
from app.web.records.surface import blueprint


@blueprint.post("/emergency")
@requires(Permission.OPEN_EMERGENCY)
def declare() -> Response:
    """Open one record for an hour; who answers for the patients is told."""
    form = EmergencyForm.of("emergency", is_sent=True)
    if not form.submit(
        lambda: journey.declare_emergency(form.mrn.data or "", reason=form.reason.data or "", by=actor()),
        at="mrn",
    ):
        return make_response(searching(emergency=form), form.status)
    say(_("The record is open to you for 60 minutes. The department of the patient is told."))
    return back_to("records.record", patient_id=form.answer)
