"""Queues and their entries: who stands where, who is called, what is done with them."""

from uuid import UUID

from flask import Blueprint, Response

from app.accounts.roles import Permission, may
from app.boards import queries as boards
from app.boards.queries import PublicBoard, WardBoard, WardRow
from app.core.errors import InvalidError
from app.door import actor, requires
from app.door.language import named
from app.journey import queries as journeys
from app.journey import services as journey
from app.queues.states import PointStatus
from app.web.api.answers import moved, wait_of
from app.web.api.asked.base import PageWanted
from app.web.api.asked.visits import CallNext, CallPatient, Join, Order
from app.web.api.bodies import asked, read, tell
from app.web.api.openapi import described, moving
from app.web.api.shapes.queues import CalledShape, QueueShape, RoomShape
from app.web.api.shapes.visits import Answer, CallShape, Entry


def register(blueprint: Blueprint) -> None:
    """Add the routes of queues."""
    blueprint.add_url_rule("/queue/join", view_func=join, methods=["POST"])
    blueprint.add_url_rule("/queue/<uuid:queue_id>", view_func=show_queue, methods=["GET"])
    blueprint.add_url_rule("/queue/<uuid:queue_id>/call-next", view_func=call_next, methods=["POST"])
    blueprint.add_url_rule("/queue/medical/call-patient", view_func=call_patient, methods=["POST"])
    one = "/queue/entries/<uuid:entry_id>"
    views = (recall, miss, re_enter, uncall, start, start_direct, pause, complete, hold, resume, skip_once)
    for view in (*views, priority, transfer):
        blueprint.add_url_rule(f"{one}/{view.__name__.replace('_', '-')}", view_func=view, methods=["POST"])
    of_visit = (cancel_entry, leave_entry, waive_entry, undo_entry)
    for view in of_visit:
        blueprint.add_url_rule(
            f"{one}/{view.__name__.removesuffix('_entry')}", view_func=view, methods=["POST"]
        )


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
def miss(entry_id: UUID) -> Response:
    """Note that a called patient did not come; the number is kept, and the way back stands open."""
    return moved(journey.miss(entry_id, version=read(Order).version, by=actor()))


@requires(Permission.SEE_VISIT)
@moving("entries")
def re_enter(entry_id: UUID) -> Response:
    """Wait again after a missed call, some places behind the next."""
    return moved(journey.re_enter(entry_id, version=read(Order).version, by=actor()))


@requires(Permission.DRIVE_QUEUE)
@moving("entries")
def uncall(entry_id: UUID) -> Response:
    """Take back a call that was a mistake; the place is kept."""
    return moved(journey.uncall(entry_id, version=read(Order).version, by=actor()))


@requires(Permission.DRIVE_QUEUE)
@moving("entries")
def start(entry_id: UUID) -> Response:
    """Begin the examination of the called patient, once two identifiers were checked."""
    body = read(Order)
    return moved(journey.start(entry_id, version=body.version, confirm=body.confirm, by=actor()))


@requires(Permission.DRIVE_QUEUE)
@moving("entries")
def start_direct(entry_id: UUID) -> Response:
    """Begin with a waiting patient without a call; the reason is kept, and whom it overtakes is counted."""
    body = read(Order)
    if body.service_point_id is None:
        raise InvalidError(field="service_point_id", why="missing")
    return moved(
        journey.start_direct(
            entry_id,
            body.service_point_id,
            version=body.version,
            reason=body.reason,
            confirm=body.confirm,
            by=actor(),
        )
    )


@requires(Permission.DRIVE_QUEUE)
@moving("entries")
def pause(entry_id: UUID) -> Response:
    """Let the patient wait outside while the service goes on."""
    body = read(Order)
    return moved(
        journey.pause(entry_id, version=body.version, reason=body.reason, until=body.until, by=actor())
    )


@requires(Permission.DRIVE_QUEUE)
@moving("entries")
def complete(entry_id: UUID) -> Response:
    """End the examination; the visit goes on to its next line (`queue_id` pins it), or to payment."""
    body = read(Order)
    return moved(
        journey.complete(
            entry_id, version=body.version, next_queue_id=body.queue_id, confirm=body.confirm, by=actor()
        )
    )


@requires(Permission.SEE_VISIT)
@moving("entries")
def hold(entry_id: UUID) -> Response:
    """Put a waiting patient aside; the place is kept."""
    body = read(Order)
    return moved(
        journey.hold(entry_id, version=body.version, reason=body.reason, until=body.until, by=actor())
    )


@requires(Permission.SEE_VISIT)
@moving("entries")
def resume(entry_id: UUID) -> Response:
    """Let a patient who was put aside wait again."""
    return moved(journey.resume(entry_id, version=read(Order).version, by=actor()))


@requires(Permission.DRIVE_QUEUE)
@moving("entries")
def skip_once(entry_id: UUID) -> Response:
    """Let the next patient go first, once."""
    body = read(Order)
    return moved(journey.skip_once(entry_id, version=body.version, reason=body.reason, by=actor()))


@requires(Permission.DRIVE_QUEUE)
@moving("entries")
def priority(entry_id: UUID) -> Response:
    """Give a waiting patient another class: 0 normal, 1 preferred, 2 urgent."""
    body = read(Order)
    return moved(
        journey.prioritise(
            entry_id, priority=body.priority, version=body.version, reason=body.reason, by=actor()
        )
    )


@requires(Permission.DRIVE_QUEUE)
@moving("entries")
def transfer(entry_id: UUID) -> Response:
    """Send a patient to another queue (`queue_id`) or to wait for one room (`service_point_id`)."""
    body = read(Order)
    return moved(
        journey.transfer(
            entry_id,
            version=body.version,
            queue_id=body.queue_id,
            service_point_id=body.service_point_id,
            keeps_credit=body.keep_credit,
            reason=body.reason,
            by=actor(),
        )
    )


@requires(Permission.UNDO)
@moving("entries")
def undo_entry(entry_id: UUID) -> Response:
    """Take back the last command of the entry's visit; the visit's version is compared."""
    return moved(journey.undo(_visit_of(entry_id), version=read(Order).version, by=actor()))


@requires(Permission.SEE_VISIT)
@moving("entries")
def cancel_entry(entry_id: UUID) -> Response:
    """Call off the entry's visit; the visit's version is compared."""
    body = read(Order)
    return moved(journey.cancel(_visit_of(entry_id), version=body.version, reason=body.reason, by=actor()))


@requires(Permission.SEE_VISIT)
@moving("entries")
def leave_entry(entry_id: UUID) -> Response:
    """Note that the entry's patient has gone; the visit's version is compared."""
    body = read(Order)
    return moved(journey.leave(_visit_of(entry_id), version=body.version, reason=body.reason, by=actor()))


@requires(Permission.ADD_STEP)
@moving("entries")
def waive_entry(entry_id: UUID) -> Response:
    """Drop the step that the entry waits for; the visit's version is compared."""
    body = read(Order)
    return moved(journey.waive(_visit_of(entry_id), version=body.version, reason=body.reason, by=actor()))


def _visit_of(entry_id: UUID) -> UUID:
    return journeys.visit_of_entry(entry_id)


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
        wait=wait_of(row.wait),
        service_point_id=row.room_id,
        call=CallShape(id=row.call_id, attempt=row.attempt, expires_at=row.expires_at)
        if row.call_id and row.expires_at
        else None,
    )
