"""Write a report: kept as a draft, signed, amended; who was overtaken sees both texts and loses no word."""

from collections.abc import Callable, Mapping
from uuid import UUID

from flask import Response, make_response, request, url_for
from flask_babel import gettext as _

from app.accounts.roles import Permission
from app.boards import queries as boards
from app.core.errors import VersionStaleError
from app.door import actor, back_to, requires
from app.emr.queries import Snapshot
from app.imaging import services as imaging
from app.web import conflicts
from app.web.forms import say
from app.web.radiology.forms import ReportForm
from app.web.radiology.reading import page_of
from app.web.radiology.surface import blueprint


@blueprint.post("/<uuid:study_id>/report")
@requires(Permission.WRITE_REPORT)
def save(study_id: UUID) -> Response:
    """Keep the text as a draft."""
    mine, version = conflicts.typed(("text",)), conflicts.seen_version()
    return _written(
        study_id,
        mine,
        lambda: imaging.save_report(study_id, version=version, text=mine["text"], by=actor()),
        said=_("Saved as a draft."),
    )


@blueprint.post("/<uuid:study_id>/sign")
@requires(Permission.WRITE_REPORT)
def sign(study_id: UUID) -> Response:
    """Sign the text; where a colleague was quicker, what is chosen of both is a draft to sign anew."""
    mine, version = conflicts.typed(("text",)), conflicts.seen_version()
    return _written(
        study_id,
        mine,
        lambda: imaging.sign_report(study_id, version=version, text=mine["text"], by=actor()),
        said=_("Signed."),
        action="radiology.save",
    )


@blueprint.post("/<uuid:study_id>/amend")
@requires(Permission.WRITE_REPORT)
def amend(study_id: UUID) -> Response:
    """Sign another text in the place of the signed one, with the reason."""
    mine, version = conflicts.typed(("text", "reason")), conflicts.seen_version()
    return _written(
        study_id,
        mine,
        lambda: imaging.amend_report(
            study_id, version=version, text=mine["text"], reason=mine.get("reason", ""), by=actor()
        ),
        said=_("The amended report is signed."),
        action="radiology.amend",
    )


def _written(
    study_id: UUID,
    mine: Mapping[str, str],
    command: Callable[[], object],
    *,
    said: str,
    action: str = "radiology.save",
) -> Response:
    """Run one command of a report: done, or both texts side by side, or the page with what was typed."""
    if "text" not in mine:  # what stands there now was chosen
        return back_to("radiology.reading", study_id=study_id)
    form = ReportForm()
    if form.carry_out(command, at="text"):
        say(said)
        return back_to("radiology.reading", study_id=study_id)
    if form.stale is not None:
        return _conflict(study_id, form.stale, mine, action=action, form=form)
    response = make_response(page_of(study_id, form=form), form.status)
    if request.headers.get("HX-Request"):  # all of it: beside an amendment stands what was signed meanwhile
        response.headers["HX-Retarget"] = response.headers["HX-Reselect"] = "#main"
        response.headers["HX-Reswap"] = "outerHTML"
    return response


def _conflict(
    study_id: UUID, stale: VersionStaleError, mine: Mapping[str, str], *, action: str, form: ReportForm
) -> Response:
    """Show what stands there now beside what was typed, upon the text that the form had shown."""
    was = {"text": request.form.get("was-text", "").replace("\r\n", "\n").strip(), "reason": ""}
    stale.base = Snapshot(version=0, fields=was)
    address = url_for(action, study_id=study_id)
    return conflicts.answer(
        conflicts.conflict_of(
            stale,
            mine,
            patient_id=boards.seen_study(study_id=study_id, by=actor()).patient_id,
            labels={field.name: field.label.text for field in form},
            texts=("text",),
        ),
        action=address,
        again=address,
        back=url_for("radiology.reading", study_id=study_id),
        surface="radiology",
        status=stale.status,
    )
