"""The list of what is to be read, which moves by itself."""

from flask import Response, make_response, request

from app.accounts.roles import Permission
from app.boards import queries as boards
from app.boards.queries import Show, Worklist
from app.door import actor, requires, show
from app.web.forms import page_number
from app.web.radiology.surface import blueprint

LONGEST_MODALITY = 16


@blueprint.get("")
@requires(Permission.WRITE_REPORT)
def worklist() -> str:
    """Show what is to be read, the most urgent on top."""
    return show("radiology/worklist.html", board=_board())


@blueprint.get("/list")
@requires(Permission.WRITE_REPORT)
def listing() -> Response:
    """Give the page its list anew where it moved since; a look that finds nothing new shows nobody."""
    if request.args.get("since") == boards.worklist_mark(by=actor()):
        return make_response("", 204)
    return make_response(show("radiology/_list.html", board=_board()))


def _board() -> Worklist:
    """Return the list that the address asks for; a kind that is none is what is open."""
    asked = request.args.get("show", "")
    return boards.worklist(
        show=Show(asked) if asked in frozenset(Show) else Show.OPEN,
        modality=request.args.get("modality", "")[:LONGEST_MODALITY],
        page=page_number(),
        by=actor(),
    )
