"""The board in the waiting room: numbers and rooms; a masked name only where the queue's rules say so."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from app.core import clock
from app.core.db import db
from app.core.errors import NotFoundError
from app.emr.models import Patient
from app.emr.rules import masked
from app.journey.models import Visit
from app.queues.models import Call, Queue, QueueEntry, QueuePolicy, ServicePoint
from app.queues.states import EntryStatus

LAST_CALLS = 5
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
    next_numbers: tuple[int, ...]
    waiting_count: int
    at: datetime

    @property
    def topic(self) -> str:
        """Return the topic that moves this board."""
        return f"board:{self.id}"


def public_board(queue_id: UUID) -> PublicBoard:
    """Return the board of a queue, today's calls only; 4 statements."""
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
        .order_by(Call.at.desc(), Call.id.desc())
        .limit(LAST_CALLS)
    ).all()
    waiting = (QueueEntry.queue_id == head.id, QueueEntry.status == EntryStatus.WAITING)
    numbers = db.session.execute(
        select(QueueEntry.number)
        .where(*waiting)
        .order_by(QueueEntry.rank_class.desc(), QueueEntry.eligible_at, QueueEntry.id)
        .limit(NEXT_NUMBERS)
    ).scalars()
    count = db.session.execute(select(func.count()).select_from(QueueEntry).where(*waiting)).scalar_one()
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
            for call, room_ko, room_en, status, name in calls
        ),
        next_numbers=tuple(numbers),
        waiting_count=count,
        at=clock.utcnow(),
    )
