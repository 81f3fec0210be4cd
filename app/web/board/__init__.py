"""Board: a waiting room's wall, for its own screen and for staff; others learn how a screen is connected."""

from uuid import UUID

from flask import Blueprint, Response, make_response, render_template, request

from app.accounts.roles import Facts, Permission, Role, may
from app.boards import queries as boards
from app.core import clock
from app.core.transaction import release
from app.door import actor, back_to, public, show, signed_in
from app.door.identity import cookie_name
from app.queues import queries as queues

blueprint = Blueprint("board", __name__)


@blueprint.get("/board/<uuid:queue_id>")
@public
def wall(queue_id: UUID) -> Response:
    """Show the called numbers, or a page that says how this screen is connected."""
    if not _is_connected(queue_id):
        return _not_connected()
    board = boards.public_board(queue_id)
    _, day_ends = clock.day_bounds(clock.today())
    return make_response(
        show("board/page.html", board=board, live_topics=[board.topic], day_ends=day_ends, is_push=False)
    )


def _is_connected(queue_id: UUID) -> bool:
    """Whether this is the queue's own screen, or staff who may see the queue."""
    me = signed_in()
    if me is None:
        return False
    if me.role == Role.BOARD:
        return me.queue_id == queue_id
    if not may(actor(), Permission.SEE_QUEUE):
        return False
    is_own = may(actor(), Permission.SEE_QUEUE, Facts(unit=queues.head(queue_id).unit))
    release()
    return is_own


def _not_connected() -> Response:
    """Wake a screen that was switched off over night; tell every other browser how it becomes one."""
    if signed_in() is None and request.cookies.get(cookie_name("work")):
        return back_to("login.wake")
    return make_response(render_template("board/not_connected.html"), 403)
