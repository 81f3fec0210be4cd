"""What a target's answer means: one table, from status, issues, phase and scope to what becomes of a promise.

The table is that of the design (R4 http.html#summary, and what servers really say); two rows are ours. A target
that takes no ids of ours says so by 404 or 405 at the first PUT: `no-ids`. And 404 for what is linked means that it
is gone there, not that its type is unknown.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.core.relay import Delivered, Failed, Outcome, Refused, Skipped, Waits
from app.core.words import N_
from app.fhir.client import Issue
from app.fhir.rules import SEPARATOR


class Phase(StrEnum):
    """What was asked: to read, to write what is not linked yet, what is linked, or by its identifier."""

    LOOK = "look"
    CREATE = "create"
    UPDATE = "update"
    UPSERT = "upsert"


class Scope(StrEnum):
    """Whether one entry was answered, or the request as such."""

    WHOLE = "whole"
    ENTRY = "entry"


class Verdict(StrEnum):
    """The classes of answers."""

    OK = "ok"
    CONFLICT = "conflict"
    DUPLICATE = "duplicate"
    TRANSIENT = "transient"
    CONFIG = "config"
    UNSUPPORTED = "unsupported"
    NO_IDS = "no-ids"
    DEPENDENCY = "dependency"
    GONE = "gone"
    PERMANENT = "permanent"
    TOO_BIG = "too-big"
    MISMATCH = "mismatch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table; the first that fits decides."""

    verdict: Verdict
    statuses: frozenset[int]
    phases: frozenset[Phase] = frozenset(Phase)
    scopes: frozenset[Scope] = frozenset(Scope)
    codes: frozenset[str] | None = None
    says: re.Pattern[str] | None = None

    def fits(self, status: int, issues: Sequence[Issue], phase: Phase, scope: Scope) -> bool:
        """Whether an answer is of this line."""
        return (
            status in self.statuses
            and phase in self.phases
            and scope in self.scopes
            and (self.codes is None or any(issue.code in self.codes for issue in issues))
            and (self.says is None or any(self.says.search(issue.text) for issue in issues))
        )


REFERENCE: Final = re.compile(
    r"HAPI-1094|not found, specified in|unresolved reference|reference_not_found"
    r"|\brefer\w*\b.{0,120}\b(not found|does not exist|not exist|cannot be found|could not be found|unknown)",
    re.IGNORECASE | re.DOTALL,
)
CLIENT_ID: Final = re.compile(
    r"HAPI-09(59|60)|client[- ](assigned|defined|supplied)|updateCreate|user-specified .{0,20}\bid",
    re.IGNORECASE,
)
SUCCESS: Final = frozenset({*range(200, 300), 304})
SERVER: Final = frozenset({408, 425, 429, *range(500, 600)}) - {501}
REFUSALS: Final = frozenset(range(400, 500))
WRITES: Final = frozenset({Phase.CREATE, Phase.UPDATE, Phase.UPSERT})
WHOLE, ENTRY = frozenset({Scope.WHOLE}), frozenset({Scope.ENTRY})
NO_ANSWER: Final = 0  # fewer entries than were sent, of another type, or a body that is no FHIR

TABLE: Final = (
    Row(verdict=Verdict.MISMATCH, statuses=frozenset({NO_ANSWER})),
    Row(verdict=Verdict.OK, statuses=SUCCESS),
    Row(verdict=Verdict.CONFIG, statuses=frozenset({401, 403})),
    Row(verdict=Verdict.TRANSIENT, statuses=SERVER),
    # The request as such. What a server cannot read, it says of the bundle: halves show which entry it was.
    Row(verdict=Verdict.TOO_BIG, statuses=frozenset({400, 413, 422}), scopes=WHOLE),
    Row(verdict=Verdict.CONFIG, statuses=REFUSALS | {501, *range(300, 400)}, scopes=WHOLE),
    # One entry.
    Row(verdict=Verdict.DUPLICATE, statuses=REFUSALS, codes=frozenset({"multiple-matches"})),
    Row(verdict=Verdict.DUPLICATE, statuses=frozenset({412}), phases=frozenset({Phase.UPSERT})),
    Row(
        verdict=Verdict.DEPENDENCY,
        statuses=frozenset({400, 404, 409, 412, 422}),
        phases=WRITES,
        says=REFERENCE,
    ),
    Row(
        verdict=Verdict.NO_IDS,
        statuses=frozenset({400, 422}),
        phases=frozenset({Phase.CREATE}),
        says=CLIENT_ID,
    ),
    Row(verdict=Verdict.CONFLICT, statuses=frozenset({409, 412}), phases=WRITES),
    Row(verdict=Verdict.GONE, statuses=frozenset({410})),
    Row(verdict=Verdict.GONE, statuses=frozenset({404}), phases=frozenset({Phase.LOOK, Phase.UPDATE})),
    Row(verdict=Verdict.NO_IDS, statuses=frozenset({404, 405}), phases=frozenset({Phase.CREATE})),
    # What cannot be read must not be written blindly: it costs lives, and then a person decides.
    Row(verdict=Verdict.TRANSIENT, statuses=REFUSALS | {501}, phases=frozenset({Phase.LOOK})),
    Row(verdict=Verdict.UNSUPPORTED, statuses=frozenset({404, 405, 501}), phases=WRITES),
    Row(verdict=Verdict.PERMANENT, statuses=REFUSALS),
)

