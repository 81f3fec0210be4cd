"""When to read: in good time by the clock, and at once where the EMR says that there is news."""

import hmac
from datetime import timedelta

from sqlalchemy import select

from app import settings
from app.core import clock
from app.core.db import db
from app.core.errors import NotFoundError
from app.fhir import targets
from app.fhir.inbound import reader
from app.fhir.models import Sync
from app.fhir.rules import Target


def ask(name: str, secret: str) -> Target:
    """Note that a target says that it has news; nothing of what it says is read here.

    Raise NotFoundError alike for a wrong secret, an unknown target, and where no secret is set.
    """
    expected = settings.current().fhir_hook_secret.get_secret_value()
    is_right = hmac.compare_digest(secret.encode(), expected.encode()) and bool(expected)
    target = targets.find(name)
    if not is_right or target is None or not target.pulls:
        raise NotFoundError(kind="page")
    reader.ask(target)
    return target


def is_due(target: Target) -> bool:
    """Whether a target is to be read now: it was asked for, or the time has come; 1 statement."""
    row = db.session.execute(
        select(Sync.tried_at, Sync.asked_at).where(
            Sync.target == target.name, Sync.resource_type == reader.ALL_TYPES
        )
    ).one_or_none()
    if row is None or row.tried_at is None:
        return True
    if row.asked_at is not None and row.asked_at > row.tried_at:
        return True
    every = timedelta(seconds=settings.current().fhir_pull_seconds)
    return bool(clock.utcnow() - row.tried_at >= every)
