"""Two records of one person become one, and are parted again."""

from http import HTTPStatus
from uuid import UUID

from flask import Response, make_response
from flask_babel import gettext as _

from app.accounts.roles import Permission
from app.boards import queries as boards
from app.boards.queries import MergePreview
from app.core.errors import InvalidError
from app.door import actor, back_to, field, requires, show, words_field
from app.journey import services as journey
from app.web.forms import say
from app.web.records import words
from app.web.records.forms import MergeForm
from app.web.records.reading import page_of
from app.web.records.surface import blueprint


@blueprint.post("/<uuid:patient_id>/merge")
@requires(Permission.MERGE_PATIENTS)
def merge(patient_id: UUID) -> Response:
    """Show this record beside the one of a number, and only then let it lead there; what differs is ticked apart."""
    form, confirm = MergeForm.of("merge", is_sent=True), words_field()
    if not form.submit(lambda: _look(patient_id, form), at="mrn"):
        return make_response(page_of(patient_id, wrong=("merge", form)), form.status)
    board: MergePreview = form.answer
    is_decided = field("into") == str(board.new.id)
    unticked = [word for word in board.unlike if word not in confirm]
    if not is_decided or unticked:
        page = show(
            "records/merge.html", board=board, form=form, words=words, unticked=is_decided and unticked
        )
        return make_response(page, HTTPStatus.UNPROCESSABLE_ENTITY if is_decided else HTTPStatus.OK)
    merged = journey.merge_records(
        patient_id, into=board.new.id, reason=form.reason.data or "", confirm=confirm, by=actor()
    )
    say(_("The records were merged."))
    return back_to("records.record", patient_id=merged.patient_id)


@blueprint.post("/merges/<uuid:merge_id>/undo")
@requires(Permission.MERGE_PATIENTS)
def undo_merge(merge_id: UUID) -> Response:
    """Part two records again."""
    parted = journey.undo_merge(merge_id, reason=field("reason"), by=actor())
    say(_("The records were parted again."))
    return back_to("records.record", patient_id=parted.patient_id)


def _look(patient_id: UUID, form: MergeForm) -> MergePreview:
    if not (form.reason.data or "").strip():
        raise InvalidError(field="reason", why="missing")
    return boards.merge_preview(patient_id, form.mrn.data or "", by=actor())