SENTENCES: Final = {
    Verdict.CONFLICT: N_("The EMR was changed by somebody else each time we wrote. It will be tried again."),
    Verdict.DUPLICATE: N_("The EMR has several records with this identifier. Merge them there, then replay."),
    Verdict.TRANSIENT: N_("The EMR could not take it just now. It will be tried again."),
    Verdict.CONFIG: N_(
        "The EMR does not let us in. Check its address and our key, and what our account may write."
    ),
    Verdict.UNSUPPORTED: N_("The EMR does not take this type of resource. It is no longer sent."),
    Verdict.NO_IDS: N_("The EMR assigns its own ids, and this resource has no identifier to be found by."),
    Verdict.DEPENDENCY: N_("The EMR does not know what this resource refers to. It will be tried again."),
    Verdict.GONE: N_("The EMR deletes this resource as soon as it is written. It will be tried again."),
    Verdict.PERMANENT: N_("The EMR refuses this resource as it is. Mend the record, then replay."),
    Verdict.TOO_BIG: N_("The EMR cannot read this resource. Mend the record, then replay."),
    Verdict.MISMATCH: N_("The EMR's answer could not be understood. It will be tried again."),
}
TIME_UP: Final = N_("The EMR answers slowly. The rest is sent in a moment.")
PARENT_WAITS: Final = N_("Waits until what it refers to has reached the EMR.")
PARENT_DEAD: Final = N_("What it refers to has not reached the EMR. Replay that dead letter first.")
TYPE_OFF: Final = N_("The EMR does not take this type of resource.")
NOT_OURS: Final = N_("This record belongs to the EMR. We do not write it.")
GONE_THERE: Final = N_("The EMR has deleted its own record. We do not bring it back.")
CLOSED: Final = SENTENCES[Verdict.CONFIG]
FORBIDDEN_SECONDS, LONGEST_DETAIL = 300.0, 600


def verdict_of(status: int, issues: Sequence[Issue], phase: Phase, scope: Scope) -> Verdict:
    """Return the class of an answer; `status` is NO_ANSWER where none could be read."""
    return next((row.verdict for row in TABLE if row.fits(status, issues, phase, scope)), Verdict.MISMATCH)


def outcome_of(
    verdict: Verdict, status: int, issues: Sequence[Issue] = (), *, retry_after_seconds: float = 0.0
) -> Outcome:
    """Return what becomes of one promise, when nothing more can be done about its answer now.

    A refused account costs no life (`config`): what it may not write yet waits until somebody has changed that.
    """
    reason = because(SENTENCES.get(verdict, ""), status, issues)
    match verdict:
        case Verdict.OK:
            return Delivered()
        case Verdict.UNSUPPORTED:
            return Skipped(reason)
        case Verdict.CONFIG:
            return Waits(reason, FORBIDDEN_SECONDS)
        case Verdict.DUPLICATE | Verdict.PERMANENT | Verdict.TOO_BIG | Verdict.NO_IDS:
            return Refused(reason)
        case _:
            return Failed(reason, retry_after_seconds)


def because(sentence: str, status: int, issues: Sequence[Issue] = ()) -> str:
    """Return the sentence, and after a bar what a technician needs; the client has taken out what names a patient."""
    detail = "; ".join([*([f"HTTP {status}"] if status else []), *map(str, issues)])
    return f"{sentence}{SEPARATOR}{detail[:LONGEST_DETAIL]}" if detail else sentence
