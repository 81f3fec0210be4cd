"""What every archive of pictures does, and what it may answer; both adapters keep to it under the same tests."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from app.imaging.rules import At


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame as it is written down."""

    content: bytes = field(repr=False)
    transfer_syntax: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A study that has stood still in the archive, by the archive's own id for it."""

    seq: int
    study: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A page of changes; `last`: how far it reads."""

    changes: Sequence[Change]
    last: int
    is_done: bool


class ArchiveDownError(Exception):
    """The archive does not answer, or does not let us in: nothing is known of what was asked."""

    def __init__(self, reason: str, *, retry_after_seconds: float = 0.0, opens: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.retry_after_seconds, self.opens = reason, retry_after_seconds, opens


class ArchiveRefusedError(Exception):
    """The archive does not take this file."""


class ArchiveConflictError(Exception):
    """The archive keeps other bytes under this number, and has kept them."""


class NotKeptError(Exception):
    """The archive has no such thing."""


class Archive(Protocol):
    """Keeps files byte by byte, never changes one, and gives back what it was given."""

    name: str
    is_outside: bool

    def is_up(self) -> bool:
        """Whether it answers."""

    def store(self, at: At, content: bytes) -> None:
        """Keep a file and read it back; the same file again is nothing.

        Raise ArchiveConflictError where other bytes come back, ArchiveRefusedError, ArchiveDownError.
        """

    def series_of(self, study: str) -> tuple[str, ...]:
        """Return the UIDs of a study's series, sorted; none for a study it does not have."""

    def instances_of(self, study: str, series: str) -> tuple[str, ...]:
        """Return the UIDs of a series' instances, sorted."""

    def instance(self, at: At) -> bytes:
        """Return a file as it was given. Raise NotKeptError."""

    def frame(self, at: At, number: int) -> Frame:
        """Return a frame as it is written down; the first is 1. Raise NotKeptError."""

    def metadata(self, study: str, series: str | None = None) -> list[dict[str, Any]]:
        """Return the headers of a study or series as DICOM JSON, without pixels. Raise NotKeptError."""
