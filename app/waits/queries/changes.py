"""Who would be told something else now than was told last."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from app.core.db import db
from app.queues.models import Call, Queue, QueueEntry
from app.queues.states import EntryStatus
from app.waits.models import WaitForecast
from app.waits.queries.outlooks import Place, lines
from app.waits.queries.situations import Forecast, Situation, situations


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A new forecast for somebody who waits; `occasion` is `call` where somebody was called since the last."""

    situation: Situation
    place: Place
    forecast: Forecast
    occasion: str


def changes() -> tuple[Change, ...]:
    """Return the forecasts whose range differs from what was logged last; 6 statements, however many queues."""
    waiting = lines()
    if not waiting:
        return ()
    found = situations(Queue.id.in_(sorted(waiting)))
    last, called = _told_last(), _called_last()
    return tuple(
        change
        for queue_id, line in waiting.items()
        if queue_id in found
        for place in line
        if (change := _change(found[queue_id], place, last, called.get(queue_id))) is not None
    )


def _change(
    situation: Situation, place: Place, last: Mapping[int, Any], called_at: datetime | None
) -> Change | None:
    forecast = situation.forecast(place.ahead, pinned=place.pinned)
    before = last.get(place.entry_id)
    if before is not None and (before.low_minutes, before.high_minutes) == bounds(forecast):
        return None
    is_call = before is not None and called_at is not None and called_at > before.made_at
    return Change(
        situation=situation, place=place, forecast=forecast, occasion="call" if is_call else "change"
    )


def bounds(forecast: Forecast) -> tuple[int | None, int | None]:
    """Return the ends of a range in minutes, or nothing twice."""
    told = forecast.range
    return (None, None) if told is None else (told.low_minutes, told.high_minutes)


def _told_last() -> dict[int, Any]:
    """Return the newest logged forecast of everybody who waits."""
    newest = (
        select(func.max(WaitForecast.id).label("id"))
        .join(QueueEntry, QueueEntry.id == WaitForecast.entry_id)
        .where(QueueEntry.status == EntryStatus.WAITING)
        .group_by(WaitForecast.entry_id)
        .subquery()
    )
    rows = db.session.execute(
        select(
            WaitForecast.entry_id, WaitForecast.low_minutes, WaitForecast.high_minutes, WaitForecast.made_at
        ).join(newest, newest.c.id == WaitForecast.id)
    )
    return {row.entry_id: row for row in rows}


def _called_last() -> dict[int, datetime]:
    rows = db.session.execute(select(Call.queue_id, func.max(Call.at)).group_by(Call.queue_id))
    return {row[0]: row[1] for row in rows}
