"""A visit's history as FHIR tells it: fewer statuses than our states, never back, and nothing that was taken back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final
from uuid import UUID

from app.journey.states import Command, Disposition, State

PLANNED, ARRIVED, IN_PROGRESS = "planned", "arrived", "in-progress"
FINISHED, CANCELLED, IN_ERROR = "finished", "cancelled", "entered-in-error"
# Once one of these was reached, care has begun, and waiting for the next room does not unmake it.
BEGUN: Final = frozenset({State.ONGOING, State.COMPLETED, State.PAYMENT})


@dataclass(frozen=True, slots=True)
class Stay:
    """Time in a room; without an end it lasts. `is_called`: the room waits for the patient."""

    point_id: UUID
    start: datetime
    end: datetime | None = None
    is_called: bool = False


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of the visit's history (`flow_event`); `left` is the room that a pause has emptied."""

    command: str
    command_id: UUID
    to_state: str
    at: datetime
    left: Stay | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """How long Encounter.status was one and the same; what is not known is None."""

    status: str
    start: datetime | None
    end: datetime | None = None


def standing(history: Sequence[Happening]) -> tuple[Happening, ...]:
    """Return what still stands: an undo takes the command before it away, and itself.

    A start within a minute of another one was a mistake and nobody's care; the history as it was really walked, with
    its mistakes, is ours, and the server's versions of this resource have it too.
    """
    commands: list[list[Happening]] = []
    for _command_id, lines in groupby(history, key=lambda one: one.command_id):
        command = list(lines)
        if command[0].command != Command.UNDO:
            commands.append(command)
        elif commands:
            commands.pop()
    return tuple(line for command in commands for line in command)


def has_begun(lines: Sequence[Happening]) -> bool:
    """Whether care has begun, in a history that stands."""
    return any(line.to_state in BEGUN for line in lines)


def encounter_status(state: str, disposition: str | None, *, is_begun: bool) -> str:
    """Return Encounter.status for one of the nine states and an ending.

    `cancelled` is FHIR's "ended before it has begun": whoever leaves from a room, or is called off there, has finished.
    """
    if state == State.FINISHED:
        return _ended(disposition, is_begun=is_begun)
    if state == State.UNREGISTERED:
        return PLANNED
    return IN_PROGRESS if is_begun or state in BEGUN else ARRIVED


def stages(
    lines: Sequence[Happening], *, state: str, disposition: str | None, expected_at: datetime | None
) -> tuple[Stage, ...]:
    """Return Encounter.statusHistory of a history that stands; the last stage is what the visit is now.

    Nobody notes when a visit was first planned: the booked time stands for it, where the patient came later than that.
    """
    is_begun = has_begun(lines)
    now = encounter_status(state, disposition, is_begun=is_begun)
    moves: list[tuple[str, datetime]] = []
    latest, begun = PLANNED, False
    for line in lines:
        begun = begun or line.to_state in BEGUN
        status = encounter_status(line.to_state, _disposition_of(line, disposition), is_begun=begun)
        if status != latest:
            moves.append((status, max(line.at, moves[-1][1]) if moves else line.at))
            latest = status
    if latest != now:  # the row knows better than its history
        if not lines:
            return ()
        moves.append((now, max([lines[-1].at, *(at for _status, at in moves[-1:])])))
    first = moves[0][1] if moves else None
    planned_at = expected_at if expected_at and (first is None or expected_at <= first) else None
    found = [Stage(PLANNED, planned_at, first)] if planned_at or first else []
    ends: list[datetime | None] = [at for _status, at in moves[1:]]
    found += [Stage(status, at, end) for (status, at), end in zip(moves, [*ends, None], strict=False)]
    return tuple(found)


def _ended(disposition: str | None, *, is_begun: bool) -> str:
    if disposition == Disposition.ENTERED_IN_ERROR:
        return IN_ERROR
    return FINISHED if is_begun or disposition == Disposition.COMPLETED else CANCELLED


def _disposition_of(line: Happening, last: str | None) -> str | None:
    """Return how the visit had ended at this line: it may have been voided later."""
    if line.command == Command.VOID:
        return Disposition.ENTERED_IN_ERROR
    return None if last == Disposition.ENTERED_IN_ERROR else last
