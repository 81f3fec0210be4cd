"""Under which id the EMR knows what is ours, and what of its could not be taken over."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from app.core import clock
from app.core.db import db
from app.core.transaction import RerunError, now_or_never, savepoint, transactional
from app.fhir.inbound.reading import CannotTakeError, Stamp
from app.fhir.models import Link, Unmatched
from app.fhir.rules import Target


def versions(target: Target, resource_type: str, remote_ids: Collection[str]) -> dict[str, str | None]:
    """Return in which version each of these was read or written last, taken over or not; 2 statements."""
    linked = db.session.execute(
        select(Link.remote_id, Link.etag).where(
            Link.target == target.name, Link.resource_type == resource_type, Link.remote_id.in_(remote_ids)
        )
    )
    refused = db.session.execute(
        select(Unmatched.remote_id, Unmatched.version_id).where(
            Unmatched.target == target.name,
            Unmatched.resource_type == resource_type,
            Unmatched.remote_id.in_(remote_ids),
        )
    )
    seen: dict[str, str | None] = {row.remote_id: row.etag for row in linked}
    return seen | {row.remote_id: row.version_id for row in refused}


def find(target: Target, resource_type: str, remote_id: str) -> Link | None:
    """Return the link of one of their resources, locked; 1 statement."""
    return db.session.execute(
        select(Link)
        .where(Link.target == target.name, Link.resource_type == resource_type, Link.remote_id == remote_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()


def ours(target: Target, resource_type: str, remote_id: str) -> UUID | None:
    """Return which of our aggregates a reference of theirs means; 1 statement."""
    found = db.session.execute(
        select(Link.aggregate_id).where(
            Link.target == target.name, Link.resource_type == resource_type, Link.remote_id == remote_id
        )
    ).scalar_one_or_none()
    return UUID(found) if found is not None else None


def of_aggregate(target: Target, kind: str, aggregate_id: UUID) -> Link | None:
    """Return the link of one of our aggregates, locked; 1 statement."""
    return db.session.execute(
        select(Link)
        .where(Link.target == target.name, Link.kind == kind, Link.aggregate_id == str(aggregate_id))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()


def remember(target: Target, kind: str, aggregate_id: UUID, stamp: Stamp) -> Link:
    """Keep that one of their resources is this aggregate of ours. Raise RerunError where somebody was faster."""
    link = Link(
        target=target.name,
        kind=kind,
        aggregate_id=str(aggregate_id),
        resource_type=stamp.resource_type,
        remote_id=stamp.remote_id,
        etag=stamp.etag,
        is_theirs=True,
        delivered_seq=0,
    )
    try:
        with savepoint():
            db.session.add(link)
    except IntegrityError as error:
        now_or_never(error, "fhir_link")
        raise RerunError from error
    return link


def take_off_the_list(target: Target, resource_type: str, remote_id: str) -> None:
    """Forget that a resource could not be taken over."""
    db.session.connection().execute(
        delete(Unmatched).where(
            Unmatched.target == target.name,
            Unmatched.resource_type == resource_type,
            Unmatched.remote_id == remote_id,
        )
    )


@transactional
def list_unmatched(target: Target, stamp: Stamp, error: CannotTakeError) -> None:
    """Note why a resource could not be taken over, in this version; nobody's name stands there."""
    row = db.session.execute(
        select(Unmatched)
        .where(
            Unmatched.target == target.name,
            Unmatched.resource_type == stamp.resource_type,
            Unmatched.remote_id == stamp.remote_id,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if row is None:
        row = Unmatched(
            target=target.name,
            resource_type=stamp.resource_type,
            remote_id=stamp.remote_id,
            at=clock.utcnow(),
        )
        db.session.add(row)
    elif (row.version_id, row.reason, row.detail or "") == (stamp.etag, str(error.why), error.detail):
        return
    row.version_id, row.reason = stamp.etag, str(error.why)
    row.detail, row.at = error.detail or None, clock.utcnow()


def unmatched(target: Target, *, reasons: Collection[str] | None = None) -> list[tuple[str, str, str, str]]:
    """Return what could not be taken over: type, id, reason, detail; the oldest first; 1 statement."""
    chosen = (
        select(Unmatched.resource_type, Unmatched.remote_id, Unmatched.reason, Unmatched.detail)
        .where(Unmatched.target == target.name)
        .order_by(Unmatched.at, Unmatched.id)
    )
    if reasons is not None:
        chosen = chosen.where(Unmatched.reason.in_(reasons))
    return [(row[0], row[1], row[2], row[3] or "") for row in db.session.execute(chosen)]
