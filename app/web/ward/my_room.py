"""The room in which somebody works: chosen once, kept with the session, named by no row of the list."""

from uuid import UUID

from flask import request, session

from app.core.errors import InvalidError
from app.door import uuid_field
from app.queues import queries as queues

KEY = "rooms"
MOST = 8  # the session travels in a cookie


def remembered(queue_id: UUID) -> UUID | None:
    """Return the room that was chosen for a queue."""
    kept: dict[str, str] = session.get(KEY, {})
    return UUID(kept[str(queue_id)]) if str(queue_id) in kept else None


def remember(queue_id: UUID, point_id: UUID) -> None:
    """Keep a queue's room; the oldest choice gives way."""
    kept = {name: room for name, room in session.get(KEY, {}).items() if name != str(queue_id)}
    session[KEY] = dict([*kept.items(), (str(queue_id), str(point_id))][-MOST:])


def of_call(queue_id: UUID) -> UUID:
    """Return the room into which a row's patient is called: named, chosen, or the only one. Raise InvalidError."""
    if request.form.get("service_point_id"):
        return uuid_field("service_point_id")
    if (chosen := remembered(queue_id)) is not None:
        return chosen
    points = queues.points(queue_id)
    if len(points) != 1:
        raise InvalidError(field="service_point_id", why="no_room")
    return points[0].id
