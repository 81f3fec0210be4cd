"""The words shared by both ways: which aggregate is which resource, under which systems, at which target."""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal
from urllib.parse import quote, unquote

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
ADDRESS: Final = re.compile(r"(https?://|urn:)[^\s<>]+", re.ASCII)


class Kind(StrEnum):
    """The aggregates that leave the house, by the name under which they are promised."""

    POINT = "point"
    PATIENT = "patient"
    APPOINTMENT = "appointment"
    VISIT = "visit"
    ORDER = "order"
    STEP = "step"
    ENTRY = "entry"
    STUDY = "study"
    RESULT = "result"
    REPORT = "report"


# In the order in which references need them: what comes first is referred to by what comes later.
TYPES: Final[dict[Kind, str]] = {
    Kind.POINT: "Location",
    Kind.PATIENT: "Patient",
    Kind.APPOINTMENT: "Appointment",
    Kind.VISIT: "Encounter",
    Kind.ORDER: "ServiceRequest",
    Kind.STEP: "ServiceRequest",
    Kind.ENTRY: "Task",
    Kind.STUDY: "ImagingStudy",
    Kind.RESULT: "Observation",
    Kind.REPORT: "DiagnosticReport",
}
# Linked only: whom the EMR knows as Practitioner, so that what we send may refer to them.
STAFF: Final = "staff"
KINDS: Final[dict[str, Kind]] = {resource_type: kind for kind, resource_type in TYPES.items()}
# Pictures are taken for an order. A place in a line refers to its step, which names the order by number (requisition).
OF_AN_ORDER: Final = frozenset({Kind.STUDY, Kind.REPORT})


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


def meant(resource_type: str, *, by: Kind) -> Kind | None:
    """Return what a reference to a type means in a resource of ours; None for what is no aggregate here."""
    if by in OF_AN_ORDER and resource_type == TYPES[Kind.ORDER]:
        return Kind.ORDER
    return KINDS.get(resource_type)


def is_address(system: str) -> bool:
    """Whether the system of a number is one that all the world knows, and no issuer's name."""
    return ADDRESS.fullmatch(system) is not None


def issuer_system(ours: str, kind: str, system: str) -> str:
    """Return the system under which a number leaves the house: as it is, or below an address of `ours`."""
    if is_address(system):
        return system
    return ours if system == kind else f"{ours}/{quote(system, safe='')}"


def issuer_of(ours: str, kind: str, address: str) -> str | None:
    """Return the issuer that `issuer_system` had written so, or None for somebody else's address."""
    if address == ours:
        return kind
    return unquote(address.removeprefix(f"{ours}/")) if address.startswith(f"{ours}/") else None
