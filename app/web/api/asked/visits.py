"""Commands on visits and places in a line."""

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from app.wayfinding.rules import Profile
from app.web.api.asked.base import Asked, Code, Seen, Token, Word


class Tap(Asked):
    """A tag that was scanned; `arrive` needs the patient's own token."""

    tag: Token
    nonce: Token | None = None
    arrive: bool = False
    profile: Profile = Profile.WALKING


class Join(Asked):
    """A visit that should stand in line; staff may name the queue where several offer the service."""

    visit_id: UUID
    service: Code | None = None
    queue_id: UUID | None = None


class CallNext(Asked):
    """The room into which the first in line is called."""

    service_point_id: UUID


class Order(Seen):
    """A command: the version that the caller saw, and what the command needs."""

    reason: Annotated[str, Field(max_length=300)] | None = None
    confirm: Annotated[frozenset[Word], Field(max_length=10)] = frozenset()
    service_point_id: UUID | None = None
    queue_id: UUID | None = None
    priority: Annotated[int, Field(ge=-100, le=100)] | None = None
    until: AwareDatetime | None = None
    keep_credit: bool | None = None
    step_id: UUID | None = None
    amount: Annotated[int, Field(ge=-(10**12), le=10**12)] = 0
    method: Annotated[str, Field(max_length=20)] = "none"


class CallPatient(Order):
    """A named patient, called into a room."""

    entry_id: UUID
    service_point_id: UUID


class AddStep(Order):
    """One more service for a visit."""

    service: Code
    mandatory: bool = True
