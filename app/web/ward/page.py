"""The ward's pages: the choice of a queue, and the queue itself."""

from uuid import UUID

from flask import Blueprint, request

from app.accounts.roles import Permission, may
from app.boards import queries as boards
from app.door import actor, requires, show
from app.web.ward import answers, my_room

SHOWS = ("waiting", "called", "inside", "aside")


def register(blueprint: Blueprint) -> None:
    """Add the pages."""
    blueprint.add_url_rule("/ward", "choose", choose)
    blueprint.add_url_rule("/ward/<uuid:queue_id>", "page", page)


@requires(Permission.SEE_QUEUE)
def choose() -> str:
    """Let somebody choose one of the own queues."""
    return show("ward/choose.html", queues=boards.my_queues(by=actor()))


@requires(Permission.SEE_QUEUE)
def page(queue_id: UUID) -> str:
    """Show a queue; which rows are shown stands in the address, so that a link shows the same."""
    board = boards.ward_board(queue_id, by=actor())
    asked = request.args.get("show", "")
    return show(
        "ward/page.html",
        board=board,
        live_topics=[board.topic],
        shows=asked if asked in SHOWS else "",
        my_room=my_room.remembered(queue_id),
        is_reader=not may(actor(), Permission.DRIVE_QUEUE),
        said=answers.kept(),
        is_push=False,
    )
