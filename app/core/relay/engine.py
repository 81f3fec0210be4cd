"""The engine: claim in one short transaction, render from one snapshot, send outside any, finish in another."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta

import structlog
from sqlalchemy.exc import DBAPIError

from app.core import clock
from app.core.db import db
from app.core.relay.claiming import Claim, Item, claim, store
from app.core.relay.consumer import (
    Consumer,
    Failed,
    Outcome,
    Refused,
    Rendered,
    Skipped,
    TargetDownError,
    Waits,
    Wanted,
)
from app.core.relay.finishing import finish, give_back, target_failed
from app.core.transaction import release

log = structlog.get_logger(__name__)

MARGIN_SECONDS = 2.0
GONE = "gone"
WRONG_COUNT = "the target did not answer for each parcel"


def deliver_due(consumer: Consumer, *, most_seconds: float = 30.0) -> int:
    """Deliver what is due until nothing is, the breaker opens or the time is up; return how many were settled.

    May run in any number of workers at once, and may be killed at any moment: a lease that runs out is taken
    back, and what was sent twice carries the same key. No transaction is open while a target is asked.
    """
    until = clock.monotonic() + most_seconds
    settled = 0
    while clock.monotonic() < until:
        claimed = claim(consumer)
        if claimed is None:
            break
        settled += _deliver(claimed, until)
    release()
    return settled


def peek(consumer: Consumer, wanted: Wanted) -> Rendered | Skipped | Refused:
    """Return what would be sent of one aggregate now; nothing is claimed, sent or written."""
    with _one_snapshot():
        return _render_all(consumer, [wanted]).get(wanted, Skipped(GONE))


def _deliver(claimed: Claim, until: float) -> int:
    """Render, send bundle by bundle, and record each before the next is sent."""
    rendered, spoiled = _render(claimed)
    settled = finish(claimed, spoiled, {}, has_answered=False) if spoiled else 0
    kept = store(claimed, rendered)
    waiting = [item for item in claimed.items if item.row_id in kept]
    if not waiting and claimed.probe is not None:
        give_back(claimed, ())
    while waiting:
        if clock.monotonic() >= until or _is_too_late(claimed):
            give_back(claimed, waiting)
            break
        bundle, waiting = waiting[: claimed.consumer.bundle], waiting[claimed.consumer.bundle :]
        try:
            outcomes = _send(claimed, bundle, rendered)
        except TargetDownError as error:
            log.warning("outbox_target_down", kind=claimed.consumer.name, reason=error.reason)
            known = {item: error.known[item.row_id] for item in bundle if item.row_id in error.known}
            if known:
                settled += finish(claimed, known, rendered, has_answered=False)
            target_failed(claimed, [item for item in bundle if item not in known], waiting, error)
            break
        # Who only waits has asked nothing: that is no sign of life, and no use of a half-open breaker's one try.
        has_answered = not all(isinstance(one, Waits | Skipped) for one in outcomes)
        settled += finish(
            claimed, dict(zip(bundle, outcomes, strict=True)), rendered, has_answered=has_answered
        )
        if claimed.probe is not None and not has_answered:
            give_back(claimed, ())
    return settled


def _render(claimed: Claim) -> tuple[dict[int, Rendered], dict[Item, Outcome]]:
    """Render all items from one snapshot; return what can be sent, and the end of what cannot."""
    items = {Wanted(item.kind, item.aggregate_id): item for item in claimed.items}
    try:
        with _one_snapshot():
            found = _render_all(claimed.consumer, tuple(items))
    except DBAPIError:
        give_back(claimed, claimed.items)
        raise
    good: dict[int, Rendered] = {}
    ended: dict[Item, Outcome] = {}
    for wanted, item in items.items():
        one = found.get(wanted, Skipped(GONE))
        if isinstance(one, Rendered):
            good[item.row_id] = one
        else:
            ended[item] = one
    return good, ended


def _render_all(
    consumer: Consumer, wanted: Sequence[Wanted]
) -> Mapping[Wanted, Rendered | Skipped | Refused]:
    """Render all together; where that fails, each by itself: one fault must not hold up the others."""
    try:
        return consumer.render(wanted)
    except DBAPIError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it was, the others are rendered
        if len(wanted) > 1:
            return {one: found for each in wanted for one, found in _render_all(consumer, [each]).items()}
        # Its text may quote a patient's data: only its type leaves.
        log.error("outbox_render_failed", kind=wanted[0].kind, error_type=type(error).__name__)  # noqa: TRY400 - see above
        return {wanted[0]: Refused(f"rendering failed: {type(error).__name__}")}


def _send(claimed: Claim, bundle: Sequence[Item], rendered: dict[int, Rendered]) -> Sequence[Outcome]:
    """Ask the target, with no connection held. Raise TargetDownError."""
    parcels = [item.parcel(rendered[item.row_id]) for item in bundle]
    release()
    try:
        outcomes = claimed.consumer.deliver(parcels)
    except (TargetDownError, DBAPIError):
        raise
    except Exception as error:  # noqa: BLE001 - a fault of ours costs a life, or it would be sent for ever
        log.error("outbox_deliver_failed", kind=claimed.consumer.name, error_type=type(error).__name__)  # noqa: TRY400 - see above
        return [Failed(f"delivering failed: {type(error).__name__}")] * len(parcels)
    finally:
        release()
    if len(outcomes) != len(parcels):
        raise TargetDownError(WRONG_COUNT)
    return outcomes


def _is_too_late(claimed: Claim) -> bool:
    """Whether a slow answer would outlive the lease, so that another worker could be sending the same."""
    latest = claimed.until - timedelta(seconds=claimed.consumer.send_seconds + MARGIN_SECONDS)
    return clock.utcnow() >= latest


@contextmanager
def _one_snapshot() -> Iterator[None]:
    """Read everything as of one moment, writing nothing."""
    release()
    if db.engine.dialect.name != "sqlite":  # whose read transactions are snapshots
        db.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    try:
        yield
    finally:
        release()
