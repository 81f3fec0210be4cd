"""The board in the waiting room: numbers and rooms; a masked name only where the queue's rules say so."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.core import clock
from app.core.db import db
from app.core.errors import NotFoundError
from app.emr.models import Patient
from app.emr.rules import masked
from app.journey.models import Visit
from app.queues.models import Call, Queue, QueueEntry, QueuePolicy, ServicePoint
from app.queues.states import EntryStatus
from app.waits import queries as waits
from app.waits.queries import Forecast, Why

LAST_CALLS = 5
MOST_OPEN_CALLS = 12  # more than a wall can show to be read; ten rooms call at once at most
NEXT_NUMBERS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class CalledNumber:
    """A number on the wall; `call_id` makes each recall a new announcement."""

    call_id: UUID
    number: int
    room_ko: str
    room_en: str
    attempt: int
    at: datetime
    is_open: bool
    masked_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicBoard:
    """What a waiting room may know."""

    id: UUID
    seq: int
    name_ko: str
    name_en: str
    is_open: bool
    calls: tuple[CalledNumber, ...]
    forecast: Forecast
    next_numbers: tuple[int, ...]
    waiting_count: int
    at: datetime

    @property
    def topic(self) -> str:
        """Return the topic that moves this board."""
        return f"board:{self.id}"

    @property
    def open_calls(self) -> tuple[CalledNumber, ...]:
        """Return who is called and has not come in yet, the newest first."""
        return tuple(call for call in self.calls if call.is_open)[:MOST_OPEN_CALLS]

    @property
    def last_calls(self) -> tuple[CalledNumber, ...]:
        """Return the newest calls, whether they stand or were answered; a missed or withdrawn one is none."""
        return self.calls[:LAST_CALLS]

    @property
    def is_paused(self) -> bool:
        """Whether no room calls for a while."""
        return self.forecast.why is Why.PAUSED


def public_board(queue_id: UUID) -> PublicBoard:
    """Return the board of a queue, today's calls only; 7 statements."""
    found = db.session.execute(
        select(Queue, QueuePolicy.shows_masked_name)
        .join(QueuePolicy, QueuePolicy.queue_id == Queue.id)
        .where(Queue.public_id == queue_id)
    ).one_or_none()
    if found is None:
        raise NotFoundError(kind="queue")
    head, shows_masked_name = found
    begin, _end = clock.day_bounds(clock.today())
    calls = db.session.execute(
        select(Call, ServicePoint.name_ko, ServicePoint.name_en, QueueEntry.status, Patient.name)
        .join(ServicePoint, ServicePoint.id == Call.service_point_id)
        .join(QueueEntry, QueueEntry.id == Call.entry_id)
        .join(Visit, Visit.id == QueueEntry.visit_id)
        .join(Patient, Patient.id == Visit.patient_id)
        .where(
            Call.queue_id == head.id,
            Call.at >= begin,
            Call.live_slot == 1,
            Call.round == QueueEntry.round,
            Call.attempt == QueueEntry.call_count,
            QueueEntry.status.in_([EntryStatus.CALLED, EntryStatus.IN_SERVICE, EntryStatus.DONE]),
        )
        # Those that stand first: a busy house must not push a call off the wall before it was answered.
        .order_by((QueueEntry.status != EntryStatus.CALLED), Call.at.desc(), Call.id.desc())
        .limit(MOST_OPEN_CALLS + LAST_CALLS)
    ).all()
    waiting = (QueueEntry.queue_id == head.id, QueueEntry.status == EntryStatus.WAITING)
    numbers = db.session.execute(
        select(QueueEntry.number)
        .where(*waiting)
        .order_by(QueueEntry.rank_class.desc(), QueueEntry.eligible_at, QueueEntry.id)
        .limit(NEXT_NUMBERS)
    ).scalars()
    outlook = waits.outlook(queue_id)
    return PublicBoard(
        id=head.public_id,
        seq=head.seq,
        name_ko=head.name_ko,
        name_en=head.name_en,
        is_open=head.is_open,
        calls=tuple(
            CalledNumber(
                call_id=call.public_id,
                number=call.number,
                room_ko=room_ko,
                room_en=room_en,
                attempt=call.attempt,
                at=call.at,
                is_open=status == EntryStatus.CALLED,
                masked_name=masked(name) if shows_masked_name else None,
            )
            for call, room_ko, room_en, status, name in sorted(calls, key=_newest, reverse=True)
        ),
        forecast=outlook.newcomer,
        next_numbers=tuple(numbers),
        waiting_count=len(outlook.places),
        at=clock.utcnow(),
    )


def _newest(row: Any) -> tuple[datetime, int]:
    return row.Call.at, row.Call.id
