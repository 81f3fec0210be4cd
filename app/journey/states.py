"""The journey as one dictionary: what each command may do to a visit and to its open entry, by whom. All else is 409.

`docs/journey.md` is drawn from it. Refs are the specification's numbers of the ways (V1…V22, E1…E9).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.accounts.roles import Permission
from app.core.errors import TransitionRefusedError
from app.queues.states import EntryStatus


class State(StrEnum):
    """Where a visit stands (FHIR Encounter with the journey-state extension)."""

    UNREGISTERED = "UNREGISTERED"
    ARRIVED = "ARRIVED"
    REGISTERED = "REGISTERED"
    WAITING = "WAITING"
    CALLED = "CALLED"
    ONGOING = "ONGOING"
    COMPLETED = "COMPLETED"
    PAYMENT = "PAYMENT"
    FINISHED = "FINISHED"


class Disposition(StrEnum):
    """How a finished visit ended."""

    COMPLETED = "completed"
    CANCELLED_BY_PATIENT = "cancelled_by_patient"
    CANCELLED_BY_STAFF = "cancelled_by_staff"
    NO_SHOW_VISIT = "no_show_visit"
    LWBS = "lwbs"
    LEFT_DURING_CARE = "left_during_care"
    TRANSFERRED_OUT = "transferred_out"
    ADMIN_CLOSE = "admin_close"
    ENTERED_IN_ERROR = "entered_in_error"


class StepStatus(StrEnum):
    """Where a planned service stands (FHIR ServiceRequest)."""

    PLANNED = "planned"
    READY = "ready"
    ACTIVE = "active"
    DONE = "done"
    WAIVED = "waived"
    CANCELLED = "cancelled"


OPEN_STEPS = frozenset({StepStatus.PLANNED, StepStatus.READY, StepStatus.ACTIVE})


class Command(StrEnum):
    """Everything that anybody may want of a visit."""

    ARRIVE = "arrive"
    REGISTER = "register"
    JOIN = "join"
    CALL = "call"
    RECALL = "recall"
    MISS = "miss"
    RE_ENTER = "re-enter"
    UNCALL = "uncall"
    START = "start"
    START_DIRECT = "start-direct"
    COMPLETE = "complete"
    ADD_STEP = "add-step"
    PAY = "pay"
    PAUSE = "pause"
    RESUME = "resume"
    HOLD = "hold"
    SKIP_ONCE = "skip-once"
    PRIORITY = "priority"
    TRANSFER = "transfer"
    WAIVE = "waive"
    REVOKE = "revoke"
    CANCEL = "cancel"
    LEAVE = "leave"
    TRANSFER_OUT = "transfer-out"
    VOID = "void"
    CLOSE = "close"
    UNDO = "undo"


ANY_ENTRY = frozenset[EntryStatus | None]({None, *EntryStatus})
OPEN_STATES = frozenset(State) - {State.FINISHED}
UNFINISHED = OPEN_STATES - {State.UNREGISTERED}


class Reason(StrEnum):
    """When a command must say why."""

    NEVER = "never"
    ALWAYS = "always"
    SOMETIMES = "sometimes"  # overtaking somebody; a mandatory step that is waived


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One command: from which states of visit and entry it may start and where it may end, by whose right, and why.

    `is_own`: a patient may do it for the own visit (the kiosk for the person in front, the desk for anybody).
    """

    refs: str
    visit_from: frozenset[State]
    visit_to: frozenset[State]
    entry_from: frozenset[EntryStatus | None]
    entry_to: frozenset[EntryStatus | None]
    right: Permission
    is_own: bool
    reason: Reason


def _way(
    refs: str,
    visit: tuple[State | frozenset[State], State | frozenset[State]],
    entry: tuple[
        EntryStatus | frozenset[EntryStatus | None] | None, EntryStatus | frozenset[EntryStatus | None] | None
    ],
    right: Permission = Permission.DRIVE_QUEUE,
    reason: Reason = Reason.NEVER,
    *,
    is_own: bool = False,
) -> Way:
    def many(value: object) -> frozenset[object]:
        return value if isinstance(value, frozenset) else frozenset({value})

    return Way(
        refs=refs,
        visit_from=many(visit[0]),  # type: ignore[arg-type]
        visit_to=many(visit[1]),  # type: ignore[arg-type]
        entry_from=many(entry[0]),  # type: ignore[arg-type]
        entry_to=many(entry[1]),  # type: ignore[arg-type]
        right=right,
        reason=reason,
        is_own=is_own,
    )


S, E, P = State, EntryStatus, Permission
ASIDE = frozenset[EntryStatus | None]({E.WAITING, E.HELD, E.NO_SHOW})
NEXT = frozenset[EntryStatus | None]({None, E.WAITING})
SERVED = frozenset({S.REGISTERED, S.WAITING, S.CALLED, S.ONGOING, S.PAYMENT})
MAY_LEAVE = UNFINISHED - {S.PAYMENT}

