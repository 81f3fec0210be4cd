"""The ward's pages: the choice of a queue, and the queue itself."""

from uuid import UUID

from flask import Blueprint, request

from app.accounts.roles import Permission, may
from app.boards import queries as boards
from app.door import actor, requires, show
from app.web.ward import answers, my_room

SHOWS = ("waiting", "called", "inside", "aside", "urgent")
MOST_DIGITS = 6


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
    """Show a queue; which rows are shown stands in the address, so that a link shows the same.

    A number may be searched for by the address, a name never: addresses are logged and remembered.
    """
    board = boards.ward_board(queue_id, by=actor())
    strips = boards.alert_strips(board.unit, by=actor())
    asked, number = request.args.get("show", ""), request.args.get("number", "")
    return show(
        "ward/page.html",
        board=board,
        live_topics=[board.topic, *(strip.topic for strip in strips)],
        strips=strips,
        shows=asked if asked in SHOWS else "",
        is_mine_only=request.args.get("mine") == "1",
        number=number if number.isascii() and number.isdecimal() and len(number) <= MOST_DIGITS else "",
        my_rooms=my_room.remembered(queue_id),
        is_reader=not may(actor(), Permission.DRIVE_QUEUE),
        sees_figures=may(actor(), Permission.SEE_STATISTICS),
        said=answers.kept(),
        is_push=False,
    )
