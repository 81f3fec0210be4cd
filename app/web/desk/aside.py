"""For the person at the desk: out of the line and back, called off, gone home; and who ended early since yesterday."""

from datetime import timedelta
from uuid import UUID

from flask import Response
from flask_babel import gettext as _

from app.accounts.roles import Permission
from app.boards import queries as boards
from app.core import clock
from app.core.errors import InvalidError
from app.door import actor, field, requires, show, uuid_field, version_field
from app.journey import services as journey
from app.web.desk.surface import blueprint
from app.web.desk.today import on_visit
from app.web.forms import page_number

LONGEST_AWAY_MINUTES = 240


@blueprint.post("/visits/<uuid:visit_id>/hold")
@requires(Permission.BOOK_VISIT)
def hold(visit_id: UUID) -> Response:
    """Keep the place of somebody who has to go for a while."""
    until = clock.utcnow() + timedelta(minutes=_minutes())
    journey.hold(
        uuid_field("entry"),
        version=version_field("entry_version"),
        reason=field("reason"),
        until=until,
        by=actor(),
    )
    return on_visit(visit_id, _("The place is kept."))


@blueprint.post("/visits/<uuid:visit_id>/resume")
@requires(Permission.BOOK_VISIT)
def resume(visit_id: UUID) -> Response:
    """Let somebody who is back wait again at the old place."""
    journey.resume(uuid_field("entry"), version=version_field("entry_version"), by=actor())
    return on_visit(visit_id, _("Back in line."))


@blueprint.post("/visits/<uuid:visit_id>/re-enter")
@requires(Permission.BOOK_VISIT)
def re_enter(visit_id: UUID) -> Response:
    """Let somebody who missed the calls wait again; the desk may do so as often as it sees fit."""
    journey.re_enter(uuid_field("entry"), version=version_field("entry_version"), by=actor())
    return on_visit(visit_id, _("Back in line."))


@blueprint.post("/visits/<uuid:visit_id>/cancel")
@requires(Permission.BOOK_VISIT)
def cancel(visit_id: UUID) -> Response:
    """Call a visit off, with the reason."""
    journey.cancel(visit_id, version=version_field(), reason=field("reason"), by=actor())
    return on_visit(visit_id, _("Cancelled."))


@blueprint.post("/visits/<uuid:visit_id>/leave")
@requires(Permission.BOOK_VISIT)
def leave(visit_id: UUID) -> Response:
    """Note that somebody has gone home before everything was done."""
    journey.leave(visit_id, version=version_field(), reason=field("reason") or None, by=actor())
    return on_visit(visit_id, _("Noted as gone home."))


@blueprint.get("/ended")
@requires(Permission.BOOK_VISIT)
def ended() -> str:
    """Show who ended early today, and what was closed with yesterday."""
    return show("desk/ended.html", board=boards.ended_visits(page=page_number(), by=actor()))


def _minutes() -> int:
    """Return how long somebody is away. Raise InvalidError."""
    text = field("minutes", longest=4)
    minutes = int(text) if text.isascii() and text.isdecimal() else 0
    if not 0 < minutes <= LONGEST_AWAY_MINUTES:
        raise InvalidError(field="minutes", why="range")
    return minutes
