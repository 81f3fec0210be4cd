"""Again: a target that was wiped, or that stands for the old one now, is told everything as if it were new."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, delete, or_, select
from sqlalchemy.exc import IntegrityError

from app.core import audit, clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import DependencyDownError, NotFoundError
from app.core.relay import TargetDownError
from app.core.transaction import RerunError, release, savepoint, transactional
from app.fhir import targets
from app.fhir.client import Entry, FhirClient, RequestRefusedError
from app.fhir.models import Capability, Link, Sync
from app.fhir.queries import standing
from app.fhir.queries.sync import AGAIN
from app.fhir.rules import TYPES, Kind, Target
from app.fhir.services.deciding import ADMIN
from app.fhir.services.snapshots import DEFAULT_DAYS, check_days, promise_piece

# Who comes back later than this may have wiped the target a second time: all is told from the beginning.
RESUMED_WITHIN: Final = timedelta(hours=1)
LOOKED_AT: Final = 50
FORGOTTEN: Final = 500
NOT_THERE: Final = frozenset({404, 410})


def promise_everything_again(
    target: str, *, days: int = DEFAULT_DAYS, by: Actor
) -> Iterator[tuple[Kind, int]]:
    """Promise a target once more what it was told before: rooms, and the visits and bookings of the last days.

    What we know of its records is forgotten first: of those that are ours always, as they are written anew; of its
    own where it says that they are gone. So parents are waited for, and nothing that is there is doubled. Yields
    like `promise_everything`; whoever is stopped goes on within the hour where it was. Raise NotFoundError,
    InvalidError, DependencyDownError where the target does not answer: then nothing was written.
    """
    found, since = _start(target, days, by=by)
    yield from ((kind, 0) for kind in _forget(found, since))
    for kind in TYPES:
        after = 0
        while True:
            piece = promise_piece(target, kind, days=days, after=after, again_since=since)
            if not piece.seen:
                break
            after = piece.last
            yield kind, len(piece.untold) + len(piece.ended)
    _end(target)


def begin_again(target: str, *, days: int = DEFAULT_DAYS, by: Actor) -> None:
    """Begin a round that `promise_everything_again` goes on with within the hour; its refusals are the same."""
    _start(target, days, by=by)


@transactional
def is_begun(target: str) -> bool:
    """Whether a round has begun within the hour and is not over: a worker goes on with one, and begins none."""
    row = _held(target)
    return row is not None and _is_open(row)


def _start(target: str, days: int, *, by: Actor) -> tuple[Target, datetime]:
    """Return a target that answers, and since when its round tells."""
    found = targets.find(target)
    if found is None or target not in standing.targets():
        raise NotFoundError(kind="target")
    check_days(days)
    release()
    _reach(found)
    return found, _begin(target, days, by=by)


def _reach(target: Target) -> None:
    """Ask whether the target is there at all. Raise DependencyDownError."""
    try:
        FhirClient(target).capability()
    except (TargetDownError, RequestRefusedError) as error:
        raise DependencyDownError(what=target.name, why="target", reason=error.reason) from error


@transactional
def _begin(target: str, days: int, *, by: Actor) -> datetime:
    """Return since when this round tells; one that was stopped a moment ago goes on."""
    row = _held(target)
    if row is None:
        row = Sync(target=target, resource_type=AGAIN, taken=0, echoes=0)
    begun = row.tried_at
    is_resumed = _is_open(row)
    if begun is None or not is_resumed:
        begun = row.tried_at = clock.utcnow()
        row.succeeded_at = None
        # It may be another server by now.
        db.session.connection().execute(
            delete(Capability).where(Capability.target == target, Capability.decided_by != ADMIN)
        )
    try:
        with savepoint():
            db.session.add(row)
    except IntegrityError as error:  # somebody else begins the same at this moment
        raise RerunError from error
    audit.record("fhir:target:again", by=by, object_=target, details={"days": days, "is_resumed": is_resumed})
    return begun


def _forget(target: Target, since: datetime) -> Iterator[Kind]:
    """Forget under which ids the target knew what it was told before; yield, so that a long round is seen to move."""
    while _forget_ours(target.name, since):
        yield next(iter(TYPES))
    after = 0
    while listed := _theirs(target.name, since, after):
        release()
        after = listed[-1][0]
        try:
            answers = FhirClient(target).batch([Entry(method="GET", url=url) for _, url in listed])
        except (TargetDownError, RequestRefusedError) as error:
            raise DependencyDownError(what=target.name, reason=error.reason) from error
        _forget_theirs(
            [row_id for (row_id, _), said in zip(listed, answers, strict=True) if said.status in NOT_THERE],
            since,
        )
        yield next(iter(TYPES))


@transactional
def _forget_ours(target: str, since: datetime) -> int:
    ids = list(
        db.session.execute(
            select(Link.id)
            .where(Link.target == target, Link.is_theirs.is_(False), _before(since))
            .order_by(Link.id)
            .limit(FORGOTTEN)
        ).scalars()
    )
    db.session.connection().execute(delete(Link).where(Link.id.in_(ids), _before(since)))
    return len(ids)


def _theirs(target: str, since: datetime, after: int) -> list[tuple[int, str]]:
    rows = db.session.execute(
        select(Link.id, Link.resource_type, Link.remote_id)
        .where(Link.target == target, Link.is_theirs.is_(True), Link.id > after, _before(since))
        .order_by(Link.id)
        .limit(LOOKED_AT)
    )
    return [(row.id, f"{row.resource_type}/{row.remote_id}") for row in rows]


@transactional
def _forget_theirs(ids: list[int], since: datetime) -> None:
    db.session.connection().execute(delete(Link).where(Link.id.in_(ids), _before(since)))


@transactional
def _end(target: str) -> None:
    row = _held(target)
    if row is not None:
        row.succeeded_at = clock.utcnow()


def _before(since: datetime) -> ColumnElement[bool]:
    """Choose what was told before this round: what it has delivered itself is not forgotten again."""
    return or_(Link.delivered_at.is_(None), Link.delivered_at < since)


def _is_open(row: Sync) -> bool:
    begun = row.tried_at
    return begun is not None and row.succeeded_at is None and clock.utcnow() - begun < RESUMED_WITHIN


def _held(target: str) -> Sync | None:
    return db.session.execute(
        select(Sync)
        .where(Sync.target == target, Sync.resource_type == AGAIN)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
