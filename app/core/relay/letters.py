"""Dead letters: what was given up, found again by its error, compared with what is true now, and decided about.

Doors ask for the right (`MANAGE_OUTBOX`, `SUPPORT_PHI` to open one); the ground floor does not know roles.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, select, update

from app.core import audit, clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import InvalidError, NotFoundError, VersionMissingError, VersionStaleError
from app.core.events import Promised
from app.core.idempotency import command
from app.core.outbox import OutboxPromise, PromiseOutcome, PromiseStatus
from app.core.relay import comparing, consumer
from app.core.relay.comparing import Field
from app.core.relay.consumer import Rendered, Wanted
from app.core.relay.engine import peek
from app.core.transaction import tell, transactional

PAGE_ROWS: Final = 50
SHOWN_ERRORS: Final = 20
LONGEST_REASON: Final = 300
# One decision about many: more wait for the next press of the button, so that no lock is held for long.
MOST_AT_ONCE: Final = 5000
PIECE_ROWS: Final = 500
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which dead letters are meant; what is None does not matter. `error` is a part of the reason."""

    consumer: str | None = None
    kind: str | None = None
    error: str | None = None
    older_than_hours: int | None = None


ALL: Final = Asked()


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A promise that was given up. `version` moves each time it dies: who decides must have seen this death."""

    name: str
    consumer: str
    kind: str
    aggregate_id: str
    seq: int
    reason: str
    attempts: int
    claims: int
    created_at: datetime
    died_at: datetime
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """Letters that died of the same."""

    consumer: str
    kind: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    """A page of them, newest first; `alike` are the most frequent deaths of the consumers that were asked for."""

    rows: tuple[Letter, ...]
    total: int
    number: int
    pages: int
    alike: tuple[Alike, ...]
    seen_until: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A letter beside the present state. `now_is` says why nothing would be sent now, or None where something would."""

    letter: Letter
    is_configured: bool
    has_payload: bool
    now_is: str | None
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Decided:
    """How many dead letters somebody decided about."""

    count: int


