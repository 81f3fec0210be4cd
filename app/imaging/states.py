"""Where a study stands, and every way from there: one dictionary. All else is 409."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.core.errors import TransitionRefusedError


class StudyState(StrEnum):
    """How far a study has come: `received` waits for the model, the last three are its answers."""

    RECEIVED = "received"
    ANALYSING = "analysing"
    MEASURED = "measured"
    NOT_ANALYSABLE = "not_analysable"
    FAILED = "failed"


class ReportStatus(StrEnum):
    """Where a report stands (FHIR DiagnosticReport.status)."""

    PRELIMINARY = "preliminary"
    FINAL = "final"
    AMENDED = "amended"


SIGNED: Final = frozenset({ReportStatus.FINAL, ReportStatus.AMENDED})


class Command(StrEnum):
    """Everything that happens to a study."""

    RECEIVE = "receive"
    BEGIN = "begin"
    PROGRESS = "progress"
    RELEASE = "release"
    MEASURE = "measure"
    REFUSE = "refuse"
    FAIL = "fail"
    AGAIN = "again"


@dataclass(frozen=True, slots=True)
class Way:
    """From which states a command may start, where it ends, and whether it says why."""

    from_: frozenset[StudyState]
    to: StudyState
    needs_reason: bool = False


S = StudyState
ANSWERED: Final = frozenset({S.MEASURED, S.NOT_ANALYSABLE, S.FAILED})

TABLE: Final[Mapping[Command, Way]] = {
    # A picture that comes late makes every answer one about another study: whoever analyses is refused at the end.
    Command.RECEIVE: Way(frozenset(S), S.RECEIVED),
    Command.BEGIN: Way(frozenset({S.RECEIVED}), S.ANALYSING),
    Command.PROGRESS: Way(frozenset({S.ANALYSING}), S.ANALYSING),
    # Whoever analysed has died, or has to wait: it begins anew.
    Command.RELEASE: Way(frozenset({S.ANALYSING}), S.RECEIVED),
    Command.MEASURE: Way(frozenset({S.ANALYSING}), S.MEASURED),
    Command.REFUSE: Way(frozenset({S.ANALYSING}), S.NOT_ANALYSABLE, needs_reason=True),
    Command.FAIL: Way(frozenset({S.RECEIVED, S.ANALYSING}), S.FAILED, needs_reason=True),
    Command.AGAIN: Way(ANSWERED, S.RECEIVED),
}


def check(command: Command, state: StudyState) -> Way:
    """Return the way of a command from here. Raise TransitionRefusedError for everything not in the table."""
    way = TABLE[command]
    if state not in way.from_:
        raise TransitionRefusedError(command=str(command), state=str(state))
    return way
