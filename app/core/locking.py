"""Holding rows: lock, then look. Order is queue, visit, entry, service point; ids sorted within a kind."""

from typing import TypeVar
from uuid import UUID

from sqlalchemy import select

from app.core.db import Identified, db
from app.core.errors import NotFoundError, VersionMissingError, VersionStaleError

T = TypeVar("T", bound=Identified)


def hold(model: type[T], row_id: UUID | int) -> T:
    """Lock one row and read it fresh (an identity map would keep the stale one). Raise NotFoundError."""
    column = model.public_id if isinstance(row_id, UUID) else model.id
    row = db.session.execute(
        select(model).where(column == row_id).with_for_update().execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if row is None:
        raise NotFoundError(kind=model.__name__)
    return row


def check_version(found: int, seen: int | None, **now: object) -> None:
    """Compare the version a form carried. Raise VersionMissingError or VersionStaleError, telling how it is `now`."""
    if seen is None:
        raise VersionMissingError(version=found)
    if seen != found:
        raise VersionStaleError(version=found, seen=seen, **now)
