"""The words shared by both ways: which aggregate is which resource, under which systems, at which target."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal

from app.core import words

Ids = Literal["ours", "theirs"]
Auth = Literal["none", "basic", "bearer", "smart"]

CONSUMER_PREFIX: Final = "fhir:"
BASE: Final = "https://annae.example/fhir"
SOURCE_VERSION: Final = f"{BASE}/StructureDefinition/source-version"
JOURNEY_STATE: Final = f"{BASE}/StructureDefinition/journey-state"
JOURNEY_STATE_CODES: Final = f"{BASE}/CodeSystem/journey-state"
LONGEST_REMOTE_ID, LONGEST_ETAG = 64, 128
SEPARATOR: Final = words.SEPARATOR


class Kind(StrEnum):
    """The aggregates that leave the house, by the name under which they are promised."""

    POINT = "point"
    PATIENT = "patient"
    APPOINTMENT = "appointment"
    VISIT = "visit"
    STEP = "step"
    ENTRY = "entry"


# In the order in which references need them: what comes first is referred to by what comes later.
TYPES: Final[dict[Kind, str]] = {
    Kind.POINT: "Location",
    Kind.PATIENT: "Patient",
    Kind.APPOINTMENT: "Appointment",
    Kind.VISIT: "Encounter",
    Kind.STEP: "ServiceRequest",
    Kind.ENTRY: "Task",
}
# Linked only: whom the EMR knows as Practitioner, so that what we send may refer to them.
STAFF: Final = "staff"
KINDS: Final[dict[str, Kind]] = {resource_type: kind for kind, resource_type in TYPES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A FHIR server that hears of us; secrets never appear in its representation.

    `ids`: whether it takes the ids that we assign. `checks_references`: it refuses a child before its parent.
    `pulls`: we read patients and bookings from it.
    """

    name: str
    base_url: str
    auth: Auth = "none"
    client_id: str = ""
    secret: str = field(default="", repr=False)
    private_key: str = field(default="", repr=False)
    token_url: str = ""
    scope: str = "system/*.cruds"
    ids: Ids = "ours"
    checks_references: bool = True
    pulls: bool = False

    @property
    def consumer(self) -> str:
        """Return the name under which it takes promises."""
        return f"{CONSUMER_PREFIX}{self.name}"
