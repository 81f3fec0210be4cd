"""Promises: what must happen outside is a row in the same transaction; so is the log of every move."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Literal, cast
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column
from sqlalchemy.orm.attributes import set_committed_value

from app.core import clock
from app.core.counting import raise_by_one
from app.core.db import AsciiKey, BigId, MediumText, Model, Projected, Sequenced


class PromiseStatus(StrEnum):
    """Life of a promise."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    DEAD_LETTER = "dead_letter"


class PromiseOutcome(StrEnum):
    """How a completed promise ended."""

    DELIVERED = "delivered"
    SKIPPED = "skipped"
    SUPERSEDED = "superseded"
    DISCARDED = "discarded"


class OutboxPromise(Model):
    """A promise to bring one aggregate's state at one seq to one consumer; rendered when it is claimed."""

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("consumer", "kind", "aggregate_id", "seq"),
        # Claim: the oldest due rows of one consumer, however many another has. Head: the line of one aggregate.
        Index("ix_outbox_claim", "consumer", "status", "next_attempt_at", "id"),
        Index("ix_outbox_head", "consumer", "kind", "aggregate_id", "status", "seq"),
        Model.__table_args__,
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    consumer: Mapped[str] = mapped_column(AsciiKey(64))
    kind: Mapped[str] = mapped_column(AsciiKey(32))
    aggregate_id: Mapped[str] = mapped_column(AsciiKey(36))
    seq: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(AsciiKey(16), default=PromiseStatus.PENDING)
    payload: Mapped[str | None] = mapped_column(MediumText)
    rendered_seq: Mapped[int | None] = mapped_column(BigInteger)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    claims: Mapped[int] = mapped_column(Integer, default=0)
    next_attempt_at: Mapped[datetime]
    lease_token: Mapped[str | None] = mapped_column(AsciiKey(36))
    lease_until: Mapped[datetime | None]
    superseded_by: Mapped[int | None] = mapped_column(BigInteger)
    outcome: Mapped[str | None] = mapped_column(AsciiKey(16))
    last_error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]


class TopicEvent(Model):
    """One move of one aggregate, in commit order: sockets replay from here (kept 24 h)."""

    __tablename__ = "topic_event"
    __table_args__ = (
        UniqueConstraint("topic", "seq"),
        Index("ix_topic_event_at", "at"),  # the purge of old rows
        Model.__table_args__,
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    topic: Mapped[str] = mapped_column(AsciiKey(64))
    seq: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(32))
    event_ids: Mapped[list[int]] = mapped_column(JSON)
    at: Mapped[datetime]


Mode = Literal["snapshot", "message"]
_consumers: dict[str, tuple[frozenset[str], Mode]] = {}


def register(consumer: str, kinds: frozenset[str], mode: Mode) -> None:
    """Let a consumer receive promises of these aggregate kinds; `factory.py` calls it, no target: no rows."""
    _consumers[consumer] = (kinds, mode)


def consumers_of(kind: str) -> tuple[str, ...]:
    """Return the names of the consumers that receive promises of a kind."""
    return tuple(name for name, (kinds, _mode) in _consumers.items() if kind in kinds)


def clear() -> None:
    """Forget all consumers (a new application in the same process)."""
    _consumers.clear()


def raise_seq(session: Session, row: Sequenced) -> int:
    """Raise the aggregate's seq under its own lock and return it."""
    table = cast("Table", type(row).__dict__["__table__"])
    seq = raise_by_one(session, table, "seq", table.c.id == row.id)
    if seq is None:
        raise LookupError(f"{row.topic} vanished inside its own unit of work")
    set_committed_value(row, "seq", seq)
    return seq


def log_move(session: Session, *, topic: str, seq: int, kind: str, ids: Sequence[int]) -> None:
    """Write the move that sockets replay."""
    session.execute(
        insert(TopicEvent).values(topic=topic, seq=seq, kind=kind, event_ids=list(ids), at=clock.utcnow())
    )


@dataclass(frozen=True, slots=True)
class Promise:
    """One aggregate at one seq, as it is promised to whoever takes its kind."""

    kind: str
    aggregate_id: UUID
    seq: int


def raise_seqs(session: Session, kind: type[Projected], ids: Sequence[int]) -> list[Promise]:
    """Raise the seq of rows that this unit has changed, and so holds; 2 statements."""
    table = cast("Table", kind.__dict__["__table__"])
    chosen = table.c.id.in_(sorted(ids))
    session.execute(update(table).where(chosen).values(seq=table.c.seq + 1))
    rows = session.execute(select(table.c.public_id, table.c.seq).where(chosen).order_by(table.c.id))
    return [Promise(kind.topic_kind, public_id, seq) for public_id, seq in rows]


def write_promises(
    session: Session,
    promises: Sequence[Promise],
    heard: Mapping[tuple[str, UUID], str] = MappingProxyType({}),
) -> frozenset[str]:
    """Insert one row for each promise and consumer of its kind; return the kinds that somebody takes.

    `heard` names the consumer from whom an aggregate's news came: it is not told its own word.
    """
    now = clock.utcnow()
    rows = [
        {
            "consumer": consumer,
            "kind": one.kind,
            "aggregate_id": str(one.aggregate_id),
            "seq": one.seq,
            "status": PromiseStatus.PENDING,
            "attempts": 0,
            "claims": 0,
            "next_attempt_at": now,
            "created_at": now,
        }
        for one in promises
        for consumer in consumers_of(one.kind)
        if heard.get((one.kind, one.aggregate_id)) != consumer
    ]
    if rows:
        session.execute(insert(OutboxPromise), rows)
    return frozenset(str(row["kind"]) for row in rows)


@dataclass(frozen=True, slots=True)
class Move:
    """A logged move, as the JSON socket replays it."""

    seq: int
    kind: str
    ids: tuple[int, ...]
    at: datetime


def moves_after(session: Session, topic: str, seq: int, limit: int) -> tuple[Move, ...]:
    """Return up to `limit` moves of a topic after `seq`, in order; one statement by the unique index."""
    rows = session.execute(
        select(TopicEvent.seq, TopicEvent.kind, TopicEvent.event_ids, TopicEvent.at)
        .where(TopicEvent.topic == topic, TopicEvent.seq > seq)
        .order_by(TopicEvent.seq)
        .limit(limit)
    )
    return tuple(Move(seq=r.seq, kind=r.kind, ids=tuple(r.event_ids), at=r.at) for r in rows)
