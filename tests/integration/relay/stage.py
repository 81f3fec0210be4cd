"""Promises for tests: an aggregate of the tests' own that moves, and a consumer that remembers what it was given."""

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.core import relay
from app.core.db import db
from app.core.locking import hold
from app.core.outbox import OutboxPromise
from app.core.relay import Consumer, Delivered, Outcome, Parcel, Rendered, Skipped
from app.core.transaction import promise, release, transactional
from app.queues.models import Queue

KIND = "queue"


@transactional
def move(queue_id: UUID) -> None:
    """Promise the queue's state to whoever takes it."""
    promise(hold(Queue, queue_id), "queue.update")


def render(_kind: str, queue_id: UUID) -> Rendered | Skipped:
    """Say at which seq the queue stands."""
    seq = db.session.execute(select(Queue.seq).where(Queue.public_id == queue_id)).scalar_one_or_none()
    if seq is None:
        return Skipped("gone")
    return Rendered(payload=json.dumps({"queue": str(queue_id), "seq": seq}), seq=seq)


@dataclass
class Target:
    """The outside: keeps what arrived, in order; `answer` decides what it says."""

    answer: Callable[[Parcel], Outcome] = field(default=lambda _parcel: Delivered())
    arrived: list[tuple[UUID, int]] = field(default_factory=list)
    requests: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def deliver(self, parcels: Sequence[Parcel]) -> list[Outcome]:
        """Take a bundle."""
        with self.lock:
            self.requests += 1
        outcomes = []
        for parcel in parcels:
            outcome = self.answer(parcel)
            if isinstance(outcome, Delivered):
                with self.lock:
                    self.arrived.append((parcel.aggregate_id, parcel.seq))
            outcomes.append(outcome)
        return outcomes


def consumer(target: Target, **changes: Any) -> Consumer:
    """Register and return a consumer of queues' moves."""
    made = Consumer(
        **{
            "name": "test",
            "kinds": frozenset({KIND}),
            "mode": "message",
            "deliver": target.deliver,
            **changes,
            "render": relay.one_by_one(changes.get("render", render)),
        }
    )
    relay.register(made)
    return made


def rows() -> list[OutboxPromise]:
    """Return all promises as they stand now, oldest first."""
    release()
    return list(db.session.execute(select(OutboxPromise).order_by(OutboxPromise.id)).scalars())


def standing() -> list[tuple[int, str, str | None]]:
    """Return seq, status and outcome of all promises."""
    return [(row.seq, str(row.status), row.outcome) for row in rows()]
