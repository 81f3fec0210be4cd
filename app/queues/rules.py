"""Pure rules of the line: who is before whom, since when somebody counts as waiting, what a room may hold."""

from datetime import datetime, timedelta

from app.core.errors import QueueClosedError, RoomBusyError
from app.queues.states import PointStatus


def eligible_at(
    arrived_at: datetime, appointment_at: datetime | None, early_tolerance_seconds: int
) -> datetime:
    """Return the moment from which a patient counts as waiting: arrival, or shortly before the booked time."""
    if appointment_at is None:
        return arrived_at
    return max(arrived_at, appointment_at - timedelta(seconds=early_tolerance_seconds))


def order_of_service(priority_class: int, eligible: datetime, entry_id: int) -> tuple[int, datetime, int]:
    """Return the sort key of the line: class first, then time, then the earlier row."""
    return (-priority_class, eligible, entry_id)


def check_room(status: str, *, called: int, calls_ahead: int) -> None:
    """Raise QueueClosedError for a room that takes nobody, RoomBusyError for one with enough people called."""
    if status != PointStatus.OPEN:
        raise QueueClosedError(status=status)
    if called >= calls_ahead:
        raise RoomBusyError(called=called, limit=calls_ahead)


def free_place(capacity: int, taken: set[int]) -> int:
    """Return the lowest free serving slot, 1…capacity. Raise RoomBusyError."""
    for slot in range(1, capacity + 1):
        if slot not in taken:
            return slot
    raise RoomBusyError(inside=len(taken), limit=capacity)
