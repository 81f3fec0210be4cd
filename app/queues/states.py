"""States of a queue entry, and which slots each one holds (decided by the database's unique keys)."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class EntryStatus(StrEnum):
    """Where an entry stands (FHIR Task.businessStatus)."""

    WAITING = "WAITING"
    HELD = "HELD"
    CALLED = "CALLED"
    IN_SERVICE = "IN_SERVICE"
    DONE = "DONE"
    NO_SHOW = "NO_SHOW"
    TRANSFERRED = "TRANSFERRED"
    CANCELLED = "CANCELLED"
    LEFT = "LEFT"
    ENTERED_IN_ERROR = "ENTERED_IN_ERROR"


class PointStatus(StrEnum):
    """Whether a room or desk takes patients."""

    OPEN = "open"
    PAUSED = "paused"
    CLOSED = "closed"


class MergeRule(StrEnum):
    """How booked patients and those without a time share one line."""

    ARRIVAL = "arrival"  # whoever came first
    SLOT = "slot"  # booked patients count from their time (less the early tolerance), never from before it
    HEAD_START = "head-start"  # as slot, and punctual booked patients are put some minutes forward


class PriorityClass(IntEnum):
    """What staff may give a patient; URGENT is before everybody, always."""

    NORMAL = 0
    PREFERRED = 1
    URGENT = 2


@dataclass(frozen=True, slots=True)
class Slots:
    """Which of the unique slots a status holds: one active and one engaged per visit, one serving per place."""

    active: bool = False
    engaged: bool = False
    serving: bool = False


NO_SLOTS = Slots()
SLOTS: dict[EntryStatus, Slots] = {
    EntryStatus.WAITING: Slots(active=True),
    EntryStatus.HELD: Slots(active=True),
    EntryStatus.NO_SHOW: Slots(active=True),
    EntryStatus.CALLED: Slots(active=True, engaged=True),
    EntryStatus.IN_SERVICE: Slots(active=True, engaged=True, serving=True),
}
OPEN_STATUSES = frozenset(SLOTS)


def slots_of(status: EntryStatus) -> Slots:
    """Return the slots that a status holds; an ended entry holds none."""
    return SLOTS.get(status, NO_SLOTS)
