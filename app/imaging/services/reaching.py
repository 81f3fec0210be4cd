"""Asking the archive: one that does not answer is left alone for a while, by all processes together."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final, TypeVar

from app.core.errors import DependencyDownError
from app.core.transaction import release
from app.imaging.archive import (
    Archive,
    ArchiveConflictError,
    ArchiveDownError,
    ArchiveRefusedError,
    NotKeptError,
)
from app.imaging.services.guarding import guarded, wait_seconds

T = TypeVar("T")
PROBE: Final = timedelta(minutes=3)
ANSWERS: Final = (ArchiveConflictError, ArchiveRefusedError, NotKeptError)


def through(archive: Archive, ask: Callable[[], T]) -> T:
    """Ask an archive, outside of any unit of work; its breaker counts. Raise DependencyDownError, or what it said."""
    release()  # nobody's connection waits for an archive
    try:
        if not archive.is_outside:
            return ask()
        return guarded(
            ask, name=archive.name, what="archive", down=ArchiveDownError, answers=ANSWERS, probe_for=PROBE
        )
    except ArchiveDownError as error:
        raise DependencyDownError(what="archive", retry_after=wait_seconds(error)) from error
