"""Snapshots: a target that is added later is promised everything recent, as if it had been there."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Final

from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError

from app import settings
from app.core import audit, clock
from app.core.actor import Actor
from app.core.clock import today
from app.core.db import db
from app.core.errors import InvalidError, NotFoundError
from app.core.events import Promised
from app.core.outbox import OutboxPromise, PromiseStatus
from app.core.transaction import RerunError, savepoint, tell, transactional
from app.fhir.queries import snapshot, standing
from app.fhir.queries.snapshot import Piece
from app.fhir.rules import CONSUMER_PREFIX, TYPES, Kind

DEFAULT_DAYS: Final = 30
LONGEST_DAYS: Final = 3650
PIECE_ROWS: Final = 500


def promise_everything(target: str, *, days: int = DEFAULT_DAYS, by: Actor) -> Iterator[tuple[Kind, int]]:
    """Promise a target all rooms, and the visits and bookings of the last days with all that belongs to them.

    Yields how many promises each piece made. A piece is a transaction of its own: whoever is stopped begins again
    and is at the same place soon, as what was promised or delivered at its present seq is left out. Parents come
    first. Raise NotFoundError for a target that is not set up, InvalidError for a senseless number of days.
    """
    if target not in standing.targets():
        raise NotFoundError(kind="target")
    check_days(days)
    _note(target, days, by=by)
    for kind in TYPES:
        after = 0
        while True:
            found = promise_piece(target, kind, days=days, after=after)
            if not found.seen:
                break
            after = found.last
            yield kind, len(found.untold) + len(found.ended)


def check_days(days: int) -> None:
    """Refuse a senseless number of days. Raise InvalidError."""
    if not 0 <= days <= LONGEST_DAYS:
        raise InvalidError(field="days", why="too_much")


@transactional
def _note(target: str, days: int, *, by: Actor) -> None:
    audit.record("fhir:target:sync", by=by, object_=target, details={"days": days})


@transactional
def promise_piece(
    target: str, kind: Kind, *, days: int, after: int, again_since: datetime | None = None
) -> Piece:
    """Promise the next aggregates of a kind; `again_since`: also what was told before then."""
    now = clock.utcnow()
    first_day = today() - timedelta(days=days)
    found = snapshot.piece(
        target,
        kind,
        since_day=first_day,
        since=datetime.combine(first_day, time(), settings.current().site_timezone),
        after=after,
        most=PIECE_ROWS,
        again_since=again_since,
    )
    rows = [
        {
            "consumer": f"{CONSUMER_PREFIX}{target}",
            "kind": one.kind,
            "aggregate_id": str(one.aggregate_id),
            "seq": one.seq,
            "status": PromiseStatus.PENDING,
            "attempts": 0,
            "claims": 0,
            "next_attempt_at": now,
            "created_at": now,
        }
        for one in found.untold
    ]
    if rows:
        try:
            with savepoint():
                db.session.execute(insert(OutboxPromise), rows)
        except IntegrityError as error:  # a second snapshot of the same target runs beside this one
            raise RerunError from error
    if found.ended:
        db.session.connection().execute(
            update(OutboxPromise)
            .where(OutboxPromise.id.in_(found.ended), OutboxPromise.status == PromiseStatus.COMPLETED)
            .values(
                status=PromiseStatus.PENDING,
                attempts=0,
                claims=0,
                outcome=None,
                superseded_by=None,
                done_at=None,
                last_error=None,
                next_attempt_at=now,
                created_at=now,
            )
        )
    if rows or found.ended:
        tell(Promised(kind=str(kind)))
    return found
