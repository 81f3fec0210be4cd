"""What is not taken over is kept all the same, with the reason, until a person has looked at it.

It has a bound (QUARANTINE_MB): a disc of rubbish, sent again and again, must not fill the disk that the house works on.
"""

import hashlib
import os
import shutil
from contextlib import suppress
from io import SEEK_END, BytesIO
from pathlib import Path
from typing import IO, Final
from uuid import uuid4

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from app import settings
from app.core import audit, clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import DependencyDownError, NotFoundError
from app.core.transaction import after_commit, now_or_never, savepoint, tell, transactional
from app.imaging import queries
from app.imaging.events import FileQuarantined
from app.imaging.models import QuarantinedFile
from app.imaging.rules import MIB, NotTakenError

LONGEST_NAME: Final = 120
DRAFT: Final = ".draft"
DRAFT_SECONDS: Final = 3600
RETRY_SECONDS: Final = 60


class NoRoomError(Exception):
    """The quarantine is full: the file is its sender's still, who is to be told."""


def set_aside(
    content: bytes | IO[bytes],
    refusal: NotTakenError,
    *,
    name: str,
    source: str,
    uid: str | None,
    is_bounded: bool,
    by: Actor,
) -> None:
    """Keep a file and say why; the same file again is nothing. The file is there before its row is.

    `is_bounded`: somebody is there who can be told. Raise NoRoomError, DependencyDownError where the disk is full.
    """
    file = BytesIO(content) if isinstance(content, bytes) else content
    if is_bounded:
        _check_room(file)
    try:
        sha256, size_bytes = _keep(file)
    except OSError as error:
        raise DependencyDownError(what="quarantine", retry_after=RETRY_SECONDS) from error
    _note(sha256, size_bytes, refusal, name=name, source=source, uid=uid, by=by)


def kept(sha256: str) -> bytes:
    """Return a file that was set aside. Raise NotFoundError."""
    try:
        return _place(sha256).read_bytes()
    except FileNotFoundError as error:
        raise NotFoundError(kind="file") from error


def forget(sha256: str) -> None:
    """Take a file back out that was taken over after all, inside the caller's unit."""
    gone = db.session.execute(delete(QuarantinedFile).where(QuarantinedFile.sha256 == sha256))
    if getattr(gone, "rowcount", 0):
        after_commit(lambda: _place(sha256).unlink(missing_ok=True))


@transactional
def _note(
    sha256: str,
    size_bytes: int,
    refusal: NotTakenError,
    *,
    name: str,
    source: str,
    uid: str | None,
    by: Actor,
) -> None:
    known = select(QuarantinedFile.id).where(QuarantinedFile.sha256 == sha256)
    if db.session.execute(known).scalar_one_or_none() is not None:
        return
    row = QuarantinedFile(
        sha256=sha256,
        reason=refusal.reason,
        sentence=refusal.sentence[:300],
        size_bytes=size_bytes,
        source=source,
        name="".join(filter(str.isprintable, name))[:LONGEST_NAME],
        sop_instance_uid=uid,
        at=clock.utcnow(),
    )
    try:
        with savepoint():
            db.session.add(row)
    except IntegrityError as error:
        now_or_never(error, "sha256")  # another hand has just refused the same file
        return
    tell(FileQuarantined(file_id=row.public_id))
    audit.record(
        "imaging:file:quarantine",
        by=by,
        object_=f"file:{sha256[:32]}",
        outcome="refused",
        details={"reason": str(refusal.reason), "source": source},
    )


def purge() -> int:
    """Take away what somebody who was stopped has left half written; return how many, the second time none.

    The file was its sender's still. What is young may be worked on.
    """
    before = clock.utcnow().timestamp() - DRAFT_SECONDS
    count = 0
    for draft in _folder().glob(f"*{DRAFT}"):
        with suppress(FileNotFoundError):
            if draft.stat().st_mtime < before:
                draft.unlink()
                count += 1
    return count


def turn_away(file: bytes | IO[bytes], refusal: NotTakenError, *, source: str, by: Actor) -> None:
    """Write down that a file was neither taken over nor kept."""
    _note_turned_away(_sha256(BytesIO(file) if isinstance(file, bytes) else file), refusal, source, by)


@transactional
def _note_turned_away(sha256: str, refusal: NotTakenError, source: str, by: Actor) -> None:
    audit.record(
        "imaging:file:turn-away",
        by=by,
        object_=f"file:{sha256[:32]}",
        outcome="refused",
        details={"reason": str(refusal.reason), "source": source},
    )


def _check_room(file: IO[bytes]) -> None:
    """Look whether a file has room. Raise NoRoomError; one that lies there already needs none.

    Hands that come together may each find the last room: it is a bound for a disk, and no account.
    """
    used = queries.quarantine_bytes()
    size_bytes = file.seek(0, SEEK_END)
    if used + size_bytes > settings.current().quarantine_mb * MIB and not _place(_sha256(file)).exists():
        raise NoRoomError


def _sha256(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    while piece := file.read(MIB):
        digest.update(piece)
    return digest.hexdigest()


def _keep(file: IO[bytes]) -> tuple[str, int]:
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = folder / f"{uuid4().hex}{DRAFT}"
    file.seek(0)
    try:
        with draft.open("xb") as kept:
            os.fchmod(kept.fileno(), 0o600)
            shutil.copyfileobj(file, kept, MIB)
            kept.flush()
            os.fsync(kept.fileno())
        with draft.open("rb") as written:
            sha256 = hashlib.file_digest(written, "sha256").hexdigest()
        size_bytes = draft.stat().st_size
        draft.replace(_place(sha256))
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
    return sha256, size_bytes


def _folder() -> Path:
    return settings.current().var_dir / "quarantine"


def _place(sha256: str) -> Path:
    return _folder() / f"{sha256}.bin"
