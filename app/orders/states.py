"""Where an order and its lines stand, and every way from there: one dictionary. All else is 409.

The words are FHIR's (ServiceRequest.status, request-priority). `draft` costs nothing and reserves nothing.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.core.errors import TransitionRefusedError


class OrderStatus(StrEnum):
    """Where an order stands (FHIR ServiceRequest.status)."""

    DRAFT = "draft"
    ACTIVE = "active"
    ON_HOLD = "on-hold"
    COMPLETED = "completed"
    REVOKED = "revoked"


class LineStatus(StrEnum):
    """Where one ordered item stands."""

    ACTIVE = "active"
    COMPLETED = "completed"
    REVOKED = "revoked"


class Priority(StrEnum):
    """How soon (FHIR request-priority)."""

    ROUTINE = "routine"
    URGENT = "urgent"
    ASAP = "asap"
    STAT = "stat"


class Command(StrEnum):
    """Everything that anybody may want of an order."""

    ACTIVATE = "activate"
    HOLD = "hold"
    RESUME = "resume"
    CHANGE = "change"
    COMPLETE = "complete"
    COMPLETE_LINE = "complete-line"
    REVOKE = "revoke"
    # What happens to the visit happens to the order: its step was finished, was dropped, or was brought back.
    FINISH_STEP = "finish-step"
    DROP_STEP = "drop-step"
    REOPEN = "reopen"


@dataclass(frozen=True, slots=True)
class Way:
    """From which statuses a command may start, where it may end, and whether it says why."""

    from_: frozenset[OrderStatus]
    to: frozenset[OrderStatus]
    needs_reason: bool = False


O = OrderStatus  # noqa: E741 - the table below is read as a table
OPEN: Final = frozenset({O.DRAFT, O.ACTIVE, O.ON_HOLD})
UNDER_WAY: Final = frozenset({O.ACTIVE, O.ON_HOLD})
CLOSED: Final = frozenset({O.COMPLETED, O.REVOKED})


def _only(*statuses: OrderStatus) -> frozenset[OrderStatus]:
    return frozenset(statuses)


TABLE: Final[Mapping[Command, Way]] = {
    Command.ACTIVATE: Way(_only(O.DRAFT), _only(O.ACTIVE)),
    Command.HOLD: Way(_only(O.ACTIVE), _only(O.ON_HOLD), needs_reason=True),
    Command.RESUME: Way(_only(O.ON_HOLD), _only(O.ACTIVE)),
    Command.CHANGE: Way(OPEN, OPEN),
    Command.COMPLETE: Way(_only(O.ACTIVE), _only(O.COMPLETED)),
    Command.COMPLETE_LINE: Way(_only(O.ACTIVE), _only(O.ACTIVE, O.COMPLETED)),
    Command.REVOKE: Way(OPEN, _only(O.REVOKED), needs_reason=True),
    # Somebody who was examined was examined, even where the order had been put on hold meanwhile.
    Command.FINISH_STEP: Way(UNDER_WAY, frozenset({*UNDER_WAY, O.COMPLETED})),
    Command.DROP_STEP: Way(UNDER_WAY, frozenset({*UNDER_WAY, *CLOSED})),
    Command.REOPEN: Way(frozenset({*UNDER_WAY, *CLOSED}), UNDER_WAY),
}


def check(command: Command, status: OrderStatus) -> Way:
    """Return the way of a command from here. Raise TransitionRefusedError for everything not in the table."""
    way = TABLE[command]
    if status not in way.from_:
        raise TransitionRefusedError(command=str(command), status=str(status))
    return way


def may_start(command: Command, status: OrderStatus) -> bool:
    """Whether the table has a way from here (what a page offers as a button)."""
    return status in TABLE[command].from_


def status_after(command: Command, before: OrderStatus, lines: Collection[LineStatus]) -> OrderStatus:
    """Return where an order stands once a command has changed its lines; the one function that decides it.

    An order whose last open line ends is completed where anything of it was done, else revoked.
    """
    if command is Command.REVOKE:
        return OrderStatus.REVOKED
    if command is Command.ACTIVATE or command is Command.RESUME:
        return OrderStatus.ACTIVE
    if command is Command.HOLD:
        return OrderStatus.ON_HOLD
    if LineStatus.ACTIVE in lines:
        return OrderStatus.ACTIVE if before in CLOSED else before
    return OrderStatus.COMPLETED if LineStatus.COMPLETED in lines else OrderStatus.REVOKED
