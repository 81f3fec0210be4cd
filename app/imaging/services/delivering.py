"""What the archive keeps of a study that somebody may see: headers, files and frames, as they were written down.

Whoever asks has looked first which instances the study holds here: an archive may hold more under its number, for
what we have refused to take over stays where a modality has sent it.
"""

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import structlog

from app.core.errors import BusyError, NotFoundError
from app.imaging import archive as archives
from app.imaging.archive import Archive, Frame, NotKeptError
from app.imaging.rules import At
from app.imaging.services.reaching import through

log = structlog.get_logger(__name__)

T = TypeVar("T")
INSTANCE_UID, ADDRESS = "00080018", "00081190"
BULK: Final = "BulkDataURI"
# Orthanc 1.10 keeps their files and answers 500 for their frames (tried).
CUT_HERE: Final = frozenset(f"1.2.840.10008.1.2.4.{ending}" for ending in (201, 202, 203))
# An archive that hangs holds half of a process's threads (THREADS=16) and no more: wards ask for their pages there.
MOST_AT_ONCE: Final = 8
PATIENCE_SECONDS, RETRY_SECONDS = 1.0, 2
_places = threading.BoundedSemaphore(MOST_AT_ONCE)


def is_by_nginx() -> bool:
    """Whether there is an archive that an nginx in front of us may ask in our place."""
    return archives.configured().is_outside


def headers(study: str, *, series: str | None, instances: Collection[str]) -> list[dict[str, Any]]:
    """Return the headers of these instances of a study or series. Raise NotFoundError, DependencyDownError."""
    found = _asked(lambda archive: archive.metadata(study, series))
    return [_without_addresses(one) for one in found if _uid_of(one) in instances]


def header(at: At) -> dict[str, Any]:
    """Return the header of one instance. Raise NotFoundError, DependencyDownError."""
    from app.imaging import part10  # noqa: PLC0415 - pydicom is for those who look into a file

    return part10.metadata(file(at))


def file(at: At) -> bytes:
    """Return a file as it came. Raise NotFoundError, DependencyDownError."""
    return _asked(lambda archive: archive.instance(at))


def frame(at: At, number: int, *, transfer_syntax: str) -> Frame:
    """Return a frame as it is written down in its file. Raise NotFoundError, DependencyDownError."""
    if transfer_syntax not in CUT_HERE:
        return _asked(lambda archive: archive.frame(at, number))
    from app.imaging import part10  # noqa: PLC0415 - pydicom is for those who look into a file

    content, syntax = part10.frame(file(at), number)
    return Frame(content=content, transfer_syntax=syntax)


def _asked(ask: Callable[[Archive], T]) -> T:
    """Ask the archive for somebody who waits. Raise NotFoundError, DependencyDownError, BusyError."""
    archive = archives.configured()
    try:
        with _place(archive):
            return through(archive, lambda: ask(archive))
    except NotKeptError as error:
        log.warning("picture_missing", archive=archive.name)  # it stands in our tables
        raise NotFoundError(kind="picture") from error


@contextmanager
def _place(archive: Archive) -> Iterator[None]:
    """Take a place where an archive could hang. Raise BusyError."""
    if not archive.is_outside:
        yield
    elif _places.acquire(timeout=PATIENCE_SECONDS):
        try:
            yield
        finally:
            _places.release()
    else:
        raise BusyError(retry_after=RETRY_SECONDS)


def _uid_of(header_: dict[str, Any]) -> str:
    values = header_.get(INSTANCE_UID, {}).get("Value") or [""]
    return str(values[0])


def _without_addresses(header_: dict[str, Any]) -> dict[str, Any]:
    """Leave out where the archive would have more: its address is nobody's business, and nobody is let in there."""
    return {
        tag: {**element, "Value": [_inside(one) for one in element["Value"]]}
        if element.get("vr") == "SQ" and "Value" in element
        else element
        for tag, element in header_.items()
        if tag != ADDRESS and BULK not in element
    }


def _inside(item: Any) -> Any:
    return _without_addresses(item) if isinstance(item, dict) else item
