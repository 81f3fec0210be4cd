"""Pictures of a series out of the archive into a folder, each compared with what was taken over.

What a model measures is what stands in our tables, to the byte: an archive that was restored from a wrong backup, or
changed behind our back, measures nobody.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from app.imaging import archive as archives
from app.imaging.archive import NotKeptError
from app.imaging.queries import KeptFile
from app.imaging.rules import MOST_SERIES_BYTES
from app.imaging.services.reaching import through
from app.inference.errors import NotAnalysableError, PermanentError, Refusal


def check_size(pictures: Sequence[KeptFile]) -> None:
    """Look how large a series is before anything of it is fetched. Raise NotAnalysableError."""
    size_bytes = sum(one.size_bytes for one in pictures)
    if size_bytes > MOST_SERIES_BYTES:
        raise NotAnalysableError(Refusal.TOO_LARGE, bytes=size_bytes)


def lay_out(pictures: Sequence[KeptFile], folder: Path) -> list[str]:
    """Lay pictures into a folder as they were given, one in memory at a time; return their names.

    Raise PermanentError where the archive has lost one or gives back another, DependencyDownError.
    """
    archive = archives.configured()
    names = []
    for number, one in enumerate(pictures):
        try:
            content = through(archive, lambda: archive.instance(one.at))  # noqa: B023 - asked at once
        except NotKeptError as error:
            raise PermanentError("the archive does not have a picture that it had") from error
        if hashlib.sha256(content).hexdigest() != one.sha256:
            raise PermanentError("the archive gives back another picture than it was given")
        names.append(f"{number:05}.dcm")
        (folder / names[-1]).write_bytes(content)
    return names
