"""Learning at night: how far off the forecasts of the last days were; the oldest are forgotten."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from statistics import fmean

import structlog
from sqlalchemy import delete, func, select

from app.core import clock
from app.core.db import db
from app.core.transaction import release, transactional
from app.waits import queries
from app.waits.models import WaitCalibration, WaitForecast
from app.waits.rules import ENOUGH, Quantiles, bucket_of, calibrated

log = structlog.get_logger(__name__)

CALIBRATED_DAYS = 10
# Where the errors of the days before would have held fewer of the last days' waits than this (nominal 80 %, over
# so many waits that were told more than five minutes), ranges are told so much wider until they hold again.
LEAST_HELD, JUDGED, WIDER = 0.75, 50, 1.25
KEPT_DAYS = 35
PIECE_ROWS = 500

Errors = Sequence[tuple[float, float]]  # eta and (actual - eta), in seconds


def calibrate(day: date | None = None) -> int:
    """Reckon how far off the forecasts were up to a business day (the last full one); return how many queues.

    Of a stored forecast only two things are read: the expectation and when the call came. What was told is not, so
    no forecast learns from a forecast. May run twice: the same rows give the same figures.
    """
    day = day or _last_full_day()
    begin, end = _days_until(day, CALIBRATED_DAYS)
    earlier, _ = _days_until(day, 2 * CALIBRATED_DAYS)
    last, before = queries.told_between(begin, end), queries.told_between(earlier, begin)
    release()
    for queue_id, told in sorted(last.items()):
        errors = _errors(told)
        figures = calibrated(errors)
        if not _would_hold(calibrated(_errors(before.get(queue_id, ()))), errors):
            log.warning("wait_ranges_too_narrow", queue_id=queue_id, count=len(errors))
            figures = {bucket: _widened(one) for bucket, one in figures.items()}
        _keep(queue_id, figures, day)
    return len(last)


def calibrate_if_due() -> int:
    """Calibrate once after each turn of the business day; return how many queues, 0 where it is done."""
    done = db.session.execute(select(func.max(WaitCalibration.day))).scalar()
    release()
    day = _last_full_day()
    return 0 if done is not None and done >= day else calibrate(day)


def purge_expired() -> int:
    """Delete forecasts older than five weeks, in small pieces; the report looks back two."""
    gone = 0
    while (piece := _purge_piece()) == PIECE_ROWS:
        gone += piece
    return gone + piece


@transactional
def _purge_piece() -> int:
    before, _ = clock.day_bounds(clock.today() - timedelta(days=KEPT_DAYS))
    old = list(
        db.session.execute(
            select(WaitForecast.id).where(WaitForecast.made_at < before).limit(PIECE_ROWS)
        ).scalars()
    )
    if old:
        db.session.execute(
            delete(WaitForecast).where(WaitForecast.id.in_(old)).execution_options(synchronize_session=False)
        )
    return len(old)


@transactional
def _keep(queue_id: int, figures: Mapping[int, Quantiles], day: date) -> None:
    """Put the new figures in the place of the old; a queue at a time, so that no lock is held long."""
    db.session.execute(
        delete(WaitCalibration)
        .where(WaitCalibration.queue_id == queue_id)
        .execution_options(synchronize_session=False)
    )
    db.session.add_all(
        WaitCalibration(
            queue_id=queue_id,
            bucket=bucket,
            low=one.low,
            mid=one.mid,
            high=one.high,
            count=one.count,
            day=day,
        )
        for bucket, one in sorted(figures.items())
    )


def _errors(told: Iterable[queries.Told]) -> Errors:
    return [(one.eta_seconds, one.actual_seconds - one.eta_seconds) for one in told]


def _would_hold(known: Mapping[int, Quantiles], errors: Errors) -> bool:
    """Whether ranges made from `known` would have held enough of these errors, which they had not seen."""
    judged = [
        known[bucket_of(eta)].low <= error <= known[bucket_of(eta)].high
        for eta, error in errors
        if eta > queries.BUSY_SECONDS and bucket_of(eta) in known and known[bucket_of(eta)].count >= ENOUGH
    ]
    return len(judged) < JUDGED or fmean(judged) >= LEAST_HELD


def _last_full_day() -> date:
    return clock.today() - timedelta(days=1)


def _days_until(day: date, days: int) -> tuple[datetime, datetime]:
    return clock.day_bounds(day - timedelta(days=days - 1))[0], clock.day_bounds(day)[1]


def _widened(one: Quantiles) -> Quantiles:
    return Quantiles(
        one.mid - WIDER * (one.mid - one.low), one.mid, one.mid + WIDER * (one.high - one.mid), one.count
    )
