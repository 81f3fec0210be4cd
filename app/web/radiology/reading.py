"""One study: what was asked, what was measured, and its report, to write or to read."""

from uuid import UUID

from flask import Response, make_response, request

from app.accounts.roles import Permission
from app.boards import queries as boards
from app.door import actor, requires, show
from app.web.radiology.forms import ReportForm
from app.web.radiology.surface import blueprint


@blueprint.get("/<uuid:study_id>")
@requires(Permission.SEE_IMAGES)
def reading(study_id: UUID) -> str:
    """Show a study with its report; who does not write reports reads what was signed."""
    return page_of(study_id)


@blueprint.get("/<uuid:study_id>/report")
@requires(Permission.SEE_IMAGES)
def report(study_id: UUID) -> Response:
    """Give an open page the report anew where it moved since: somebody waits for it."""
    seen = boards.seen_study(study_id=study_id, by=actor())
    found = boards.report_of(study_id, by=actor())
    if request.args.get("since") == found.mark:
        return make_response("", 204)
    return make_response(show("radiology/_report.html", report=found, seen=seen))


def page_of(study_id: UUID, *, form: ReportForm | None = None) -> str:
    """Return a study's page; a form that was refused stands there with what was typed."""
    board = boards.reading_page(study_id, by=actor())
    return show(
        "radiology/reading.html",
        board=board,
        form=form or ReportForm(text=board.report.text),
        is_refused=form is not None,
        live_topics=[f"study:{study_id}"],
    )
