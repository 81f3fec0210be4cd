"""Where pictures are kept: one interface, the house's own files or an Orthanc."""

from app import settings
from app.imaging.archive.contract import (
    Archive,
    ArchiveConflictError,
    ArchiveDownError,
    ArchiveRefusedError,
    Change,
    Feed,
    Frame,
    NotKeptError,
)
from app.imaging.archive.files import FileArchive
from app.imaging.archive.orthanc import Orthanc

__all__ = [
    "Archive",
    "ArchiveConflictError",
    "ArchiveDownError",
    "ArchiveRefusedError",
    "Change",
    "Feed",
    "FileArchive",
    "Frame",
    "NotKeptError",
    "Orthanc",
    "configured",
]


def configured() -> Archive:
    """Return the archive that the settings name: an Orthanc where there is one, else `var/archive`."""
    set_ = settings.current()
    if set_.orthanc_url:
        return Orthanc(set_.orthanc_url, set_.orthanc_user, set_.orthanc_password.get_secret_value())
    return FileArchive(set_.var_dir / "archive")
