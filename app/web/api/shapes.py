"""What the API gives: fields may be added, never renamed."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.journey.states import Disposition, State, StepStatus
from app.queues.states import EntryStatus, PointStatus
from app.tags.rules import TagKind
from app.wayfinding.rules import NodeKind, Profile


class Told(BaseModel):
    """A part of an answer."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, from_attributes=True)


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


class TokenShape(Told):
    """Tokens: the access token names a session that can end at any moment; the refresh token is good once."""

    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a kind of token
    expires_in: int


class PatientTokens(TokenShape):
    """A patient's tokens, good for the one visit that is shown."""

    visit: Visit
    entry: Entry | None


class Ticket(Told):
    """A ticket for one socket."""

    ticket: str
    expires_in: int


class PlaceShape(Told):
    """Where somebody stands."""

    code: str
    name: str
    kind: NodeKind
    tag_kind: TagKind
    floor: str


class OpeningShape(Told):
    """A queue of the house, and whether it takes anybody now."""

    queue_id: UUID
    name: str
    place: str
    is_open: bool


class LegShape(Told):
    """The part of a way on one floor; `points` use the plan's view box."""

    floor: str
    plan: str
    view_box: str
    points: list[tuple[int, int]]


class DirectionShape(Told):
    """One instruction in the language of the request; `leg` is the index of its floor."""

    leg: int
    text: str


class RouteShape(Told):
    """The quickest way; `is_blocked`: there is none for this profile, and staff should help."""

    profile: Profile
    is_blocked: bool
    minutes: int
    legs: list[LegShape]
    directions: list[DirectionShape]


Next = Literal[
    "sign-in", "desk", "arrive", "register", "join", "wait", "re-enter", "go-in", "stay", "pay", "go-home"
]


class TapAnswer(Told):
    """Where I am, what comes next, and the way there; `nonce` proves the scan for ten minutes."""

    place: PlaceShape
    opening: list[OpeningShape]
    next: Next
    route: RouteShape | None
    nonce: str
    visit: Visit | None
    entry: Entry | None


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


class PatientRecord(Told):
    """A patient's own data."""

    id: UUID
    version: int
    mrn: str
    name: str
    birth_date: date
    phone_last4: str
    gender: str | None


class NoteShape(Told):
    """One text of a visit; version 0 and empty where nobody has written yet."""

    version: int
    text: str
    author_name: str
    updated_at: datetime | None


class EncounterNotes(Told):
    """What was noted in a visit; `version` rises by one with every change of either text."""

    id: UUID
    patient_id: UUID
    version: int
    medical: NoteShape
    nursing: NoteShape


class ErrorShape(Told):
    """The refusal for programs: a code that never changes, a sentence, and what is known."""

    code: str
    message: str
    details: dict[str, Any]


class Problem(Told):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    success: Literal[False] = False
    error: ErrorShape
