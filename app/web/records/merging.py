"""Two records of one person become one, and are parted again."""

from uuid import UUID

from flask import Response, make_response
from flask_babel import gettext as _

from app.accounts.roles import Permission
from app.core.errors import InvalidError
from app.door import actor, back_to, field, requires
from app.emr import queries as emr
from app.journey import services as journey
from app.web.forms import say
from app.web.records.forms import MergeForm
from app.web.records.reading import page_of
from app.web.records.surface import blueprint


@blueprint.post("/<uuid:patient_id>/merge")
@requires(Permission.MERGE_PATIENTS)
def merge(patient_id: UUID) -> Response:
    """Let this record lead to another one, named by its number, for a reason."""
    form = MergeForm.of("merge", is_sent=True)
    if not form.submit(
        lambda: journey.merge_records(
            patient_id, into=_record(form.mrn.data or ""), reason=form.reason.data or "", by=actor()
        ),
        at="mrn",
    ):
        return make_response(page_of(patient_id, wrong=("merge", form)), form.status)
    say(_("The records were merged."))
    return back_to("records.record", patient_id=form.answer)


@blueprint.post("/merges/<uuid:merge_id>/undo")
@requires(Permission.MERGE_PATIENTS)
def undo_merge(merge_id: UUID) -> Response:
    """Part two records again."""
    patient_id = journey.undo_merge(merge_id, reason=field("reason"), by=actor())
    say(_("The records were parted again."))
    return back_to("records.record", patient_id=patient_id)


def _record(mrn: str) -> UUID:
    found = emr.patients_by_mrn([mrn.strip()])
    if not found:
        raise InvalidError(field="mrn", why="unknown_record")
    return next(iter(found.values()))
