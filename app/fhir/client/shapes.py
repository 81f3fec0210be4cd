"""What goes to a FHIR server and comes back, as plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol

from orjson import Fragment

from app.core.relay import TargetDownError

Resource = Mapping[str, Any]
GOOD: Final = range(200, 300)


class Asked(Protocol):
    """One request inside a batch, as whoever sends it keeps it: `url` as in `Patient/1`, `if_match` as in `W/"3"`."""

    @property
    def method(self) -> str:
        """GET, PUT or POST."""

    @property
    def url(self) -> str:
        """Where, seen from the base."""

    @property
    def resource(self) -> Resource | Fragment | None:
        """What is written, or its text."""

    @property
    def if_match(self) -> str | None:
        """The version that it replaces, as the server named it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The plainest request inside a batch."""

    method: Literal["GET", "PUT", "POST"]
    url: str
    resource: Resource | None = field(default=None, repr=False)
    if_match: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One issue of an OperationOutcome: code, text without what a patient could be known by, and where it lies."""

    code: str
    text: str = ""
    expression: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join(part for part in (self.code, *self.expression, self.text) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryAnswer:
    """What came of one entry, or of one read. `resource` as the server holds it now, None where it did not say.

    `etag` as in `W/"3"`, also where only the resource's versionId told it; empty where nothing did.
    `remote_id`: the id under which the server keeps it; empty where it did not say.
    """

    status: int
    etag: str = ""
    resource: Resource | None = field(default=None, repr=False)
    issues: tuple[Issue, ...] = ()
    remote_id: str = ""
    retry_after_seconds: float = 0.0

    @property
    def is_good(self) -> bool:
        """Whether it was taken."""
        return self.status in GOOD

    @property
    def reason(self) -> str:
        """Return status and issues in one line that may be stored and shown: no patient stands in it."""
        return "; ".join([f"HTTP {self.status}", *map(str, self.issues)])[:1000]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a search; `total` is None where the server does not count."""

    resources: Sequence[Resource] = field(repr=False)
    total: int | None = None
    is_last: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeCapability:
    """What a server does with one type of resources; an empty `interactions` says that it did not tell."""

    resource_type: str
    interactions: frozenset[str] = frozenset()
    allows_our_ids: bool = False

    @property
    def is_taken(self) -> bool:
        """Whether it may be written at all."""
        return not self.interactions or bool(self.interactions & {"update", "create"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """What a server says of itself (`/metadata`)."""

    software: str = ""
    fhir_version: str = ""
    types: Mapping[str, TypeCapability] = field(default_factory=dict)
    system_interactions: frozenset[str] = frozenset()


class UnknownOutcomeError(TargetDownError):
    """The target failed as a whole after the request had left: it may have done all, some or none of it."""


class RequestRefusedError(Exception):
    """The request as a whole was refused (400, 413, 422): nothing was done; a smaller bundle may find the culprit."""

    def __init__(self, status: int, issues: tuple[Issue, ...] = ()) -> None:
        self.status, self.issues = status, issues
        super().__init__(self.reason)

    @property
    def reason(self) -> str:
        """Return status and issues in one line that may be stored and shown."""
        return "; ".join([f"HTTP {self.status}", *map(str, self.issues)])[:1000]
