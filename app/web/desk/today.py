"""Today at the desk: find the person, note the arrival, register, hand over the slip."""

from uuid import UUID

from flask import Response, make_response, request, url_for
from flask_babel import gettext as _

from app import settings
from app.accounts.roles import Permission
from app.boards import queries as boards
from app.boards.queries import DeskList, VisitCard
from app.door import actor, back_to, field, requires, show, uuid_field, version_field
from app.emr import queries as emr
from app.emr.queries import PatientsFound
from app.journey import services as journey
from app.tags.qr import qr_svg
from app.web.desk.surface import blueprint
from app.web.forms import page_number, say


@blueprint.get("")
@requires(Permission.BOOK_VISIT)
def today() -> str:
    """Show today's visits, those in the house first."""
    return _page(boards.desk_list(page=page_number(), by=actor()))


@blueprint.get("/list")
@requires(Permission.BOOK_VISIT)
def listing() -> Response:
    """Give the page its list anew where it moved since; a look that finds nothing new shows nobody."""
    if request.args.get("since") == boards.desk_mark(by=actor()):
        return make_response("", 204)
    board = boards.desk_list(by=actor())
    return make_response(
        show("desk/_list.html", board=board, card=None, chosen=request.args.get("chosen", ""))
    )


@blueprint.post("/search")
@requires(Permission.BOOK_VISIT)
def search() -> str:
    """Find somebody among today's visits and all patients; posted, so that no name stands in an address."""
    text = field("search", longest=100)
    found = emr.find_patients(text, by=actor()) if text else None
    return _page(boards.desk_list(search=text, by=actor()), found=found)


@blueprint.get("/visits/<uuid:visit_id>")
@requires(Permission.BOOK_VISIT)
def visit(visit_id: UUID) -> str:
    """Show one visit beside today's list."""
    card = boards.visit_card(visit_id, by=actor())
    return _page(boards.desk_list(page=page_number(), by=actor()), card=card)


@blueprint.post("/visits/<uuid:visit_id>/arrive")
@requires(Permission.BOOK_VISIT)
def arrive(visit_id: UUID) -> Response:
    """Note that the patient is here; the day's number is given now."""
    journey.arrive(visit_id, version=version_field(), by=actor())
    return on_visit(visit_id, _("Arrival noted."))


@blueprint.post("/visits/<uuid:visit_id>/register")
@requires(Permission.BOOK_VISIT)
def register(visit_id: UUID) -> Response:
    """Register the patient, who joins a queue at once where exactly one fits."""
    journey.register(visit_id, version=version_field(), by=actor())
    return on_visit(visit_id, _("Registered."))


@blueprint.post("/visits/<uuid:visit_id>/join")
@requires(Permission.BOOK_VISIT)
def join(visit_id: UUID) -> Response:
    """Let a registered patient join the queue of the next step; the desk names it where several fit."""
    chosen = uuid_field("queue") if field("queue") else None
    journey.join(visit_id, queue_id=chosen, by=actor())
    return on_visit(visit_id, _("Joined the queue."))


@blueprint.post("/visits/<uuid:visit_id>/undo")
@requires(Permission.UNDO)
def undo(visit_id: UUID) -> Response:
    """Take back what was just done."""
    journey.undo(visit_id, version=version_field(), by=actor())
    say(_("Taken back."))
    return back_to("desk.visit", visit_id=visit_id)


@blueprint.post("/visits/<uuid:visit_id>/slip")
@requires(Permission.BOOK_VISIT)
def slip(visit_id: UUID) -> str:
    """Show the slip to print; its code opens the visit once, so no address and no cookie may hold it."""
    secret = journey.issue_link(visit_id, by=actor())
    address = settings.current().public_url.rstrip("/") + url_for("phone.link", secret=secret)
    return show("desk/slip.html", card=boards.visit_card(visit_id, by=actor()), qr=qr_svg(address))


def on_visit(visit_id: UUID, words: str) -> Response:
    """Go on with the same person, and offer to take the step back."""
    version = boards.visit_card(visit_id, by=actor()).visit.version
    say(words, undo_url=url_for("desk.undo", visit_id=visit_id), version=version)
    return back_to("desk.visit", visit_id=visit_id)


def _page(board: DeskList, *, card: VisitCard | None = None, found: PatientsFound | None = None) -> str:
    """Show the desk's page, with what the desk is to do now on top."""
    strips = boards.alert_strips(None, by=actor())
    topics = [strip.topic for strip in strips]
    return show("desk/page.html", board=board, strips=strips, live_topics=topics, card=card, found=found)
