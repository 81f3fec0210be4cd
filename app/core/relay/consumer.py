"""Consumers: who takes promises, how one is rendered and delivered, and what may come of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.core import outbox
from app.core.outbox import Mode


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
    """It arrived."""


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


Outcome = Delivered | Skipped | Failed | Refused


class RenderError(Exception):
    """What is committed cannot be rendered: a dead letter with this reason."""


class TargetDownError(Exception):
    """The whole target failed, not the parcel: no life is lost, the breaker counts.

    `opens`: do not even try again soon (wrong key, wrong address).
    """

    def __init__(self, reason: str, *, retry_after_seconds: float = 0.0, opens: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.retry_after_seconds, self.opens = reason, retry_after_seconds, opens


def _nothing_more(_parcel: Parcel, _outcome: Outcome) -> None:
    """Do nothing when a parcel is settled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """Somebody who takes promises of some kinds of aggregates.

    *snapshot*: rows of one aggregate are coalesced to its newest state. *message*: each row is sent by itself.
    `render` reads in one consistent snapshot and writes nothing; it raises RenderError. `deliver` gets up to
    `bundle` parcels, takes at most `send_seconds`, answers one outcome each, in order, or raises
    TargetDownError. `settled` runs in the transaction that records a final outcome, and again where that is rerun:
    it writes rows and nothing else.
    """

    name: str
    kinds: frozenset[str]
    mode: Mode
    render: Callable[[str, UUID], Rendered | Skipped]
    deliver: Callable[[Sequence[Parcel]], Sequence[Outcome]]
    settled: Callable[[Parcel, Outcome], None] = _nothing_more
    bundle: int = 1
    claim_rows: int = 10
    send_seconds: float = 10.0
    lives: int = 5
    first_backoff_seconds: float = 60.0
    longest_backoff_seconds: float = 3600.0

    @property
    def lease_seconds(self) -> float:
        """Six sendings long, as the slowest bundle must not outlive its lease."""
        return 6 * self.send_seconds

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
