"""Files come in: each is read, kept, read back and written down, or set aside with a reason. None is lost.

The archive has a file before the database knows it: who is stopped between the two, and begins again, finds it there.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from io import SEEK_END
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, TypeVar
from uuid import UUID

from app.accounts.roles import Permission, require
from app.core import clock
from app.core.actor import Actor
from app.core.errors import BusyError, NotFoundError
from app.core.transaction import release
from app.core.words import SEPARATOR
from app.imaging import archive as archives
from app.imaging import queries
from app.imaging.archive import Archive, ArchiveConflictError, ArchiveRefusedError
from app.imaging.rules import MOST_FILE_BYTES, TURNED_AWAY, NotTakenError, Reason
from app.imaging.services import quarantine
from app.imaging.services.reaching import through

if TYPE_CHECKING:
    from app.imaging.part10 import Picture


T = TypeVar("T")
PAUSES_SECONDS: Final = (0.2, 1.0, 3.0)


class Outcome(StrEnum):
    """What became of a file."""

    STORED = "stored"
    REPEATED = "repeated"  # the very same file was there
    QUARANTINED = "quarantined"
    TURNED_AWAY = "turned_away"  # the quarantine is full: whoever sent it keeps it


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of one file; `sentence` is the stored reason of one that was not taken over."""

    outcome: Outcome
    name: str
    study_id: UUID | None = None
    sentence: str = ""


def files_in(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield files, and those of folders in order; links are not followed. Raise NotFoundError for what is not there."""
    for path in paths:
        if path.is_dir():
            yield from sorted(one for one in path.rglob("*") if one.is_file() and not one.is_symlink())
        elif path.is_file():
            yield path
        else:
            raise NotFoundError(kind="path", name=path.name)


def ingest(paths: Iterable[Path], *, source: str, by: Actor) -> Iterator[Taken]:
    """Take files over, one at a time; may be stopped and begun again. Raise DependencyDownError."""
    require(by, Permission.UPLOAD_IMAGES)
    archive = archives.configured()
    for path in files_in(paths):
        if path.stat().st_size > MOST_FILE_BYTES:
            with path.open("rb") as file:
                yield too_large(file, name=path.name, source=source, by=by)
        else:
            yield _take(path.read_bytes(), archive, name=path.name, source=source, is_kept=False, by=by)
        release()


def take(content: bytes, *, name: str, source: str, is_kept: bool = False, by: Actor) -> Taken:
    """Take one file over; `is_kept`: the archive gave it to us. Raise DependencyDownError."""
    require(by, Permission.UPLOAD_IMAGES)
    return _take(content, archives.configured(), name=name, source=source, is_kept=is_kept, by=by)


def too_large(file: IO[bytes], *, name: str, source: str, by: Actor) -> Taken:
    """Set a file aside that is never as a whole in memory."""
    require(by, Permission.UPLOAD_IMAGES)
    size_bytes = file.seek(0, SEEK_END)
    file.seek(0)
    refusal = NotTakenError(Reason.TOO_LARGE, f"{size_bytes} bytes")
    return _set_aside(file, refusal, name=name, source=source, by=by)


def _take(content: bytes, archive: Archive, *, name: str, source: str, is_kept: bool, by: Actor) -> Taken:
    from app.imaging import part10  # noqa: PLC0415 - pydicom is for those who look into a file
    from app.imaging.services import admitting  # noqa: PLC0415 - the same

    if queries.keeps(hashlib.sha256(content).hexdigest()):
        return Taken(outcome=Outcome.REPEATED, name=name)
    uid = None
    try:
        picture = part10.read(content)
        uid = picture.at.instance
        if admitting.check_place(picture):
            return Taken(outcome=Outcome.REPEATED, name=name)
        if not is_kept:
            _keep(archive, picture, content)
        is_new = _patiently(lambda: admitting.admit(picture, stored_in=archive.name, source=source, by=by))
    except NotTakenError as refusal:
        return _set_aside(content, refusal, name=name, source=source, uid=uid, is_kept=is_kept, by=by)
    return Taken(
        outcome=Outcome.STORED if is_new else Outcome.REPEATED,
        name=name,
        study_id=queries.study_id_of(picture.at.study),
    )


def _keep(archive: Archive, picture: "Picture", content: bytes) -> None:
    """Let the archive keep a file. Raise NotTakenError where it keeps another one under this number, or none."""
    try:
        through(archive, lambda: archive.store(picture.at, content))
    except ArchiveRefusedError as error:
        raise NotTakenError(Reason.ARCHIVE_REFUSED, str(error)) from error
    except ArchiveConflictError as error:
        raise NotTakenError(_difference(archive, picture)) from error


def _difference(archive: Archive, picture: "Picture") -> Reason:
    """Return how what the archive keeps under this number differs."""
    from app.imaging import part10  # noqa: PLC0415 - pydicom is for those who look into a file

    try:
        kept = part10.read(through(archive, lambda: archive.instance(picture.at)))
    except (NotTakenError, archives.NotKeptError):
        return Reason.ARCHIVE_DIFFERS
    return Reason.OTHER_HEADER if kept.pixel_sha256 == picture.pixel_sha256 else Reason.OTHER_PIXELS


def _patiently(work: Callable[[], T]) -> T:
    """Try again where another hand holds the study's row: nobody stands at a screen for this."""
    for seconds in PAUSES_SECONDS:
        try:
            return work()
        except BusyError:
            clock.pause(seconds)
    return work()


def _set_aside(
    content: bytes | IO[bytes],
    refusal: NotTakenError,
    *,
    name: str,
    source: str,
    by: Actor,
    uid: str | None = None,
    is_kept: bool = False,
) -> Taken:
    """Keep what is not taken over, or turn it away where there is no room.

    What a modality has sent to the archive is kept beyond any bound: nobody is there who could be told.
    """
    try:
        _patiently(
            lambda: quarantine.set_aside(
                content, refusal, name=name, source=source, uid=uid, is_bounded=not is_kept, by=by
            )
        )
    except quarantine.NoRoomError:
        _patiently(lambda: quarantine.turn_away(content, refusal, source=source, by=by))
        sentence = f"{TURNED_AWAY}{SEPARATOR}{refusal.sentence}"
        return Taken(outcome=Outcome.TURNED_AWAY, name=name, sentence=sentence)
    return Taken(outcome=Outcome.QUARANTINED, name=name, sentence=refusal.sentence)
