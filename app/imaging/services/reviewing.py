"""A person has looked at a file that was set aside: it is taken after all, or thrown away for a reason."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from app.accounts.roles import Permission, require
from app.core import audit
from app.core.actor import Actor
from app.core.errors import InvalidError
from app.core.idempotency import command
from app.core.locking import hold
from app.core.transaction import transactional
from app.imaging import queries
from app.imaging.models import QuarantinedFile
from app.imaging.rules import MOST_FILE_BYTES
from app.imaging.services import quarantine
from app.imaging.services.intake import Outcome, Taken, take

LONGEST_REASON: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Discarded:
    """A file that is gone."""

    file_id: UUID


def take_again(file_id: UUID, *, by: Actor) -> Taken:
    """Try once more to take a file over; refused again, it stays. Raise NotFoundError, DependencyDownError."""
    require(by, Permission.UPLOAD_IMAGES)
    found = queries.refusal(file_id)
    if found.size_bytes > MOST_FILE_BYTES:  # never as a whole in memory
        return Taken(outcome=Outcome.QUARANTINED, name=found.name, sentence=found.sentence)
    taken = take(quarantine.kept(found.sha256), name=found.name, source=found.source, by=by)
    if taken.outcome is Outcome.REPEATED:
        _forget(found.sha256)  # another hand has taken it over meanwhile
    return taken


@command
def discard(file_id: UUID, *, reason: str, by: Actor) -> Discarded:
    """Throw a file away. Raise InvalidError without a reason, NotFoundError."""
    require(by, Permission.UPLOAD_IMAGES)
    said = " ".join(reason.split())[:LONGEST_REASON]
    if not said:
        raise InvalidError(field="reason", why="missing")
    row = hold(QuarantinedFile, file_id)
    audit.record(
        "imaging:file:discard",
        by=by,
        object_=f"file:{row.sha256[:32]}",
        reason=said,
        details={"refused": row.reason, "source": row.source},
    )
    quarantine.forget(row.sha256)
    return Discarded(file_id=file_id)


@transactional
def _forget(sha256: str) -> None:
    quarantine.forget(sha256)
