"""Parents: whether what others refer to is on its way to a target; what nobody is bringing is promised anew."""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from app.core import clock
from app.core.db import db
from app.core.outbox import OutboxPromise, PromiseStatus
from app.core.transaction import RerunError, savepoint, transactional
from app.fhir.rules import Target

UNFINISHED: Final = {PromiseStatus.PENDING, PromiseStatus.PROCESSING, PromiseStatus.FAILED}
Key = tuple[str, str]  # kind and aggregate id, as text


class Standing(StrEnum):
    """How the promises of an aggregate stand.

    One is coming, a dead letter is all there is, all have ended, or so has even the one that others asked for.
    """

    COMING = "coming"
    DEAD = "dead"
    ENDED = "ended"
    IN_VAIN = "in_vain"


def standing(target: Target, wanted: Collection[Key]) -> dict[Key, Standing]:
    """Return how the promises of these aggregates stand, for those that have any; 1 statement."""
    if not wanted:
        return {}
    rows = db.session.execute(
        select(
            OutboxPromise.kind,
            OutboxPromise.aggregate_id,
            OutboxPromise.status,
            func.min(OutboxPromise.seq).label("seq"),
        )
        .where(
            OutboxPromise.consumer == target.consumer,
            OutboxPromise.kind.in_({kind for kind, _ in wanted}),
            OutboxPromise.aggregate_id.in_({one for _, one in wanted}),
        )
        .group_by(OutboxPromise.kind, OutboxPromise.aggregate_id, OutboxPromise.status)
    )
    found: dict[Key, dict[str, int]] = {}
    for row in rows:
        found.setdefault((row.kind, row.aggregate_id), {})[row.status] = row.seq
    return {key: _standing(seqs) for key, seqs in found.items()}


@transactional
def promise_again(target: Target, keys: Collection[Key]) -> None:
    """Promise aggregates that others need there and that nobody is bringing; as they stand when they are claimed.

    Their promise has seq 0, so that there is one of them at most, and any real one stands for it.
    """
    now = clock.utcnow()
    held = {
        (row.kind, row.aggregate_id): row
        for row in db.session.execute(
            select(OutboxPromise)
            .where(
                OutboxPromise.consumer == target.consumer,
                OutboxPromise.kind.in_({kind for kind, _ in keys}),
                OutboxPromise.aggregate_id.in_({one for _, one in keys}),
                OutboxPromise.seq == 0,
            )
            .with_for_update()
            .execution_options(populate_existing=True)
        ).scalars()
    }
    fresh: list[OutboxPromise] = []
    for kind, aggregate_id in sorted(keys):
        row = held.get((kind, aggregate_id))
        if row is None:
            row = OutboxPromise(
                consumer=target.consumer, kind=kind, aggregate_id=aggregate_id, seq=0, created_at=now
            )
            fresh.append(row)
        elif row.status != PromiseStatus.COMPLETED:
            continue
        row.status, row.next_attempt_at, row.outcome, row.done_at = PromiseStatus.PENDING, now, None, None
    try:
        with savepoint():
            db.session.add_all(fresh)
    except IntegrityError as error:  # another worker has just promised the same
        raise RerunError from error


def _standing(seqs: Mapping[str, int]) -> Standing:
    """Return how an unlinked aggregate stands, by the lowest seq among its promises of each status."""
    if seqs.keys() & UNFINISHED:
        return Standing.COMING
    if PromiseStatus.DEAD_LETTER in seqs:
        return Standing.DEAD
    return Standing.IN_VAIN if min(seqs.values()) == 0 else Standing.ENDED
