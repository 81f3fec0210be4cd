"""A series of the archive as one volume: its files are fetched one at a time, and read by a process of their own."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from app import settings
from app.imaging import queries
from app.imaging.apart import Reader
from app.imaging.rules import MIB, At
from app.imaging.services.fetching import check_size, lay_out
from app.inference.errors import NotAnalysableError, PermanentError, Refusal

if TYPE_CHECKING:
    from app.inference.volume import Volume


@contextmanager
def volume_of(pictures: Sequence[At]) -> "Iterator[Volume]":
    """Lend the volume of a series' pictures; it lies on the disk, and goes with this context. 1 statement.

    Raise NotAnalysableError where they make none, DependencyDownError where the archive is away.
    """
    memory_bytes = settings.current().inference_memory_mb * MIB
    kept = queries.kept_files(pictures)
    check_size(kept)
    with TemporaryDirectory(prefix="annae-series-") as name:
        folder = Path(name)
        try:
            names = lay_out(kept, folder)
        except PermanentError as error:
            raise NotAnalysableError(Refusal.UNREADABLE, why=error.reason) from error
        with Reader(folder, memory_bytes=memory_bytes) as reader:
            yield reader.volume(names)
