"""The table of the journey against the specification's, over every state, entry and command."""

from itertools import product

import pytest

from app.core.errors import TransitionRefusedError
from app.journey.states import ANY_ENTRY, TABLE, Command, State, check, may_start
from app.queues.states import EntryStatus

S, E = State, EntryStatus
ANY = frozenset({None, *EntryStatus})
REFS = {*(f"V{n}" for n in range(1, 23)), "V6a", *(f"E{n}" for n in range(1, 9))}
# domain.md 1.3 and 1.4, as far as the house walks: command -> from which states of visit and entry.
OPEN: dict[Command, tuple[set[State], frozenset[EntryStatus | None]]] = {
    Command.ARRIVE: ({S.UNREGISTERED}, frozenset({None})),
    Command.REGISTER: ({S.ARRIVED}, frozenset({None})),
    Command.JOIN: ({S.REGISTERED, S.WAITING}, frozenset({None})),
    Command.CALL: ({S.WAITING}, frozenset({E.WAITING})),
    Command.RECALL: ({S.CALLED}, frozenset({E.CALLED})),
    Command.START: ({S.CALLED}, frozenset({E.CALLED})),
    Command.COMPLETE: ({S.ONGOING}, frozenset({E.IN_SERVICE})),
    Command.ADD_STEP: ({S.REGISTERED, S.WAITING, S.CALLED, S.ONGOING, S.PAYMENT}, ANY),
    Command.PAY: ({S.PAYMENT}, frozenset({None})),
    Command.UNDO: (set(State), ANY),
}


@pytest.mark.parametrize("command", Command)
def test_a_command_starts_where_the_specification_says_and_nowhere_else(command: Command) -> None:
    states, entries = OPEN.get(command, (set(), frozenset()))
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
    # V1a is no way and V1b a repeat; E7 is V6, and E9 is many single ways.
    assert named == REFS
    assert TABLE.keys() == set(Command)


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
