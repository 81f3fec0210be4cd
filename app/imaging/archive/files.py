"""The house's own archive: a file for each instance, written beside its place and moved there whole."""

import errno
import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from app.imaging.archive.contract import (
    ArchiveConflictError,
    ArchiveDownError,
    ArchiveRefusedError,
    Frame,
    NotKeptError,
)
from app.imaging.rules import At, is_uid

SUFFIX: Final = ".dcm"
DRAFT: Final = ".draft"


class FileArchive:
    """Pictures under one folder: study / series / instance."""

    name = "files"
    is_outside = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def is_up(self) -> bool:
        """Whether the folder can be written."""
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return os.access(self._folder, os.W_OK)

    def store(self, at: At, content: bytes) -> None:
        """Keep a file: written apart, synced, read back, then given its name where nobody has it yet.

        A disk that is full, or cannot be written, is an archive that is away: nothing of the file stays there.
        """
        place = self._place(at)
        try:
            self._store(place, content)
        except OSError as error:
            raise ArchiveDownError(errno.errorcode.get(error.errno or 0, type(error).__name__)) from error

    def _store(self, place: Path, content: bytes) -> None:
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = place.with_name(f"{place.stem}.{uuid4().hex}{DRAFT}")
        try:
            with draft.open("xb") as file:
                os.fchmod(file.fileno(), 0o600)
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            if _digest(draft) != hashlib.sha256(content).digest():
                raise ArchiveConflictError
            # Unlike a rename, a link never takes the place of what another hand has put there meanwhile.
            with suppress(FileExistsError):
                os.link(draft, place)
            _sync(place.parent)
        finally:
            draft.unlink(missing_ok=True)
        if _digest(place) != hashlib.sha256(content).digest():
            raise ArchiveConflictError

    def series_of(self, study: str) -> tuple[str, ...]:
        """List a study's folder."""
        return _listed(self._within(study), suffix="")

    def instances_of(self, study: str, series: str) -> tuple[str, ...]:
        """List a series' folder."""
        return _listed(self._within(study, series), suffix=SUFFIX)

    def instance(self, at: At) -> bytes:
        """Read a file."""
        try:
            return self._place(at).read_bytes()
        except (FileNotFoundError, NotADirectoryError, ArchiveRefusedError) as error:
            raise NotKeptError from error

    def frame(self, at: At, number: int) -> Frame:
        """Cut a frame out of its file."""
        from app.imaging import part10  # noqa: PLC0415 - pydicom is for those who look into a file

        try:
            content, transfer_syntax = part10.frame(self.instance(at), number)
        except IndexError as error:
            raise NotKeptError from error
        return Frame(content=content, transfer_syntax=transfer_syntax)

    def metadata(self, study: str, series: str | None = None) -> list[dict[str, Any]]:
        """Read the headers of all files, one after the other."""
        from app.imaging import part10  # noqa: PLC0415 - pydicom is for those who look into a file

        found = [
            part10.metadata(self.instance(At(study=study, series=one, instance=instance)))
            for one in ((series,) if series else self.series_of(study))
            for instance in self.instances_of(study, one)
        ]
        if not found:
            raise NotKeptError
        return found

    def _within(self, *uids: str) -> Path:
        """Return a place below the folder; a UID is digits and dots, so it cannot lead out of it."""
        if not all(map(is_uid, uids)):
            raise ArchiveRefusedError("no UID")
        return self._folder.joinpath(*uids)

    def _place(self, at: At) -> Path:
        return self._within(at.study, at.series) / f"{self._within(at.instance).name}{SUFFIX}"


def _digest(file: Path) -> bytes:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").digest()


def _listed(folder: Path, *, suffix: str) -> tuple[str, ...]:
    if not folder.is_dir():
        return ()
    names = (one.name for one in folder.iterdir())
    return tuple(sorted(one.removesuffix(suffix) for one in names if one.endswith(suffix)))


def _sync(folder: Path) -> None:
    """Let the name survive a power cut as the content does."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
