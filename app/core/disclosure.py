"""Looks at patient data: one audit row in its own short transaction, before the answer leaves."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy.exc import DBAPIError

from app.core import audit
from app.core.actor import Actor
from app.core.errors import DependencyDownError
from app.core.transaction import transactional


def disclose(
    action: str,
    *,
    patients: Collection[UUID],
    by: Actor,
    object_: str | None = None,
    outcome: str = "ok",
    details: dict[str, Any] | None = None,
) -> None:
    """Write who is about to see whom, or was refused it. Raise DependencyDownError where that fails: nobody then sees.

    Raise BusyError where the database is taken for too long.
    """
    try:
        _write(action, patients=patients, by=by, object_=object_, outcome=outcome, details=details)
    except DBAPIError as error:
        raise DependencyDownError(what="audit") from error


@transactional
def disclose_each(action: str, *, patients: Collection[UUID], by: Actor, object_: str) -> None:
    """Write one row for each patient who is shown for the first time."""
    audit.record_each(action, by=by, patients=patients, object_=object_)


@transactional
def _write(action: str, **said: Any) -> None:
    audit.record(action, **said)
