"""Who reads a target now, how far it has been read, and what it said when it could not be."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from sqlalchemy import or_, select, update
from sqlalchemy.exc import IntegrityError

from app.core import clock
from app.core.db import db
from app.core.relay import TargetDownError, breaker
from app.core.transaction import savepoint, transactional
from app.fhir.inbound import links
from app.fhir.inbound.taking import Took
from app.fhir.models import Sync
from app.fhir.rules import Target

ALL_TYPES: Final = "*"  # the row of the whole target: its lease, its last success, its last wish
LEASE: Final = timedelta(seconds=120)  # a page of the largest size and a slow answer, twice
# What changed before we first asked concerns us where somebody is booked: they are read with their booking.
FIRST_LOOK_BACK: Final = timedelta(days=1)
LONGEST_ERROR: Final = 300


class LeaseLostError(Exception):
    """Another worker reads: this one was too slow, and writes nothing more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to read a target; `probe` where the breaker lets one try."""

    target: Target
    token: str
    probe: str | None


@transactional
def begin(target: Target) -> Lease | None:
    """Begin to read, where nobody does and the breaker lets us; 1 conditional UPDATE decides between workers."""
    now = clock.utcnow()
    row(target, ALL_TYPES)
    token = str(uuid4())
    taken = db.session.connection().execute(
        update(Sync)
        .where(
            Sync.target == target.name,
            Sync.resource_type == ALL_TYPES,
            or_(Sync.lease_until.is_(None), Sync.lease_until < now),
        )
        .values(lease_token=token, lease_until=now + LEASE, tried_at=now)
    )
    if taken.rowcount != 1:
        return None
    probe, state = None, breaker.state_of(target.consumer)
    if state.open_until is not None:
        probe = breaker.reserve_probe(target.consumer, now, now + LEASE) if state.open_until <= now else None
        if probe is None:
            _end(target, token)
            return None
    return Lease(target=target, token=token, probe=probe)


@transactional
def keep(lease: Lease) -> None:
    """Go on reading for another while. Raise LeaseLostError."""
    _renew(lease)


@transactional
def advance(lease: Lease, resource_type: str, watermark: datetime | None, counts: dict[Took, int]) -> None:
    """Note that a page was taken whole: what is behind it will not be asked for again. Raise LeaseLostError.

    Each resource was a unit of its own, as one page's locks would stand in the way of a whole ward; whoever dies
    between them reads the page again, and finds what it had taken.
    """
    _renew(lease)
    held = row(lease.target, resource_type)
    if watermark is not None and (held.watermark is None or watermark > held.watermark):
        held.watermark = watermark
    held.taken += counts.get(Took.TAKEN, 0)
    held.echoes += counts.get(Took.ECHO, 0)


@transactional
def done(lease: Lease, resource_type: str) -> None:
    """Note that a type was read to its end."""
    held = row(lease.target, resource_type)
    held.tried_at = held.succeeded_at = clock.utcnow()
    # Where nothing was there, the next look begins where this one did: their clock may be behind ours.
    held.watermark = held.watermark or held.succeeded_at - FIRST_LOOK_BACK
    held.last_error = None


@transactional
def note_error(lease: Lease, resource_type: str, reason: str) -> None:
    """Note that a type could not be read, while the others can."""
    held = row(lease.target, resource_type)
    held.tried_at, held.last_error = clock.utcnow(), reason[:LONGEST_ERROR]


@transactional
def succeeded(lease: Lease, *, is_whole: bool) -> None:
    """End a reading that was answered; a whole one is what screens call the EMR's state."""
    breaker.succeeded(lease.target.consumer, lease.probe)
    held = row(lease.target, ALL_TYPES)
    if held.lease_token != lease.token:
        return
    if is_whole:
        held.succeeded_at, held.last_error = clock.utcnow(), None
        if held.asked_at is not None and held.tried_at is not None and held.asked_at <= held.tried_at:
            held.asked_at = None
    held.lease_token = held.lease_until = None


@transactional
def failed(lease: Lease, error: TargetDownError) -> None:
    """End a reading that the target did not answer; its breaker counts it."""
    breaker.failed(
        lease.target.consumer,
        lease.probe,
        clock.utcnow(),
        reason=error.reason,
        opens=error.opens,
        least_seconds=error.retry_after_seconds,
    )
    held = row(lease.target, ALL_TYPES)
    if held.lease_token != lease.token:
        return
    held.last_error = error.reason[:LONGEST_ERROR]
    held.lease_token = held.lease_until = None


@transactional
def give_up(lease: Lease) -> None:
    """End a reading that failed here."""
    breaker.give_probe_back(lease.target.consumer, lease.probe)
    _end(lease.target, lease.token)


@transactional
def ask(target: Target) -> None:
    """Note that the target has news."""
    row(target, ALL_TYPES).asked_at = clock.utcnow()


@transactional
def forget(target: Target, resource_type: str, remote_id: str) -> None:
    """Take off the list what the target does not have any more."""
    links.take_off_the_list(target, resource_type, remote_id)


def watermark(lease: Lease, resource_type: str) -> datetime | None:
    """Return how far a type was read; 1 statement."""
    return db.session.execute(
        select(Sync.watermark).where(Sync.target == lease.target.name, Sync.resource_type == resource_type)
    ).scalar_one_or_none()


def row(target: Target, resource_type: str) -> Sync:
    """Return a row of the target, locked, made at its first use."""
    statement = (
        select(Sync)
        .where(Sync.target == target.name, Sync.resource_type == resource_type)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = db.session.execute(statement).scalar_one_or_none()
    if found is not None:
        return found
    try:
        with savepoint():
            db.session.add(Sync(target=target.name, resource_type=resource_type, taken=0, echoes=0))
    except IntegrityError:
        pass  # another worker has just made it
    return db.session.execute(statement).scalar_one()


def _renew(lease: Lease) -> None:
    renewed = db.session.connection().execute(
        update(Sync)
        .where(
            Sync.target == lease.target.name,
            Sync.resource_type == ALL_TYPES,
            Sync.lease_token == lease.token,
        )
        .values(lease_until=clock.utcnow() + LEASE)
    )
    if renewed.rowcount != 1:
        raise LeaseLostError


def _end(target: Target, token: str) -> None:
    db.session.connection().execute(
        update(Sync)
        .where(Sync.target == target.name, Sync.resource_type == ALL_TYPES, Sync.lease_token == token)
        .values(lease_token=None, lease_until=None)
    )
