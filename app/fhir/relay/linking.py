"""Links: under which id and ETag a target knows each of our aggregates, which types it takes, who overwrote whom."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID, uuid4

import structlog
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from app.core import clock
from app.core.db import db
from app.core.each import update_each
from app.core.observability import metrics
from app.core.relay import Delivered, Outcome, Parcel
from app.core.transaction import RerunError, after_commit, savepoint, transactional
from app.fhir.models import Capability, Conflict, Link
from app.fhir.relay.looking import Clash, Known
from app.fhir.relay.parents import Key, promise_again
from app.fhir.rules import LONGEST_REMOTE_ID, STAFF, TYPES, Kind, Target

log = structlog.get_logger(__name__)

METADATA, ANSWER, ADMIN = "metadata", "answer", "admin"
LONGEST_DETAIL: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a delivery taught: how the target calls the aggregate, at which ETag, and whom it overwrote.

    `link`: the row of a link of ours that says so already, but for the ETag; else None.
    """

    resource_type: str
    remote_id: str
    etag: str | None
    is_theirs: bool
    link: int | None = None
    clashes: tuple[Clash, ...] = ()
    ours: str = ""


Told = Mapping[Key, tuple[Parcel, Receipt]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Takes:
    """Whether a target takes a type, and under ids of ours (None: nobody has said)."""

    is_taken: bool
    allows_our_ids: bool | None
    decided_by: str
    at: datetime


def known(target: Target, wanted: Collection[Key]) -> dict[Key, Known]:
    """Return the links of these aggregates; 1 statement."""
    if not wanted:
        return {}
    rows = db.session.connection().execute(
        select(
            Link.id,
            Link.kind,
            Link.aggregate_id,
            Link.remote_id,
            Link.etag,
            Link.is_theirs,
            Link.delivered_seq,
        ).where(
            Link.target == target.name,
            Link.kind.in_({kind for kind, _ in wanted}),
            Link.aggregate_id.in_({one for _, one in wanted}),
        )
    )
    return {
        (row.kind, row.aggregate_id): Known(
            row_id=row.id,
            remote_id=row.remote_id,
            etag=row.etag,
            is_theirs=row.is_theirs,
            delivered_seq=row.delivered_seq,
        )
        for row in rows
    }


def staff(target: Target, ids: Collection[UUID]) -> dict[UUID, str]:
    """Return how a target calls those of our staff whom it knows; 1 statement, none for nobody."""
    links = known(target, {(STAFF, str(one)) for one in ids})
    return {UUID(key): one.remote_id for (_, key), one in links.items()}


def takes(target: Target) -> dict[str, Takes]:
    """Return what is known of the types that a target takes; 1 statement."""
    rows = db.session.connection().execute(
        select(
            Capability.resource_type,
            Capability.is_taken,
            Capability.allows_our_ids,
            Capability.decided_by,
            Capability.at,
        ).where(Capability.target == target.name)
    )
    return {
        row.resource_type: Takes(
            is_taken=row.is_taken, allows_our_ids=row.allows_our_ids, decided_by=row.decided_by, at=row.at
        )
        for row in rows
    }


@transactional
def learn(target: Target, said: Mapping[str, tuple[bool, bool | None]], *, by: str, detail: str) -> None:
    """Keep which types are taken, and under ids of ours.

    What an answer has shown is not unlearnt from the metadata, which may promise more than the server does; and an
    admin's word stands above both.
    """
    rows = {
        row.resource_type: row
        for row in db.session.execute(
            select(Capability)
            .where(Capability.target == target.name, Capability.resource_type.in_(sorted(said)))
            .with_for_update()
            .execution_options(populate_existing=True)
        ).scalars()
    }
    fresh: list[Capability] = []
    weaker = {METADATA: {METADATA}, ANSWER: {METADATA, ANSWER}}[by]
    for resource_type, (is_taken, allows_our_ids) in sorted(said.items()):
        row = rows.get(resource_type)
        if row is None:
            row = Capability(target=target.name, resource_type=resource_type)
            fresh.append(row)
        elif row.decided_by not in weaker:
            continue
        row.is_taken, row.allows_our_ids, row.decided_by = is_taken, allows_our_ids, by
        row.detail, row.at = detail[:LONGEST_DETAIL], clock.utcnow()
    try:
        with savepoint():
            db.session.add_all(fresh)
    except IntegrityError as error:  # another worker has just learnt the same
        raise RerunError from error


def settled(target: Target, ends: Sequence[tuple[Parcel, Outcome]]) -> None:
    """Write what deliveries taught, inside the transaction that records them.

    1 statement for those whose links say the same but for the ETag; at most 5 for all others however many they are:
    links held (2), new ones inserted, old ones updated, conflicts inserted. May run again when that transaction is
    rerun: a link's seq never falls.
    """
    told = {
        (parcel.kind, str(parcel.aggregate_id)): (parcel, outcome.receipt)
        for parcel, outcome in ends
        if isinstance(outcome, Delivered) and isinstance(outcome.receipt, Receipt)
    }
    now = clock.utcnow()
    if rest := _without_familiar(told, now):
        _relink(target, rest, now)
    if clashes := [
        _clash(target, parcel, receipt, clash, now)
        for parcel, receipt in told.values()
        for clash in receipt.clashes
    ]:
        db.session.connection().execute(insert(Conflict), clashes)
        after_commit(partial(_count, target, [TYPES[Kind(one["kind"])] for one in clashes]))


def _without_familiar(told: Told, now: datetime) -> Told:
    """Move the links that stay as they are to what was delivered; return what has to be looked at.

    Whoever records an end holds its lease: nobody else moves its link but the one who recognises a record of theirs,
    or who forgets all links. Then fewer fit than there should be, and all are looked at.
    """
    familiar = {
        receipt.link: {"aggregate_id": aggregate_id, **_moved(parcel, receipt)}
        for (_, aggregate_id), (parcel, receipt) in told.items()
        if receipt.link is not None
    }
    if not familiar:
        return told
    fit = update_each(
        Link, familiar, alike={"delivered_at": now}, where={"is_theirs": False}, fits=["aggregate_id"]
    )
    return {key: one for key, one in told.items() if one[1].link is None} if fit == len(familiar) else told


def _relink(target: Target, told: Told, now: datetime) -> None:
    held = _held(target, told.values())
    by_key = {(row.kind, row.aggregate_id): row for row in held}
    taken = {(row.resource_type, row.remote_id): (row.kind, row.aggregate_id) for row in held}
    fresh, changed = [], {}
    for key, (parcel, receipt) in told.items():
        owner = taken.setdefault((receipt.resource_type, receipt.remote_id), key)
        if owner != key or len(receipt.remote_id) > LONGEST_REMOTE_ID:
            # Two of ours are one there (a patient registered twice): the first keeps the link.
            log.warning("fhir_link_taken", kind=parcel.kind, count=1)
            continue
        row = by_key.get(key)
        if row is None:
            fresh.append(_values(target, key, parcel, receipt, now))
        elif row.is_theirs and row.remote_id != receipt.remote_id:
            # While we wrote ours, theirs was read and recognised: from now on we say our word over that one.
            log.warning("fhir_link_taken", kind=parcel.kind, count=1)
            promise_again(target, [key])
        elif parcel.seq >= row.delivered_seq:
            changed[row.id] = {
                **_moved(parcel, receipt),
                "remote_id": receipt.remote_id,
                "is_theirs": receipt.is_theirs or row.is_theirs,
            }
    if fresh:
        db.session.connection().execute(insert(Link), fresh)
    update_each(Link, changed, alike={"delivered_at": now})


def ids_by_reference(found: Mapping[Key, Known]) -> dict[tuple[str, str], str]:
    """Return the target's id for each linked aggregate, by type and our id, as references say it."""
    return {(TYPES[Kind(kind)], aggregate_id): one.remote_id for (kind, aggregate_id), one in found.items()}


def _held(target: Target, told: Collection[tuple[Parcel, Receipt]]) -> list[Any]:
    """Lock the links of these aggregates, and those that have one of their ids; each by its own index."""
    columns = select(
        Link.id,
        Link.kind,
        Link.aggregate_id,
        Link.resource_type,
        Link.remote_id,
        Link.is_theirs,
        Link.delivered_seq,
    ).where(Link.target == target.name)
    mine = columns.where(
        Link.kind.in_({parcel.kind for parcel, _ in told}),
        Link.aggregate_id.in_({str(parcel.aggregate_id) for parcel, _ in told}),
    )
    theirs = columns.where(
        Link.resource_type.in_({receipt.resource_type for _, receipt in told}),
        Link.remote_id.in_({receipt.remote_id for _, receipt in told}),
        Link.aggregate_id.not_in({str(parcel.aggregate_id) for parcel, _ in told}),
    )
    connection = db.session.connection()
    rows = {row.id: row for one in (mine, theirs) for row in connection.execute(one.with_for_update())}
    return list(rows.values())


def _moved(parcel: Parcel, receipt: Receipt) -> dict[str, Any]:
    return {"etag": receipt.etag, "delivered_seq": parcel.seq}


def _values(target: Target, key: Key, parcel: Parcel, receipt: Receipt, now: datetime) -> dict[str, Any]:
    return {
        "target": target.name,
        "kind": key[0],
        "aggregate_id": key[1],
        "resource_type": receipt.resource_type,
        "remote_id": receipt.remote_id,
        "is_theirs": receipt.is_theirs,
        "delivered_at": now,
        **_moved(parcel, receipt),
    }


def _count(target: Target, types: Sequence[str]) -> None:
    for resource_type in types:
        metrics.FHIR_CONFLICTS.labels(target.name, resource_type).inc()


def _clash(target: Target, parcel: Parcel, receipt: Receipt, clash: Clash, now: datetime) -> dict[str, Any]:
    return {
        "public_id": uuid4(),
        "target": target.name,
        "kind": parcel.kind,
        "aggregate_id": str(parcel.aggregate_id),
        "seq": parcel.seq,
        "at": now,
        "ours": receipt.ours,
        "theirs": json.dumps(clash.theirs, ensure_ascii=False),
        "their_version": clash.their_version,
        "outcome": clash.outcome,
    }
