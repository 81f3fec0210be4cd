"""The rooms in which somebody works: chosen once, kept with the session, named by no row of the list."""

from collections.abc import Collection
from uuid import UUID

from flask import request, session

from app.boards import queries as boards
from app.core.errors import InvalidError
from app.door import actor, uuid_field

KEY = "rooms"
MOST_QUEUES, MOST_ROOMS = 6, 4  # the session travels in a cookie


def remembered(queue_id: UUID) -> tuple[UUID, ...]:
    """Return the rooms that were chosen for a queue."""
    kept: dict[str, str] = session.get(KEY, {})
    return tuple(UUID(one) for one in kept.get(str(queue_id), "").split())


def remember(queue_id: UUID, point_ids: Collection[UUID]) -> None:
    """Keep a queue's rooms; the oldest choice gives way."""
    kept = {name: rooms for name, rooms in session.get(KEY, {}).items() if name != str(queue_id)}
    chosen = " ".join(str(one) for one in [*point_ids][:MOST_ROOMS])
    session[KEY] = dict([*kept.items(), (str(queue_id), chosen)][-MOST_QUEUES:])


def of_call(queue_id: UUID) -> UUID:
    """Return the room into which a row's patient is called. Raise InvalidError where nobody has said.

    The one that is named; else mine, of several the first that is free; else the only one.
    """
    if request.form.get("service_point_id"):
        return uuid_field("service_point_id")
    mine = remembered(queue_id)
    if len(mine) == 1:
        return mine[0]
    rooms = boards.ward_board(queue_id, by=actor()).rooms
    known = [room for room in rooms if room.id in mine] or rooms
    if not mine and len(known) != 1:
        raise InvalidError(field="service_point_id", why="no_room")
    return next((room.id for room in known if room.is_free), known[0].id)


def room_id(text: str) -> UUID:
    """Return a room that a form names. Raise InvalidError."""
    try:
        return UUID(text)
    except ValueError as error:
        raise InvalidError(field="service_point_id", why="no_room") from error
