"""The table of the journey against the specification's, over every state, entry and command."""

from itertools import product

import pytest

from app.core.errors import TransitionRefusedError
from app.journey.states import ANY_ENTRY, TABLE, Command, Reason, State, check, may_start
from app.queues.states import EntryStatus

S, E = State, EntryStatus
ANY = frozenset({None, *EntryStatus})
REFS = {*(f"V{n}" for n in range(1, 23)), "V6a", *(f"E{n}" for n in range(1, 10))}
# The specification's tables: command -> from which states of visit and entry.
OPEN: dict[Command, tuple[set[State], frozenset[EntryStatus | None]]] = {
    Command.ARRIVE: ({S.UNREGISTERED}, frozenset({None})),
    Command.REGISTER: ({S.ARRIVED}, frozenset({None})),
    Command.JOIN: ({S.REGISTERED, S.WAITING}, frozenset({None})),
    Command.CALL: ({S.WAITING}, frozenset({E.WAITING})),
    Command.RECALL: ({S.CALLED}, frozenset({E.CALLED})),
    Command.START: ({S.CALLED}, frozenset({E.CALLED})),
    Command.COMPLETE: ({S.ONGOING}, frozenset({E.IN_SERVICE})),
    Command.ADD_STEP: ({S.REGISTERED, S.WAITING, S.CALLED, S.ONGOING, S.PAYMENT}, ANY),
    Command.REVOKE: ({S.REGISTERED, S.WAITING, S.CALLED, S.ONGOING, S.PAYMENT}, ANY),
    Command.PAY: ({S.PAYMENT}, frozenset({None})),
    Command.UNDO: (set(State), ANY),
    Command.MISS: ({S.CALLED}, frozenset({E.CALLED})),
    Command.RE_ENTER: ({S.WAITING}, frozenset({E.NO_SHOW})),
    Command.UNCALL: ({S.CALLED}, frozenset({E.CALLED})),
    Command.START_DIRECT: ({S.WAITING}, frozenset({E.WAITING})),
    Command.PAUSE: ({S.ONGOING}, frozenset({E.IN_SERVICE})),
    Command.HOLD: ({S.WAITING}, frozenset({E.WAITING})),
    Command.RESUME: ({S.WAITING}, frozenset({E.HELD})),
    Command.PRIORITY: ({S.WAITING}, frozenset({E.WAITING})),
    Command.SKIP_ONCE: ({S.WAITING}, frozenset({E.WAITING})),
    Command.TRANSFER: ({S.WAITING, S.CALLED}, frozenset({E.WAITING, E.HELD, E.CALLED})),
    Command.WAIVE: ({S.WAITING}, frozenset({None, E.WAITING, E.HELD, E.NO_SHOW})),
    Command.LEAVE: ({S.ARRIVED, S.REGISTERED, S.WAITING, S.CALLED, S.ONGOING, S.COMPLETED}, ANY),
    Command.CANCEL: (set(State) - {S.FINISHED}, ANY),
    Command.TRANSFER_OUT: (set(State) - {S.FINISHED}, ANY),
    Command.CLOSE: (set(State) - {S.FINISHED}, ANY),
    Command.VOID: (set(State), ANY),
}


@pytest.mark.parametrize("command", Command)
def test_a_command_starts_where_the_specification_says_and_nowhere_else(command: Command) -> None:
    states, entries = OPEN[command]
    for state, entry in product(State, ANY_ENTRY):
        is_open = state in states and entry in entries
        assert may_start(command, state, entry) is is_open
        if is_open:
            assert check(command, state, entry) is TABLE[command]
        else:
            with pytest.raises(TransitionRefusedError) as refused:
                check(command, state, entry)
            assert (refused.value.status, refused.value.details["command"]) == (409, command)


def test_every_way_of_the_specification_has_its_place() -> None:
    named = {ref for way in TABLE.values() for ref in way.refs.split()}
    # V1a is no way and V1b a repeat.
    assert named == REFS
    assert TABLE.keys() == set(Command)


def test_a_reason_is_asked_for_where_the_specification_asks() -> None:
    by_reason: dict[Reason, set[Command]] = {}
    for command, way in TABLE.items():
        by_reason.setdefault(way.reason, set()).add(command)
    assert by_reason[Reason.SOMETIMES] == {Command.CALL, Command.WAIVE}
    assert by_reason[Reason.ALWAYS] == {
        Command.START_DIRECT,
        Command.PAUSE,
        Command.HOLD,
        Command.PRIORITY,
        Command.SKIP_ONCE,
        Command.CANCEL,
        Command.TRANSFER_OUT,
        Command.CLOSE,
        Command.VOID,
    }


def test_patients_move_their_own_visit_only_so() -> None:
    assert {command for command, way in TABLE.items() if way.is_own} == {
        Command.ARRIVE,
        Command.REGISTER,
        Command.JOIN,
        Command.HOLD,
        Command.RESUME,
        Command.RE_ENTER,
        Command.CANCEL,
        Command.LEAVE,
    }


def test_nothing_leaves_a_finished_visit_but_undo_and_void() -> None:
    assert {command for command, way in TABLE.items() if State.FINISHED in way.visit_from} == {
        Command.UNDO,
        Command.VOID,
    }


def test_completed_lasts_no_time() -> None:
    assert not [
        command
        for command, way in TABLE.items()
        if State.COMPLETED in way.visit_to and command != Command.UNDO
    ]
