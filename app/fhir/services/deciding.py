"""Deciding: an administrator's word about a target stands above what was learnt."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.core import audit, clock, relay
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import InvalidError, NotFoundError, VersionMissingError, VersionStaleError
from app.core.idempotency import command
from app.core.transaction import savepoint, transactional
from app.fhir.models import Capability
from app.fhir.queries import standing
from app.fhir.queries.standing import ConflictCompared
from app.fhir.rules import TYPES

ADMIN: Final = "admin"
LONGEST_REASON: Final = 300


@dataclass(frozen=True, slots=True)
class Decided:
    """Whether a target takes a type from now on."""

    target: str
    resource_type: str
    is_taken: bool


@command
def take_type(target: str, resource_type: str, *, is_taken: bool, version: int | None, by: Actor) -> Decided:
    """Let a target be sent a type, or not; nothing that the target says changes it back.

    Raise NotFoundError for a target or type that is none, VersionMissingError, VersionStaleError where somebody
    (or the target's own answer) has decided meanwhile.
    """
    if target not in standing.targets() or resource_type not in TYPES.values():
        raise NotFoundError(kind="capability")
    if version is None:
        raise VersionMissingError
    row = _held(target, resource_type)
    if standing.moment(row.at if row is not None else None) != version:
        raise VersionStaleError
    if row is None:
        row = Capability(target=target, resource_type=resource_type)
    row.is_taken, row.decided_by, row.detail, row.at = is_taken, ADMIN, None, clock.utcnow()
    try:
        with savepoint():
            db.session.add(row)
    except IntegrityError as error:  # its first answer has just come
        raise VersionStaleError from error
    audit.record(
        "fhir:capability:set",
        by=by,
        object_=f"{target}:{resource_type}",
        details={"is_taken": is_taken},
    )
    return Decided(target, resource_type, is_taken)


@transactional
def open_conflict(conflict_id: UUID, *, reason: str, by: Actor) -> ConflictCompared:
    """Return both texts of a conflict whole; who looked at whom and why is written down first, each time.

    Raise InvalidError without a reason, NotFoundError.
    """
    reason = reason.strip()
    if not reason or len(reason) > LONGEST_REASON:
        raise InvalidError(field="reason", why="missing")
    row, theirs, ours = standing.conflict_texts(conflict_id)
    audit.record(
        "phi:support:open",
        by=by,
        patients=relay.patients_in(ours),
        object_=f"conflict:{conflict_id}",
        reason=reason,
    )
    return ConflictCompared(row=row, fields=standing.compared(theirs, ours, masked=False))


def _held(target: str, resource_type: str) -> Capability | None:
    return db.session.execute(
        select(Capability)
        .where(Capability.target == target, Capability.resource_type == resource_type)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
