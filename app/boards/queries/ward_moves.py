"""What happened in a queue: who was called, moved, missed, by whom, so that nobody comes back to a riddle."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from app.accounts.models import Staff
from app.boards.queries.ward import queue_head
from app.core import outbox
from app.core.actor import Actor
from app.core.db import db
from app.emr.models import Patient
from app.journey.models import FlowEvent, Visit
from app.journey.states import Command

MOST_MOVES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One command of a visit's history, in the words of the ward; `by_name` None: the house itself, or the patient."""

    at: datetime
    command: Command
    by_kind: str
    by_name: str | None
    is_mine: bool
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A line with the patient whom it moved."""

    line: Line
    visit_id: UUID
    patient_id: UUID
    number: int | None
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WardMoves:
    """What moved a queue after a seq, newest first."""

    id: UUID
    seq: int
    name_ko: str
    name_en: str
    moves: tuple[Move, ...]

    @property
    def by_others(self) -> tuple[Move, ...]:
        """Return what somebody else did."""
        return tuple(move for move in self.moves if not move.line.is_mine)

    @property
    def discloses(self) -> tuple[UUID, ...]:
        """Return the patients that this value shows."""
        return tuple(move.patient_id for move in self.moves)


def ward_moves(queue_id: UUID, *, after_seq: int | None = None, by: Actor) -> WardMoves:
    """Return what happened after a seq, the last MOST_MOVES at most (of a day: more is not kept); 3 statements."""
    head = queue_head(queue_id, by=by)
    after = max(after_seq if after_seq is not None else 0, head.seq - MOST_MOVES)
    moved = outbox.moves_after(db.session(), f"queue:{queue_id}", after, MOST_MOVES)
    ids = [one for move in moved for one in move.ids]
    rows = (
        db.session.execute(_lines().where(FlowEvent.id.in_(ids)).order_by(FlowEvent.id.desc())) if ids else ()
    )
    return WardMoves(
        id=head.public_id,
        seq=head.seq,
        name_ko=head.name_ko,
        name_en=head.name_en,
        moves=tuple(
            Move(
                line=line_of(row, by=by),
                visit_id=row.visit_id,
                patient_id=row.patient_id,
                number=row.day_number,
                name=row.name,
            )
            for row in rows
        ),
    )


def history_of(visit_row_id: int) -> list[Any]:
    """Return the first line of every command of a visit, newest first; 1 statement."""
    rows = db.session.execute(
        _lines(FlowEvent.command_id).where(FlowEvent.visit_id == visit_row_id).order_by(FlowEvent.seq)
    )
    return list(reversed(list(_first_lines(rows))))


def line_of(row: Any, *, by: Actor) -> Line:
    """Return one line as it is told."""
    return Line(
        at=row.at,
        command=Command(row.command),
        by_kind=row.actor_kind,
        by_name=row.staff_name,
        is_mine=by.id is not None and row.actor_id == by.id,
        reason=row.reason,
    )


def _lines(*more: Any) -> Select[*tuple[Any, ...]]:
    return (
        select(
            FlowEvent.at,
            FlowEvent.command,
            FlowEvent.actor_kind,
            FlowEvent.actor_id,
            FlowEvent.reason,
            Staff.name.label("staff_name"),
            Visit.public_id.label("visit_id"),
            Visit.day_number,
            Patient.public_id.label("patient_id"),
            Patient.name,
            *more,
        )
        .join(Visit, Visit.id == FlowEvent.visit_id)
        .join(Patient, Patient.id == Visit.patient_id)
        .outerjoin(Staff, Staff.public_id == FlowEvent.actor_id)
    )


def _first_lines(rows: Iterable[Any]) -> Iterable[Any]:
    """Yield the line with which each command began; a completion also joins, and is told once."""
    seen = set[UUID]()
    for row in rows:
        if row.command_id not in seen:
            seen.add(row.command_id)
            yield row
