"""The breaker: a target that fails is left alone; when the pause is over, ONE worker tries, with one bundle."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from sqlalchemy import Float, String, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import AsciiKey, Model, db
from app.core.transaction import savepoint

FAILURES_IN_A_ROW: Final = 5
RECENT: Final = 20
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 30.0, 300.0
GOOD, BAD = ".", "x"


class OutboxBreaker(Model):
    """One target's breaker; a row, so that all processes see the same one and it survives Redis."""

    __tablename__ = "outbox_breaker"
    __table_args__ = (Model.__table_args__,)

    consumer: Mapped[str] = mapped_column(AsciiKey(64), primary_key=True)
    recent: Mapped[str] = mapped_column(AsciiKey(32), default="")
    open_until: Mapped[datetime | None]
    pause_seconds: Mapped[float] = mapped_column(Float, default=0.0)
    probe_token: Mapped[str | None] = mapped_column(AsciiKey(36))
    probe_until: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(String(300))


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A breaker as it stands: closed while `open_until` is None."""

    recent: str = ""
    open_until: datetime | None = None
    pause_seconds: float = 0.0

    def name(self, now: datetime) -> str:
        """Return closed, open, or half-open (the pause is over, nobody has come through yet)."""
        if self.open_until is None:
            return "closed"
        return "open" if now < self.open_until else "half-open"


CLOSED = State()


def after_success(state: State, *, is_probe: bool) -> State:
    """Return the breaker after an answer; only the probe may close one that is open."""
    if is_probe:
        return CLOSED
    return state if state.open_until is not None else replace(state, recent=(state.recent + GOOD)[-RECENT:])


def after_failure(state: State, now: datetime, *, is_probe: bool, opens: bool, least_seconds: float) -> State:
    """Return the breaker after a failed request: open after five in a row, or more than half of the last twenty."""
    if state.open_until is not None and not is_probe:
        return state
    recent = (state.recent + BAD)[-RECENT:]
    in_a_row = len(recent) - len(recent.rstrip(BAD))
    is_half_bad = len(recent) == RECENT and recent.count(BAD) * 2 > RECENT
    if not (is_probe or opens or in_a_row >= FAILURES_IN_A_ROW or is_half_bad):
        return replace(state, recent=recent)
    pause = min(max(FIRST_PAUSE_SECONDS, 2 * state.pause_seconds if is_probe else 0.0), LONGEST_PAUSE_SECONDS)
    until = now + timedelta(seconds=max(pause, least_seconds))
    return State(recent=recent, open_until=until, pause_seconds=pause)


def state_of(consumer: str) -> State:
    """Return how a breaker stands; 1 statement."""
    row = (
        db.session.connection()
        .execute(
            select(OutboxBreaker.recent, OutboxBreaker.open_until, OutboxBreaker.pause_seconds).where(
                OutboxBreaker.consumer == consumer
            )
        )
        .one_or_none()
    )
    return (
        CLOSED
        if row is None
        else State(recent=row.recent, open_until=row.open_until, pause_seconds=row.pause_seconds)
    )


def reserve_probe(consumer: str, now: datetime, until: datetime) -> str | None:
    """Reserve the one try of a half-open breaker, inside the claim's transaction; None where somebody has it."""
    token = str(uuid4())
    taken = db.session.connection().execute(
        update(OutboxBreaker)
        .where(
            OutboxBreaker.consumer == consumer,
            OutboxBreaker.open_until <= now,
            or_(OutboxBreaker.probe_until.is_(None), OutboxBreaker.probe_until < now),
        )
        .values(probe_token=token, probe_until=until)
    )
    return token if taken.rowcount == 1 else None


def give_probe_back(consumer: str, probe: str | None) -> None:
    """Let somebody else try: the reserved bundle was never sent."""
    if probe is not None:
        db.session.connection().execute(
            update(OutboxBreaker)
            .where(OutboxBreaker.consumer == consumer, OutboxBreaker.probe_token == probe)
            .values(probe_token=None, probe_until=None)
        )


def succeeded(consumer: str, probe: str | None) -> None:
    """Note an answer, in the transaction that records it; a row of good ones is not written again and again."""
    seen = state_of(consumer)
    if probe is None and (seen.open_until is not None or seen.recent == GOOD * RECENT):
        return
    row = _held(consumer)
    _write(row, after_success(_state(row), is_probe=_is_probe(row, probe)), ends_probe=probe)


def failed(
    consumer: str, probe: str | None, now: datetime, *, reason: str, opens: bool, least_seconds: float
) -> None:
    """Note a request that failed as a whole."""
    row = _held(consumer)
    state = after_failure(
        _state(row), now, is_probe=_is_probe(row, probe), opens=opens, least_seconds=least_seconds
    )
    row.last_error = reason[:300]
    _write(row, state, ends_probe=probe)


def _held(consumer: str) -> OutboxBreaker:
    """Lock the row, made at its first use."""
    statement = (
        select(OutboxBreaker)
        .where(OutboxBreaker.consumer == consumer)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    row = db.session.execute(statement).scalar_one_or_none()
    if row is not None:
        return row
    try:
        with savepoint():
            db.session.add(OutboxBreaker(consumer=consumer))
    except IntegrityError:
        pass  # another worker has just made it
    return db.session.execute(statement).scalar_one()


def _state(row: OutboxBreaker) -> State:
    return State(recent=row.recent, open_until=row.open_until, pause_seconds=row.pause_seconds)


def _is_probe(row: OutboxBreaker, probe: str | None) -> bool:
    """Whether the reservation still stands: one whose time ran out may have been given to another worker."""
    return probe is not None and row.probe_token == probe


def _write(row: OutboxBreaker, state: State, *, ends_probe: str | None) -> None:
    row.recent, row.open_until, row.pause_seconds = state.recent, state.open_until, state.pause_seconds
    if _is_probe(row, ends_probe):
        row.probe_token = row.probe_until = None
