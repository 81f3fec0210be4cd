"""Consumers: who takes promises, how they are rendered and delivered, and what may come of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.core import outbox
from app.core.outbox import Mode


@dataclass(frozen=True, slots=True)
class Wanted:
    """An aggregate that has to be rendered."""

    kind: str
    aggregate_id: UUID

    @classmethod
    def of(cls, kind: str, aggregate_id: str) -> "Wanted":
        """Return what a row names."""
        return cls(kind, UUID(aggregate_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """The aggregate's committed state as its consumer will send it, at the seq that was read."""

    payload: str
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A rendered promise under a lease. `is_repeat`: an earlier try may have arrived, so look before you write."""

    row_id: int
    kind: str
    aggregate_id: UUID
    seq: int
    payload: str
    is_repeat: bool


@dataclass(frozen=True, slots=True)
class Delivered:
    """It arrived; `receipt` is what the consumer learnt of it and wants to write down when it is settled."""

    receipt: object = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """Nothing has to be sent: expired, gone, or of a type that the target does not take."""

    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """This one failed for now and loses a life; `retry_after_seconds` is what the target asked for."""

    reason: str
    retry_after_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Refused:
    """It will never be taken as it is: a dead letter at once."""

    reason: str


@dataclass(frozen=True, slots=True)
class Waits:
    """It was not sent: what it leans on is not there yet, or the time was up. No life is lost."""

    reason: str
    seconds: float = 0.0


Outcome = Delivered | Skipped | Failed | Refused | Waits


class TargetDownError(Exception):
    """The whole target failed, not the parcel: no life is lost, the breaker counts.

    `opens`: do not even try again soon (wrong key, wrong address). `known`: what came of parcels (by row) that had
    their own answer before; for all others it is unknown whether they arrived.
    """

    def __init__(self, reason: str, *, retry_after_seconds: float = 0.0, opens: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.retry_after_seconds, self.opens = reason, retry_after_seconds, opens
        self.known: Mapping[int, Outcome] = {}


def _nothing_more(_ends: Sequence[tuple[Parcel, Outcome]]) -> None:
    """Do nothing when parcels are settled."""


def one_by_one(
    render: Callable[[str, UUID], Rendered | Skipped | Refused],
) -> Callable[[Sequence[Wanted]], Mapping[Wanted, Rendered | Skipped | Refused]]:
    """Let a consumer with few promises render them by themselves."""
    return lambda wanted: {one: render(one.kind, one.aggregate_id) for one in wanted}


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """Somebody who takes promises of some kinds of aggregates.

    *snapshot*: rows of one aggregate are coalesced to its newest state. *message*: each row is sent by itself.
    `render` reads all that was claimed in one consistent snapshot and writes nothing; where it raises, each is
    rendered by itself, so that a faulty one is alone with its fault. `deliver` gets up to `bundle` parcels, takes
    at most `send_seconds`, answers one outcome each, in order, or raises TargetDownError. `settled` gets the final
    outcomes in the transaction that records them, and again where that is rerun: it writes rows and nothing else.
    `is_slow`: one delivery takes minutes, so it has a job of its own behind all others.
    """

    name: str
    kinds: frozenset[str]
    mode: Mode
    render: Callable[[Sequence[Wanted]], Mapping[Wanted, Rendered | Skipped | Refused]]
    deliver: Callable[[Sequence[Parcel]], Sequence[Outcome]]
    settled: Callable[[Sequence[tuple[Parcel, Outcome]]], None] = _nothing_more
    bundle: int = 1
    claim_rows: int = 10
    send_seconds: float = 10.0
    lives: int = 5
    first_backoff_seconds: float = 60.0
    longest_backoff_seconds: float = 3600.0
    is_slow: bool = False

    @property
    def lease_seconds(self) -> float:
        """Six sendings long, as the slowest bundle must not outlive its lease; who claims one thing sends once."""
        return (1.5 if self.claim_rows == 1 else 6) * self.send_seconds

    def backoff_seconds(self, attempts: int) -> float:
        """Return the pause after the n-th failure, without jitter: doubled each time, capped."""
        doubled: float = self.first_backoff_seconds * 2 ** (attempts - 1)
        return min(doubled, self.longest_backoff_seconds)


_registered: dict[str, Consumer] = {}


def register(consumer: Consumer) -> None:
    """Let a consumer receive promises from now on; `factory.py` calls it, and only for a target that is set."""
    outbox.register(consumer.name, consumer.kinds, consumer.mode)
    _registered[consumer.name] = consumer


def registered() -> tuple[Consumer, ...]:
    """Return the consumers of this process."""
    return tuple(_registered.values())


def find(name: str) -> Consumer | None:
    """Return a consumer by name, or None where its target is not configured."""
    return _registered.get(name)


def clear() -> None:
    """Forget all consumers (a new application in the same process)."""
    outbox.clear()
    _registered.clear()
