"""Queues and their entries: who stands where, who is called, what is done with them."""

from uuid import UUID

from flask import Blueprint, Response

from app.accounts.roles import Permission, may
from app.boards import queries as boards
from app.boards.queries import PublicBoard, WardBoard, WardRow
from app.door import actor, requires
from app.door.language import named
from app.journey import queries as journeys
from app.journey import services as journey
from app.journey.states import TABLE, Command
from app.queues.states import PointStatus
from app.web.api.answers import moved
from app.web.api.asked import CallNext, CallPatient, Join, Order, PageWanted
from app.web.api.bodies import asked, read, tell
from app.web.api.openapi import described, moving
from app.web.api.shapes import Answer, CalledShape, CallShape, Entry, QueueShape, RoomShape

# Known and not built yet: refused by the table. A way that opens gets a view and leaves this list by itself.
CLOSED = tuple(
    command
    for command in (
        Command.MISS,
        Command.RE_ENTER,
        Command.UNCALL,
        Command.START_DIRECT,
        Command.PAUSE,
        Command.HOLD,
        Command.RESUME,
        Command.SKIP_ONCE,
        Command.PRIORITY,
        Command.TRANSFER,
        Command.WAIVE,
        Command.CANCEL,
        Command.LEAVE,
    )
    if not TABLE[command].is_open
)


def register(blueprint: Blueprint) -> None:
    """Add the routes of queues."""
    blueprint.add_url_rule("/queue/join", view_func=join, methods=["POST"])
    blueprint.add_url_rule("/queue/<uuid:queue_id>", view_func=show_queue, methods=["GET"])
    blueprint.add_url_rule("/queue/<uuid:queue_id>/call-next", view_func=call_next, methods=["POST"])
    blueprint.add_url_rule("/queue/medical/call-patient", view_func=call_patient, methods=["POST"])
    one = "/queue/entries/<uuid:entry_id>"
    for name, view in {"recall": recall, "start": start, "complete": complete, "undo": undo_entry}.items():
        blueprint.add_url_rule(f"{one}/{name}", view_func=view, methods=["POST"])
    if CLOSED:
        names = ", ".join(f'"{command}"' for command in CLOSED)
        blueprint.add_url_rule(f"{one}/<any({names}):command>", view_func=refuse_for_entry, methods=["POST"])


@requires(Permission.SEE_VISIT)
@described("queue", body=Join, told=Answer, statuses=(200, 201), refusals=(409,))
def join() -> Response:
    """Join the line of the next step: 201 the first time, 200 with the same entry again."""
    body = read(Join)
    outcome = journey.join(body.visit_id, service=body.service, queue_id=body.queue_id, by=actor())
    return moved(outcome, status=200 if outcome.is_repeat else 201)


@requires(Permission.SEE_BOARD)
@described("queue", told=QueueShape, query=PageWanted)
def show_queue(queue_id: UUID) -> Response:
    """Show a queue: its numbers to everybody, its entries, paged, to who drives it."""
    wanted, board = asked(PageWanted), boards.public_board(queue_id)
    if not may(actor(), Permission.SEE_QUEUE):
        return tell(_numbers(board))
    ward = boards.ward_board(queue_id, by=actor())
    return tell(_entries(board, ward, wanted), patients=ward.discloses)


@requires(Permission.DRIVE_QUEUE)
@described("queue", body=CallNext, told=Answer, refusals=(409,))
def call_next(queue_id: UUID) -> Response:
    """Call the first in line into a room."""
    return moved(journey.call_next(queue_id, read(CallNext).service_point_id, by=actor()))


@requires(Permission.DRIVE_QUEUE)
@moving("queue", CallPatient)
def call_patient() -> Response:
    """Call a named patient into a room; whoever overtakes says why and confirms it."""
    body = read(CallPatient)
    return moved(
        journey.call_patient(
            body.entry_id,
            body.service_point_id,
            version=body.version,
            confirm=body.confirm,
            reason=body.reason,
            by=actor(),
        )
    )


@requires(Permission.DRIVE_QUEUE)
@moving("entries")
def recall(entry_id: UUID) -> Response:
    """Call the same patient once more."""
    return moved(journey.recall(entry_id, version=read(Order).version, by=actor()))


@requires(Permission.DRIVE_QUEUE)
@moving("entries")
def start(entry_id: UUID) -> Response:
    """Begin the examination of the called patient, once two identifiers were checked."""
    body = read(Order)
    return moved(journey.start(entry_id, version=body.version, confirm=body.confirm, by=actor()))


@requires(Permission.DRIVE_QUEUE)
@moving("entries")
def complete(entry_id: UUID) -> Response:
    """End the examination; the visit goes on to its next line, or to payment."""
    body = read(Order)
    return moved(journey.complete(entry_id, version=body.version, confirm=body.confirm, by=actor()))


@requires(Permission.UNDO)
@moving("entries")
def undo_entry(entry_id: UUID) -> Response:
    """Take back the last command of the entry's visit; the visit's version is compared."""
    return moved(
        journey.undo(journeys.standing_of_entry(entry_id).visit_id, version=read(Order).version, by=actor())
    )


@requires(Permission.SEE_VISIT)
@moving("entries")
def refuse_for_entry(entry_id: UUID, command: str) -> Response:
    """Refuse a command that is known and not built yet; nothing is written."""
    journey.refuse_for_entry(Command(command), entry_id, version=read(Order).version, by=actor())


def _numbers(board: PublicBoard) -> QueueShape:
    return QueueShape(
        id=board.id,
        seq=board.seq,
        name=named(board),
        is_open=board.is_open,
        waiting_count=board.waiting_count,
        calls=[
            CalledShape(number=call.number, room=named(call, "room"), attempt=call.attempt, at=call.at)
            for call in board.calls
        ],
        next_numbers=list(board.next_numbers),
    )


def _entries(board: PublicBoard, ward: WardBoard, wanted: PageWanted) -> QueueShape:
    pages = max(1, -(-len(ward.rows) // wanted.per_page))
    first = (wanted.page - 1) * wanted.per_page
    return _numbers(board).model_copy(
        update={
            "rooms": [
                RoomShape(
                    id=room.id, name=named(room), status=PointStatus(room.status), capacity=room.capacity
                )
                for room in ward.rooms
            ],
            "entries": [_entry(ward, row) for row in ward.rows[first : first + wanted.per_page]],
            "page": wanted.page,
            "pages": pages,
            "total": len(ward.rows),
        }
    )


def _entry(ward: WardBoard, row: WardRow) -> Entry:
    return Entry(
        id=row.entry_id,
        visit_id=row.visit_id,
        queue_id=ward.id,
        status=row.status,
        version=row.version,
        number=row.number,
        position=row.position,
        people_ahead=None if row.position is None else row.position - 1,
        service_point_id=row.room_id,
        call=CallShape(id=row.call_id, attempt=row.attempt, expires_at=row.expires_at)
        if row.call_id and row.expires_at
        else None,
    )
