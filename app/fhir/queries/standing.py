"""How the connection to each target stands: what it takes, what did not fit, who overwrote whom (`sync`: how far read).

What a patient's data says is covered here: administrators see shapes and differences (decisions: no patient data).
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from sqlalchemy import func, select

from app.core import relay
from app.core.db import db
from app.core.errors import NotFoundError
from app.core.relay import Field
from app.fhir.models import Capability, Conflict, Unmatched
from app.fhir.rules import CONSUMER_PREFIX, SOURCE_VERSION, TYPES

T = TypeVar("T")
PAGE_ROWS: Final = 50
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeStanding:
    """Whether a target takes a type. None: nobody has asked yet, it is tried. `version` moves with each decision."""

    target: str
    resource_type: str
    is_taken: bool | None
    allows_our_ids: bool | None
    decided_by: str | None
    detail: str | None
    at: datetime | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmatchedRow:
    """A resource that could not be taken over; `reason` is a code."""

    target: str
    resource_type: str
    remote_id: str
    reason: str
    detail: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictRow:
    """A time when somebody else had changed what we wrote."""

    id: UUID
    target: str
    kind: str
    aggregate_id: str
    seq: int
    at: datetime
    their_version: str
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictCompared:
    """Both texts, field by field: theirs first."""

    row: ConflictRow
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paged(Generic[T]):
    """One page of a list."""

    rows: tuple[T, ...]
    total: int
    number: int
    pages: int


def targets() -> tuple[str, ...]:
    """Return the targets that are set up, in the order of their settings; no statement."""
    return tuple(
        one.name.removeprefix(CONSUMER_PREFIX)
        for one in relay.registered()
        if one.name.startswith(CONSUMER_PREFIX)
    )


def capabilities(of: Collection[str]) -> tuple[TypeStanding, ...]:
    """Return what each of these targets takes, all types of ours, parents first; 1 statement."""
    known: Mapping[tuple[str, str], Capability] = {
        (row.target, row.resource_type): row
        for row in db.session.execute(select(Capability).where(Capability.target.in_(of))).scalars()
    }
    return tuple(
        _type_standing(target, resource_type, known.get((target, resource_type)))
        for target in of
        for resource_type in dict.fromkeys(TYPES.values())
    )


def unmatched(number: int = 1) -> Paged[UnmatchedRow]:
    """Return what could not be taken over, newest first; 2 statements."""
    total = db.session.execute(select(func.count()).select_from(Unmatched)).scalar_one()
    number, pages = _page(total, number)
    rows = db.session.execute(
        select(Unmatched)
        .order_by(Unmatched.at.desc(), Unmatched.id.desc())
        .limit(PAGE_ROWS)
        .offset((number - 1) * PAGE_ROWS)
    ).scalars()
    found = tuple(
        UnmatchedRow(
            target=row.target,
            resource_type=row.resource_type,
            remote_id=row.remote_id,
            reason=row.reason,
            detail=row.detail,
            at=row.at,
        )
        for row in rows
    )
    return Paged(rows=found, total=total, number=number, pages=pages)


def conflicts(number: int = 1, *, target: str | None = None) -> Paged[ConflictRow]:
    """Return the conflicts, newest first; 2 statements."""
    wanted: list[Any] = [Conflict.target == target] if target else []
    total = db.session.execute(select(func.count()).select_from(Conflict).where(*wanted)).scalar_one()
    number, pages = _page(total, number)
    rows = db.session.execute(
        select(
            Conflict.public_id,
            Conflict.target,
            Conflict.kind,
            Conflict.aggregate_id,
            Conflict.seq,
            Conflict.at,
            Conflict.their_version,
            Conflict.outcome,
        )
        .where(*wanted)
        .order_by(Conflict.at.desc(), Conflict.id.desc())
        .limit(PAGE_ROWS)
        .offset((number - 1) * PAGE_ROWS)
    )
    return Paged(rows=tuple(_conflict(row) for row in rows), total=total, number=number, pages=pages)


def conflict(conflict_id: UUID) -> ConflictCompared:
    """Return one conflict, a patient's values covered; 1 statement. Raise NotFoundError."""
    row, theirs, ours = conflict_texts(conflict_id)
    return ConflictCompared(row=row, fields=compared(theirs, ours, masked=True))


def conflict_texts(conflict_id: UUID) -> tuple[ConflictRow, str, str]:
    """Return a conflict with both texts whole, for who opens it with a reason; 1 statement. Raise NotFoundError."""
    row = db.session.execute(select(Conflict).where(Conflict.public_id == conflict_id)).scalar_one_or_none()
    if row is None:
        raise NotFoundError(kind="conflict")
    return _conflict(row), row.theirs, row.ours


def compared(theirs: str, ours: str, *, masked: bool) -> tuple[Field, ...]:
    """Return both texts field by field, without what every writing changes: `meta`, and the version of ours."""
    return relay.compare(_said(theirs), _said(ours), masked=masked)


def moment(at: datetime | None) -> int:
    """Microseconds since 1970: what a form carries to say which decision it saw."""
    return 0 if at is None else (at - EPOCH) // timedelta(microseconds=1)


def _type_standing(target: str, resource_type: str, row: Capability | None) -> TypeStanding:
    if row is None:
        return TypeStanding(
            target=target,
            resource_type=resource_type,
            is_taken=None,
            allows_our_ids=None,
            decided_by=None,
            detail=None,
            at=None,
            version=0,
        )
    return TypeStanding(
        target=target,
        resource_type=resource_type,
        is_taken=row.is_taken,
        allows_our_ids=row.allows_our_ids,
        decided_by=row.decided_by,
        detail=row.detail,
        at=row.at,
        version=moment(row.at),
    )


def _conflict(row: Any) -> ConflictRow:
    return ConflictRow(
        id=row.public_id,
        target=row.target,
        kind=row.kind,
        aggregate_id=row.aggregate_id,
        seq=row.seq,
        at=row.at,
        their_version=row.their_version,
        outcome=row.outcome,
    )


def _page(total: int, number: int) -> tuple[int, int]:
    pages = max(1, -(-total // PAGE_ROWS))
    return min(number, pages), pages


def _said(text: str) -> str:
    """Return what a resource says of its subject; a text that is none stays as it is."""
    try:
        resource = json.loads(text)
    except ValueError:
        return text
    if not isinstance(resource, dict):
        return text
    resource.pop("meta", None)
    if isinstance(extensions := resource.pop("extension", None), list):
        kept = [one for one in extensions if not (isinstance(one, dict) and one.get("url") == SOURCE_VERSION)]
        if kept:
            resource["extension"] = kept
    return json.dumps(resource)