TABLE: Mapping[Command, Way] = {
    Command.ARRIVE: _way("V1 V22", (S.UNREGISTERED, S.ARRIVED), (None, None), P.GUIDE_OWN_VISIT, is_own=True),
    Command.REGISTER: _way(
        "V2",
        (S.ARRIVED, frozenset({S.REGISTERED, S.WAITING, S.PAYMENT})),
        (None, NEXT),
        P.REGISTER_VISIT,
        is_own=True,
    ),
    Command.JOIN: _way(
        "V3 V11", (frozenset({S.REGISTERED, S.WAITING}), S.WAITING), (None, E.WAITING), is_own=True
    ),
    Command.CALL: _way("V4", (S.WAITING, S.CALLED), (E.WAITING, E.CALLED), reason=Reason.SOMETIMES),
    Command.RECALL: _way("V5", (S.CALLED, S.CALLED), (E.CALLED, E.CALLED)),
    Command.MISS: _way("V6 E7", (S.CALLED, S.WAITING), (E.CALLED, E.NO_SHOW)),
    Command.RE_ENTER: _way("V6a", (S.WAITING, S.WAITING), (E.NO_SHOW, E.WAITING), is_own=True),
    Command.UNCALL: _way("V7", (S.CALLED, S.WAITING), (E.CALLED, E.WAITING)),
    Command.START: _way("V8", (S.CALLED, S.ONGOING), (E.CALLED, E.IN_SERVICE)),
    Command.START_DIRECT: _way("V9", (S.WAITING, S.ONGOING), (E.WAITING, E.IN_SERVICE), reason=Reason.ALWAYS),
    Command.COMPLETE: _way(
        "V10 V11 V12", (S.ONGOING, frozenset({S.WAITING, S.PAYMENT})), (E.IN_SERVICE, NEXT)
    ),
    Command.ADD_STEP: _way("V13", (SERVED, SERVED), (ANY_ENTRY, ANY_ENTRY), P.ADD_STEP),
    Command.PAY: _way("V14", (S.PAYMENT, S.FINISHED), (None, None), P.PAY_VISIT),
    Command.PAUSE: _way("V15", (S.ONGOING, S.WAITING), (E.IN_SERVICE, E.HELD), reason=Reason.ALWAYS),
    Command.HOLD: _way("E1", (S.WAITING, S.WAITING), (E.WAITING, E.HELD), reason=Reason.ALWAYS, is_own=True),
    Command.RESUME: _way("E2", (S.WAITING, S.WAITING), (E.HELD, E.WAITING), is_own=True),
    Command.PRIORITY: _way("E3", (S.WAITING, S.WAITING), (E.WAITING, E.WAITING), reason=Reason.ALWAYS),
    Command.SKIP_ONCE: _way("E4", (S.WAITING, S.WAITING), (E.WAITING, E.WAITING), reason=Reason.ALWAYS),
    Command.TRANSFER: _way(
        "E5 E9",
        (frozenset({S.WAITING, S.CALLED}), S.WAITING),
        (frozenset({E.WAITING, E.HELD, E.CALLED}), E.WAITING),
    ),
    Command.WAIVE: _way(
        "E6",
        (S.WAITING, frozenset({S.WAITING, S.PAYMENT})),
        (frozenset({None, *ASIDE}), NEXT),
        P.ADD_STEP,
        Reason.SOMETIMES,
    ),
    Command.LEAVE: _way("V16", (MAY_LEAVE, S.FINISHED), (ANY_ENTRY, None), is_own=True),
    # An order that the EMR takes back: not that of the room which has called the patient, or has begun.
    Command.REVOKE: _way("V13 V17", (SERVED, SERVED), (ANY_ENTRY, ANY_ENTRY), P.REVOKE_STEP),
    Command.CANCEL: _way(
        "V17", (OPEN_STATES, S.FINISHED), (ANY_ENTRY, None), P.CANCEL_VISIT, Reason.ALWAYS, is_own=True
    ),
    Command.TRANSFER_OUT: _way("V18", (OPEN_STATES, S.FINISHED), (ANY_ENTRY, None), reason=Reason.ALWAYS),
    Command.CLOSE: _way(
        "V19", (OPEN_STATES, S.FINISHED), (ANY_ENTRY, None), P.VOID_VISIT, reason=Reason.ALWAYS
    ),
    Command.UNDO: _way("V20", (frozenset(State), frozenset(State)), (ANY_ENTRY, ANY_ENTRY), P.UNDO),
    Command.VOID: _way(
        "V21 E8", (frozenset(State), S.FINISHED), (ANY_ENTRY, None), P.VOID_VISIT, Reason.ALWAYS
    ),
}


def check(command: Command, state: State, entry: EntryStatus | None) -> Way:
    """Return the way of a command from here. Raise TransitionRefusedError for everything not in the table."""
    way = TABLE[command]
    if state not in way.visit_from or entry not in way.entry_from:
        raise TransitionRefusedError(command=str(command), state=str(state), entry=entry and str(entry))
    return way


def may_start(command: Command, state: State, entry: EntryStatus | None) -> bool:
    """Whether the table has a way from here (what a page offers as a button)."""
    way = TABLE[command]
    return state in way.visit_from and entry in way.entry_from
