"""Studies without a patient: found by the record number on the paper, compared, and linked."""

from uuid import UUID

from flask import Response, request
from flask_babel import gettext as _

from app.accounts.roles import Permission
from app.boards.queries import unmatched as boards
from app.door import actor, back_to, field, requires, show, uuid_field
from app.imaging import services as imaging
from app.web.forms import page_number, say
from app.web.imaging.surface import blueprint


@blueprint.get("/unmatched")
@requires(Permission.UPLOAD_IMAGES)
def unmatched() -> str:
    """Show the studies that nobody owns yet."""
    return show("imaging/unmatched.html", board=boards.unmatched_list(page=page_number(), by=actor()))


@blueprint.get("/unmatched/<uuid:study_id>")
@requires(Permission.UPLOAD_IMAGES)
def unmatched_study(study_id: UUID) -> str:
    """Show one of them, and ask for a record number."""
    study = boards.unmatched_study(study_id, by=actor())
    return show("imaging/link.html", study=study, owner=None, number=study.said_patient_id, is_asked=False)


@blueprint.post("/unmatched/<uuid:study_id>")
@requires(Permission.UPLOAD_IMAGES)
def unmatched_owner(study_id: UUID) -> str:
    """Show whose record has the number, to be compared; a form, so that no number stands in an address."""
    by, number = actor(), field("number", longest=boards.LONGEST_NUMBER)
    study = boards.unmatched_study(study_id, by=by)
    owner = boards.owner_by_number(number, study, by=by)
    return show("imaging/link.html", study=study, owner=owner, number=number, is_asked=True)


@blueprint.post("/unmatched/<uuid:study_id>/link")
@requires(Permission.UPLOAD_IMAGES)
def link(study_id: UUID) -> Response:
    """Give the study to the patient that was compared, and to an order where one was chosen."""
    order_id = uuid_field("order_id") if request.form.get("order_id") else None
    imaging.link(study_id, patient_id=uuid_field("patient_id"), order_id=order_id, by=actor())
    say(_("The study was given to the patient."))
    return back_to("imaging.unmatched")
