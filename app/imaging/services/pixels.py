"""Pixels for people's screens: one frame fetched, decoded and drawn; how many at once is bounded in each process."""

import threading
from typing import Final

import structlog

from app.core.errors import BusyError, DependencyDownError, InvalidError
from app.imaging import archive as archives
from app.imaging.archive import ArchiveDownError
from app.imaging.rules import At, NotTakenError, Window
from app.imaging.services import delivering
from app.imaging.services.reaching import through

log = structlog.get_logger(__name__)

# What one needs is its file and four times its frame.
MOST_AT_ONCE: Final = 4
PATIENCE_SECONDS, RETRY_SECONDS = 10.0, 2
_places = threading.BoundedSemaphore(MOST_AT_ONCE)


def frame_png(at: At, number: int, *, window: Window | None = None) -> bytes:
    """Return a frame as PNG, the first is 1, at most 1024 to a side.

    Raise NotFoundError, DependencyDownError, BusyError where too many ask at once, InvalidError for what is no picture.
    """
    if not _places.acquire(timeout=PATIENCE_SECONDS):
        raise BusyError(retry_after=RETRY_SECONDS)
    try:
        return _drawn(_file(at), number, window)
    finally:
        _places.release()


def is_archive_up() -> bool:
    """Whether the archive answers; while it is left alone it is not asked."""
    archive = archives.configured()

    def ask() -> None:
        if not archive.is_up():
            raise ArchiveDownError("no answer")

    try:
        through(archive, ask)
    except (DependencyDownError, ArchiveDownError):
        return False
    return True


def _file(at: At) -> bytes:
    try:
        return delivering.file(at)
    except OSError as error:
        log.error("picture_not_read", error_type=type(error).__name__)  # noqa: TRY400 - its text names a path
        raise DependencyDownError(what="archive", retry_after=RETRY_SECONDS) from error


def _drawn(content: bytes, number: int, window: Window | None) -> bytes:
    from app.imaging import drawing, part10  # noqa: PLC0415 - numpy is for those who look at pixels

    try:
        header, frame = part10.with_frame(content, number)
        return drawing.png(header, frame, number, window)
    except (NotTakenError, *part10.FAULTS) as error:
        log.warning("picture_not_drawn", reason=type(error).__name__)
        raise InvalidError(field="picture", why="not_drawn") from error
