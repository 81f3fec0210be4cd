"""The visit and its place in a line."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.journey.states import Disposition, State, StepStatus
from app.queues.states import EntryStatus
from app.web.api.shapes.base import Told


class StepShape(Told):
    """One planned service of a visit."""

    id: UUID
    service: str
    name: str
    state: StepStatus
    mandatory: bool


class PatientShape(Told):
    """The patient of a visit, masked."""

    masked_name: str


class HistoryShape(Told):
    """One line of a visit's history; `seq` has no gap."""

    seq: int
    from_: Annotated[State, Field(alias="from")]
    to: State
    command: str
    at: datetime


class Visit(Told):
    """A visit: where it stands, what is planned, what was."""

    id: UUID
    seq: int
    state: State
    version: int
    day_number: int | None
    disposition: Disposition | None
    expected_at: datetime | None
    arrived_at: datetime | None
    steps: list[StepShape]
    patient: PatientShape
    history: list[HistoryShape]


class CallShape(Told):
    """The call that is open now."""

    id: UUID
    attempt: int
    expires_at: datetime


class WaitShape(Told):
    """A forecast as a range; null where none is told."""

    low_minutes: int
    high_minutes: int


class Entry(Told):
    """A place in a line. `position` counts from 1; both it and `people_ahead` are null unless it waits."""

    id: UUID
    visit_id: UUID
    queue_id: UUID
    status: EntryStatus
    version: int
    number: int
    position: int | None
    people_ahead: int | None
    wait: WaitShape | None = None
    service_point_id: UUID | None
    call: CallShape | None


class Answer(Told):
    """What every command answers: the visit, and the entry that is open now."""

    visit: Visit
    entry: Entry | None
