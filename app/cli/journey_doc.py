"""docs/journey.md, written from app/journey/states.py: `python -m app.cli.journey_doc docs/journey.md`."""

import sys
from collections.abc import Collection, Iterable
from pathlib import Path

from app.journey.states import ANY_ENTRY, OPEN_STATES, TABLE, Command, Reason, State, Way
from app.queues.states import EntryStatus, slots_of

HEAD = """# The journey

Written from the table in `app/journey/states.py` by `make docs`; a test compares. A visit has nine states; how it ended
is its disposition. Every change is a command; what the table does not list is refused (409) and nothing is written. The
numbers are those of the specification.

"""
DRAWING = """## The visit

`COMPLETED` lasts no time: it stands in the history between two steps. `undo` goes back from anywhere.

"""
COMMANDS = """
## The commands

*right* is what the actor's role needs, for a patient of the own unit; *own*: patients may do it for their own visit,
the kiosk for the person in front, the desk for anybody. *reason*: without one the command is refused (422); "sometimes"
where it overtakes somebody, or drops a mandatory step.

| command | visit from | visit to | entry from | entry to | right | own | reason | numbers |
|---|---|---|---|---|---|---|---|---|
"""
SLOTS = """
## The entry in a queue

Three unique keys of the database make double entries and double calls impossible; a status holds these slots:

| status | active (one per visit) | engaged (one per visit) | serving (one per place in the room) |
|---|---|---|---|
"""


def page() -> str:
    """Return the whole page."""
    return HEAD + DRAWING + drawing() + COMMANDS + _commands() + SLOTS + _slots()


def drawing() -> str:
    """Return the Mermaid diagram of the ways; a command drawn once per pair of states."""
    pairs: dict[tuple[str, str], list[str]] = {("[*]", State.UNREGISTERED): ["expect, walk-in"]}
    for command, way in TABLE.items():
        if command is not Command.UNDO:
            for pair in _pairs(command, way):
                pairs.setdefault(pair, []).append(command)
    pairs[(State.FINISHED, "[*]")] = []
    lines = [
        f"    {a} --> {b}" + (f" : {', '.join(commands)}" if commands else "")
        for (a, b), commands in pairs.items()
    ]
    return "\n".join(["```mermaid", "stateDiagram-v2", *lines, "```", ""])


def _pairs(command: Command, way: Way) -> Iterable[tuple[str, str]]:
    """Yield from where to where a command leads; one that may stay or fall back says both."""
    # Nobody meets a visit in COMPLETED: it lasts no time.
    for start in _in_order(way.visit_from - {State.COMPLETED}):
        for end in _in_order(way.visit_to):
            # A new order leaves the visit where it is; only who has nothing to wait for begins to wait.
            if command is Command.ADD_STEP and end not in {start, State.WAITING}:
                continue
            # An order that is taken back moves nobody who stands in another line, or in a room.
            if command is Command.REVOKE and end not in {start, State.WAITING, State.PAYMENT}:
                continue
            if command is Command.REVOKE and start in {State.CALLED, State.ONGOING} and end is not start:
                continue
            if command is Command.REVOKE and start is State.PAYMENT:
                continue
            if command is Command.ADD_STEP and start in {State.CALLED, State.ONGOING} and end is not start:
                continue
            yield start, end


def _commands() -> str:
    rows = ""
    for command, way in TABLE.items():
        cells = (
            f"`{command}`",
            _states(way.visit_from),
            _states(way.visit_to),
            _entries(way.entry_from),
            _entries(way.entry_to),
            f"`{way.right}`",
            "✔" if way.is_own else "",
            "" if way.reason is Reason.NEVER else str(way.reason),
            way.refs,
        )
        rows += f"| {' | '.join(cells)} |\n"
    return rows


def _slots() -> str:
    rows = ""
    for status in EntryStatus:
        slots = slots_of(status)
        marks = ("✔" if held else "" for held in (slots.active, slots.engaged, slots.serving))
        rows += f"| {status} | {' | '.join(marks)} |\n"
    return rows


def _states(states: Collection[State]) -> str:
    if states == frozenset(State):
        return "any"
    if states == OPEN_STATES:
        return "any but FINISHED"
    return ", ".join(_in_order(states))


def _entries(entries: Collection[EntryStatus | None]) -> str:
    if entries == ANY_ENTRY:
        return "any"
    return ", ".join(
        [*(["none"] if None in entries else []), *(one for one in EntryStatus if one in entries)]
    )


def _in_order(states: Collection[State]) -> list[State]:
    return [state for state in State if state in states]


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
