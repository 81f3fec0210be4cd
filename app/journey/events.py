"""What happens to visits, told after the commit; ids only."""

from dataclasses import dataclass
from uuid import UUID

from app.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitArrived(Event):
    """A patient is in the house."""

    visit_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientCalled(Event):
    """A patient was called (or called again) into a room."""

    visit_id: UUID
    call_id: UUID
    queue_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitFinished(Event):
    """A visit is over; what was opened for it may be closed."""

    visit_id: UUID
