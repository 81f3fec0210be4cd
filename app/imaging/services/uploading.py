"""Files that a person sends: each taken over or set aside, one after the other, so that memory holds one of them."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import IO, Final

from app.accounts.roles import Permission, require
from app.core.actor import Actor
from app.core.errors import BusyError, DependencyDownError
from app.core.transaction import release
from app.imaging.rules import MOST_FILE_BYTES
from app.imaging.services.intake import Taken, take, too_large

SOURCE: Final = "upload"
PATIENCE_SECONDS: Final = 60.0
# What a process holds of uploads is one file, however many people send some.
_turn = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A file as it was sent, somewhere on a disc."""

    name: str
    content: IO[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What became of the files; `left`: those that were not begun, because the archive or the house was too busy."""

    taken: tuple[Taken, ...]
    left: tuple[str, ...]


def receive(files: Iterable[Sent], *, by: Actor) -> Received:
    """Take over what somebody has sent; what an archive that is away has stopped can be sent again."""
    require(by, Permission.UPLOAD_IMAGES)
    files = list(files)
    taken: list[Taken] = []
    for one in files:
        try:
            taken.append(_one(one, by=by))
        except (BusyError, DependencyDownError):
            break
        release()
    return Received(taken=tuple(taken), left=tuple(one.name for one in files[len(taken) :]))


def _one(file: Sent, *, by: Actor) -> Taken:
    if not _turn.acquire(timeout=PATIENCE_SECONDS):
        raise BusyError(retry_after=PATIENCE_SECONDS)
    try:
        content = file.content.read(MOST_FILE_BYTES + 1)
        if len(content) <= MOST_FILE_BYTES:
            return take(content, name=file.name, source=SOURCE, by=by)
        del content
        file.content.seek(0)
        return too_large(file.content, name=file.name, source=SOURCE, by=by)
    finally:
        _turn.release()
