"""What the API takes: types as JSON has them, bounded, nothing guessed."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from app.wayfinding.rules import Profile

Version = Annotated[int, Field(ge=0, lt=2**31)]
Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,32}$")]
Token = Annotated[str, Field(min_length=1, max_length=400)]
Word = Annotated[str, Field(max_length=40)]


class Asked(BaseModel):
    """A body that was read: types as JSON has them, nothing guessed."""

    model_config = ConfigDict(strict=True, frozen=True)


class SimpleLogin(Asked):
    """Two answers of a patient who stands at a tag; `nonce` of a scan, or else the `tag` itself is scanned."""

    phone_last4: Annotated[str, Field(pattern=r"^[0-9]{4}$")]
    birth_date: date
    tag: Token | None = None
    nonce: Token | None = None


class StaffLogin(Asked):
    """User name, password, and the code of the second factor where the account has one."""

    username: Annotated[str, Field(min_length=1, max_length=80)]
    password: Annotated[str, Field(min_length=1, max_length=256)]
    totp: Annotated[str, Field(max_length=12)] | None = None


class Refresh(Asked):
    """A refresh token, good once."""

    refresh_token: Token


class Logout(Asked):
    """The refresh token, for a client that has lost its access token."""

    refresh_token: Token | None = None


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


class Order(Asked):
    """A command: the version that the caller saw, and what the command needs."""

    version: Version | None = None
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


class PatientChange(Asked):
    """What changes of a patient's own data; what is not given stays."""

    version: Version | None = None
    name: Annotated[str, Field(max_length=200)] | None = None
    birth_date: date | None = None
    phone: Annotated[str, Field(max_length=40)] | None = None
    gender: Annotated[str, Field(max_length=8)] | None = None


class EncounterChange(Asked):
    """What changes of a visit's notes: each a whole text; what is not given stays."""

    version: Version | None = None
    medical: Annotated[str, Field(max_length=20_000)] | None = None
    nursing: Annotated[str, Field(max_length=20_000)] | None = None


class PageWanted(BaseModel):
    """Which page of a list."""

    page: Annotated[int, Field(ge=1, le=100_000)] = 1
    per_page: Annotated[int, Field(ge=1, le=200)] = 50
