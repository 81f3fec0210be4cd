"""Noting what happens in a line: somebody joins, is called, was served, would be told something else now."""

from typing import Any

from sqlalchemy import insert, update

from app.core import clock
from app.core.db import db
from app.core.transaction import transactional
from app.queues.services import Entry
from app.waits import queries
from app.waits.models import ServiceTime, WaitForecast
from app.waits.queries import Forecast, Situation
from app.waits.rules import ALPHA_DAY, ALPHA_LONG, smoothed

# A room that was left open over lunch must not teach us that a consultation takes two hours.
LONGEST_TIMES, LEAST_USUAL_SECONDS = 5.0, 60.0
PIECE_ROWS = 200


def note_join(queue: Any, entry: Entry) -> Forecast:
    """Log the forecast of an entry that has just joined, inside the unit of the join; 4 statements.

    Fails nothing: without plan, pace or calibration it is an estimate, and where nothing can be said that is logged.
    """
    situation = queries.situation_before(queue.id, entry)
    forecast = situation.forecast(situation.waiting, pinned=entry.pinned_point_id)
    row = _row(situation, forecast, entry.id, entry.version, pinned=entry.pinned_point_id)
    db.session.execute(insert(WaitForecast), [{**row, "occasion": "join"}])
    return forecast


def note_called(queue: Any, entry: Entry) -> None:
    """Close the forecasts of an entry that has just been called, inside the unit of the call; 1 statement.

    The first call ends the wait, though it be missed or taken back. A forecast made before the entry was held,
    moved or given another class was for another place and stays out of the figures: the entry's version tells,
    as the call itself raised it by one.
    """
    db.session.execute(
        update(WaitForecast)
        .where(
            WaitForecast.entry_id == entry.id,
            WaitForecast.queue_id == queue.id,
            WaitForecast.called_at.is_(None),
        )
        .values(
            called_at=entry.called_at or clock.utcnow(),
            is_clean=WaitForecast.entry_version == entry.version - 1,
        )
        .execution_options(synchronize_session=False)
    )


def note_served(queue: Any, _entry: Entry, seconds: float) -> None:
    """Learn from one service that has ended, under the lock of its queue; 2 statements.

    Forecasts learn the pace from here alone, never from forecasts.
    """
    today = clock.today()
    pace = db.session.get(ServiceTime, queue.id, populate_existing=True)
    if pace is None:
        pace = ServiceTime(
            queue_id=queue.id,
            long_seconds=seconds,
            long_count=0,
            day=today,
            day_seconds=seconds,
            day_count=0,
        )
        db.session.add(pace)
    elif pace.day != today:
        pace.day, pace.day_seconds, pace.day_count = today, pace.long_seconds, 0
    usual = max(pace.long_seconds, LEAST_USUAL_SECONDS)
    sample = min(seconds, LONGEST_TIMES * usual) if pace.long_count else seconds
    # The first services of a new queue count as a plain mean, or it would take weeks to leave the very first.
    early = 1 / (pace.long_count + 1)
    pace.long_seconds = smoothed(pace.long_seconds, sample, max(ALPHA_LONG, early))
    pace.day_seconds = smoothed(pace.day_seconds, sample, max(ALPHA_DAY, early))
    pace.long_count += 1
    pace.day_count += 1


def log_changes() -> int:
    """Log a forecast for everybody who would be told another range than last; return how many. 6 statements to look.

    May run twice: the second run finds nothing changed.
    """
    rows = [
        {
            **_row(
                one.situation,
                one.forecast,
                one.place.entry_id,
                one.place.version,
                pinned=one.place.pinned,
            ),
            "occasion": one.occasion,
        }
        for one in queries.changes()
    ]
    for first in range(0, len(rows), PIECE_ROWS):
        _add(rows[first : first + PIECE_ROWS])
    return len(rows)


@transactional
def _add(rows: list[dict[str, Any]]) -> None:
    db.session.execute(insert(WaitForecast), rows)


def _row(
    situation: Situation, forecast: Forecast, entry_id: int, version: int, *, pinned: int | None
) -> dict[str, Any]:
    low, high = queries.bounds(forecast)
    return {
        "entry_id": entry_id,
        "entry_version": version,
        "queue_id": situation.queue_id,
        "made_at": situation.at,
        "model": queries.MODEL,
        "eta_seconds": forecast.eta_seconds,
        "low_minutes": low,
        "high_minutes": high,
        "inputs": situation.inputs(forecast, pinned=pinned),
        "is_clean": True,
    }
