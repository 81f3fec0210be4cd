"""Sheets: one patient, one room, everybody at once. In the page's dialog, or a page of their own without script."""

from uuid import UUID

from flask import Blueprint, Response, make_response, request

from app.accounts.roles import Permission, may
from app.boards import queries as boards
from app.core.errors import NotFoundError
from app.door import actor, requires, show
from app.web.ward import my_room
from app.web.ward.fields import MINUTES
from app.web.ward.refusals import Problem


def register(blueprint: Blueprint) -> None:
    """Add the sheets; each is a GET that shows and changes nothing."""
    blueprint.get("/ward/<uuid:queue_id>/entries/<uuid:entry_id>")(patient)
    blueprint.get("/ward/<uuid:queue_id>/rooms/<uuid:point_id>")(room)
    blueprint.get("/ward/<uuid:queue_id>/everybody")(everybody)
    blueprint.get("/ward/<uuid:queue_id>/moves")(moves)


@requires(Permission.SEE_QUEUE)
def patient(queue_id: UUID, entry_id: UUID) -> Response:
    """Show one patient: who it is, what may be done, what was done."""
    return patient_sheet(queue_id=queue_id, entry_id=entry_id)


@requires(Permission.DRIVE_QUEUE)
def room(queue_id: UUID, point_id: UUID) -> Response:
    """Show one room: open, paused, closed, and whom it would leave behind."""
    return room_sheet(queue_id=queue_id, point_id=point_id)


@requires(Permission.DRIVE_QUEUE)
def everybody(queue_id: UUID) -> Response:
    """Show how many would move, and where to."""
    return everybody_sheet(queue_id=queue_id)


@requires(Permission.SEE_QUEUE)
def moves(queue_id: UUID) -> Response:
    """Show what happened in a queue: lately, or after a seq that a page has seen."""
    seen = request.args.get("after", "")
    after = int(seen) if seen.isascii() and seen.isdecimal() and len(seen) < 12 else None  # noqa: PLR2004
    return _sheet(
        "moves",
        None,
        moves=boards.ward_moves(queue_id, after_seq=after, by=actor()),
        is_new=after is not None,
    )


def patient_sheet(*, queue_id: UUID, entry_id: UUID, problem: Problem | None = None) -> Response:
    """Return a patient's sheet, with the problem of a refused command."""
    sheet = boards.ward_patient(queue_id, entry_id, by=actor())
    mine = [one for one in my_room.remembered(queue_id) if one in sheet.overtakes]
    return _sheet(
        "patient",
        problem,
        sheet=sheet,
        my_room=mine[0] if mine else None,
        minutes=MINUTES,
        live_topics=[sheet.measured.topic] if sheet.measured else [],
    )


def room_sheet(*, queue_id: UUID, point_id: UUID, problem: Problem | None = None) -> Response:
    """Return a room's sheet. Raise NotFoundError for another queue's."""
    board = boards.ward_board(queue_id, by=actor())
    found = next((one for one in board.rooms if one.id == point_id), None)
    if found is None:
        raise NotFoundError(kind="service_point")
    return _sheet(
        "room",
        problem,
        room=found,
        queue_id=queue_id,
        minutes=MINUTES,
    )


def everybody_sheet(*, queue_id: UUID, problem: Problem | None = None) -> Response:
    """Return the sheet of a whole line."""
    return _sheet("everybody", problem, line=boards.ward_line(queue_id, by=actor()), minutes=MINUTES)


def _sheet(name: str, problem: Problem | None, **values: object) -> Response:
    """Render a sheet into the page's dialog, or as a page; a refused command finds it there again."""
    is_inside = bool(request.headers.get("HX-Request"))
    template = f"ward/_{name}.html" if is_inside else f"ward/{name}.html"
    page = show(
        template,
        **values,
        problem=problem,
        typed=problem.typed if problem else {},
        do=problem.command if problem else request.args.get("do", ""),
        is_reader=not may(actor(), Permission.DRIVE_QUEUE),
    )
    response = make_response(page, problem.status if problem else 200)
    if is_inside and problem:
        response.headers["HX-Retarget"], response.headers["HX-Reswap"] = "#sheet-body", "innerHTML"
    return response