def dead_letters(asked: Asked = ALL, number: int = 1) -> Letters:
    """Return one page of dead letters; 4 statements, 3 of one consumer alone."""
    wanted = _wanted(asked)
    total, newest = db.session.execute(
        select(func.count(), func.max(OutboxPromise.done_at)).select_from(OutboxPromise).where(*wanted)
    ).one()
    pages = max(1, -(-total // PAGE_ROWS))
    number = min(number, pages)
    rows = db.session.execute(
        _columns()
        .where(*wanted)
        .order_by(OutboxPromise.id.desc())
        .limit(PAGE_ROWS)
        .offset((number - 1) * PAGE_ROWS)
    )
    reason = func.substr(OutboxPromise.last_error, 1, LONGEST_REASON)
    alike = db.session.execute(
        select(OutboxPromise.consumer, OutboxPromise.kind, reason, func.count())
        .where(OutboxPromise.status == PromiseStatus.DEAD_LETTER, wanted[1])
        .group_by(OutboxPromise.consumer, OutboxPromise.kind, reason)
        .order_by(func.count().desc())
        .limit(SHOWN_ERRORS)
    )
    return Letters(
        rows=tuple(_letter(row) for row in rows),
        total=total,
        number=number,
        pages=pages,
        alike=tuple(Alike(consumer=c, kind=k, reason=r or "", count=n) for c, k, r, n in alike),
        seen_until=_moment(newest) if newest is not None else 0,
    )


def dead_letter(name: str) -> Letter:
    """Return one dead letter; 1 statement. Raise NotFoundError."""
    row = db.session.execute(_columns().where(*_named(name))).one_or_none()
    if row is None or row.status != PromiseStatus.DEAD_LETTER:
        raise NotFoundError(kind="dead_letter")
    return _letter(row)


def compared(name: str) -> Compared:
    """Return a dead letter beside what would be sent now, with what is a patient's masked. Raise NotFoundError.

    2 statements, and those of the consumer's rendering.
    """
    letter = dead_letter(name)
    payload = db.session.execute(select(OutboxPromise.payload).where(*_named(name))).scalar_one()
    return _compared(letter, payload, masked=True)


@transactional
def open_letter(name: str, *, reason: str, by: Actor) -> Compared:
    """Return the same with nothing masked; who opened whose, and why, is written down first.

    No repetition is remembered: each opening is one look and one row of the audit. Raise InvalidError without a
    reason, NotFoundError for no dead letter.
    """
    reason = _reason(reason)
    letter = dead_letter(name)
    payload = db.session.execute(select(OutboxPromise.payload).where(*_named(name))).scalar_one()
    audit.record(
        "phi:support:open",
        by=by,
        patients=comparing.patients_in(payload),
        object_=letter.name[:96],
        reason=reason,
    )
    return Compared(
        letter=letter,
        is_configured=consumer.find(letter.consumer) is not None,
        has_payload=payload is not None,
        now_is=None,
        fields=comparing.compare(payload, None, masked=False),
    )


@command
def replay(name: str, *, version: int | None, by: Actor) -> Decided:
    """Give a dead letter new lives; it is rendered anew. Raise NotFoundError where it is no dead letter.

    Raise VersionMissingError, or VersionStaleError where it was sent again meanwhile and has died anew.
    """
    row = _held(name, version)
    _send_again([row.id])
    tell(Promised(kind=row.kind))
    audit.record("outbox:promise:replay", by=by, object_=name[:96])
    return Decided(1)


@command
def replay_all(asked: Asked, *, seen_until: int, by: Actor) -> Decided:
    """Give new lives to all that are meant and had died when they were looked at, up to MOST_AT_ONCE."""
    rows = db.session.execute(
        select(OutboxPromise.id, OutboxPromise.kind)
        .where(*_wanted(asked), OutboxPromise.done_at <= EPOCH + timedelta(microseconds=seen_until))
        .order_by(OutboxPromise.id)
        .limit(MOST_AT_ONCE)
        .with_for_update()
    ).all()
    _send_again([row.id for row in rows])
    for kind in sorted({row.kind for row in rows}):
        tell(Promised(kind=kind))
    if rows:
        audit.record(
            "outbox:promise:replay",
            by=by,
            object_=(asked.consumer or "*")[:96],
            reason=asked.error and asked.error[:LONGEST_REASON],
            details={"count": len(rows), "kind": asked.kind},
        )
    return Decided(len(rows))


@command
def discard(name: str, *, version: int | None, reason: str, by: Actor) -> Decided:
    """Give a dead letter up, with a reason. Raise InvalidError without one; else as `replay`."""
    reason = _reason(reason)
    row = _held(name, version)
    row.status, row.outcome = PromiseStatus.COMPLETED, PromiseOutcome.DISCARDED
    row.last_error, row.done_at = reason, clock.utcnow()
    audit.record("outbox:promise:discard", by=by, object_=name[:96], reason=reason)
    return Decided(1)


def _compared(letter: Letter, payload: str | None, *, masked: bool) -> Compared:
    taker = consumer.find(letter.consumer)
    now = peek(taker, Wanted.of(letter.kind, letter.aggregate_id)) if taker is not None else None
    said = now.payload if isinstance(now, Rendered) else None
    return Compared(
        letter=letter,
        is_configured=taker is not None,
        has_payload=payload is not None,
        now_is=None if said is not None or now is None else getattr(now, "reason", None),
        fields=comparing.compare(payload, said, masked=masked),
    )


def _columns() -> Any:
    """Everything but the payload, which may be long."""
    return select(
        OutboxPromise.id,
        OutboxPromise.consumer,
        OutboxPromise.kind,
        OutboxPromise.aggregate_id,
        OutboxPromise.seq,
        OutboxPromise.status,
        OutboxPromise.last_error,
        OutboxPromise.attempts,
        OutboxPromise.claims,
        OutboxPromise.created_at,
        OutboxPromise.done_at,
    )


def _letter(row: Any) -> Letter:
    died_at = row.done_at or row.created_at
    return Letter(
        name=f"{row.consumer}:{row.kind}:{row.aggregate_id}:{row.seq}",
        consumer=row.consumer,
        kind=row.kind,
        aggregate_id=row.aggregate_id,
        seq=row.seq,
        reason=row.last_error or "",
        attempts=row.attempts,
        claims=row.claims,
        created_at=row.created_at,
        died_at=died_at,
        version=_moment(died_at),
    )


def _wanted(asked: Asked) -> list[Any]:
    found: list[Any] = [OutboxPromise.status == PromiseStatus.DEAD_LETTER]
    found.append(_of(asked.consumer))
    if asked.kind:
        found.append(OutboxPromise.kind == asked.kind)
    if asked.error:
        found.append(OutboxPromise.last_error.contains(asked.error, autoescape=True))
    if asked.older_than_hours:
        found.append(OutboxPromise.done_at <= clock.utcnow() - timedelta(hours=asked.older_than_hours))
    return found


def _of(name: str | None) -> Any:
    """Ask by consumer, always: the index begins with it, and a week of kept promises need not be walked through."""
    if name:
        return OutboxPromise.consumer == name
    return OutboxPromise.consumer.in_(
        db.session.execute(select(OutboxPromise.consumer).distinct()).scalars().all()
    )


def _named(name: str) -> list[Any]:
    consumer_name, kind, aggregate_id, seq = (name.rsplit(":", 3) + [""] * 3)[:4]
    is_number = seq.isascii() and seq.isdecimal() and len(seq) < 19  # noqa: PLR2004 - a bigint has 19 digits
    return [
        OutboxPromise.consumer == consumer_name,
        OutboxPromise.kind == kind,
        OutboxPromise.aggregate_id == aggregate_id,
        OutboxPromise.seq == (int(seq) if is_number else 0),
    ]


def _held(name: str, version: int | None) -> OutboxPromise:
    if version is None:
        raise VersionMissingError
    row = db.session.execute(
        select(OutboxPromise).where(*_named(name)).with_for_update().execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if row is None or row.status != PromiseStatus.DEAD_LETTER:
        raise NotFoundError(kind="dead_letter")
    if _moment(row.done_at or row.created_at) != version:
        raise VersionStaleError
    return row


def _send_again(ids: Sequence[int]) -> None:
    """Each may have arrived, so `claims` stays above nought: whoever sends it looks first."""
    now = clock.utcnow()
    for start in range(0, len(ids), PIECE_ROWS):
        db.session.connection().execute(
            update(OutboxPromise)
            .where(OutboxPromise.id.in_(ids[start : start + PIECE_ROWS]))
            .values(
                status=PromiseStatus.PENDING,
                attempts=0,
                claims=1,
                payload=None,
                rendered_seq=None,
                next_attempt_at=now,
                done_at=None,
            )
        )


def _reason(text: str) -> str:
    reason = text.strip()
    if not reason or len(reason) > LONGEST_REASON:
        raise InvalidError(field="reason", why="missing")
    return reason


def _moment(at: datetime) -> int:
    """Microseconds since 1970: exact, as a float of seconds would not be."""
    return (at - EPOCH) // timedelta(microseconds=1)
