"""A queue: its numbers, its rooms, who waits."""

from datetime import datetime
from uuid import UUID

from app.queues.states import PointStatus
from app.web.api.shapes.base import Told
from app.web.api.shapes.visits import Entry


class RoomShape(Told):
    """A room or desk of a queue."""

    id: UUID
    name: str
    status: PointStatus
    capacity: int


class CalledShape(Told):
    """A number on the wall."""

    number: int
    room: str
    attempt: int
    at: datetime


class QueueShape(Told):
    """A queue: numbers for everybody; rooms and one page of the entries for who may see them, else null."""

    id: UUID
    seq: int
    name: str
    is_open: bool
    waiting_count: int
    calls: list[CalledShape]
    next_numbers: list[int]
    rooms: list[RoomShape] | None = None
    entries: list[Entry] | None = None
    page: int | None = None
    pages: int | None = None
    total: int | None = None
