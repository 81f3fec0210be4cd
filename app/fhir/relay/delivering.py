"""Delivering: a claim's parcels go to their target in waves, parents first; what is in doubt is looked at first."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from app.core import clock
from app.core.relay import Delivered, Outcome, Parcel, Skipped, TargetDownError, Waits
from app.core.transaction import release
from app.fhir.client import EntryAnswer
from app.fhir.relay import bundles, capability, linking, parents
from app.fhir.relay.answers import NOT_OURS, PARENT_DEAD, PARENT_WAITS, TIME_UP, TYPE_OFF, Verdict
from app.fhir.relay.bundles import Ref, Request
from app.fhir.relay.errands import Errand, is_ours
from app.fhir.relay.linking import Receipt, Takes
from app.fhir.relay.looking import NEVER_WRITTEN, Known
from app.fhir.relay.parents import Key, Standing
from app.fhir.relay.sending import Line, all_failed
from app.fhir.rules import KINDS, Kind, Target, meant

SEND_SECONDS: Final = 30.0
SOON_SECONDS, PARENT_SECONDS, DEAD_PARENT_SECONDS = 1.0, 5.0, 300.0
MANY: Final = 2
# What the EMR may have had before us, found by a number that is not ours alone.
FOUND_FIRST: Final = frozenset({Kind.PATIENT, Kind.STUDY})


def deliver(target: Target, parcels: Sequence[Parcel]) -> list[Outcome]:
    """Bring up to fifty aggregates to a target; one outcome each, in order, within SEND_SECONDS.

    At most 5 statements before the first request, and none while one is out. Requests: one for each wave, one more
    where something has to be looked at, two for each round of conflicts, and log2 of the bundle for each poison.
    Raise TargetDownError where the target failed as a whole.
    """
    line = Line(target, until=clock.monotonic() + SEND_SECONDS)
    errands = [Errand.of(parcel) for parcel in parcels]
    trip = _prepared(line, errands)
    try:
        for wave in trip.waves():
            _bring(trip, [errand for errand in wave if trip.is_ready(errand)])
    except TargetDownError as error:
        # Whoever had an answer keeps it: else a shaky line would never bring home a visit of six generations.
        error.known = {one.parcel.row_id: one.outcome for one in errands if one.outcome is not None}
        raise
    return [errand.outcome or Waits(TIME_UP, SOON_SECONDS) for errand in errands]


@dataclass(slots=True, kw_only=True)
class Trip:
    """One delivery: who goes, what the target takes, and how it calls those whom others refer to."""

    line: Line
    errands: Sequence[Errand]
    takes: Mapping[str, Takes]
    ids: dict[Ref, str]
    standing: Mapping[Key, Standing]
    refs: dict[Errand, frozenset[Ref]] = field(default_factory=dict)

    def waves(self) -> list[list[Errand]]:
        """Return the errands with those first whom others need and the target does not know yet."""
        place = {(one.resource_type, one.our_id): at for at, one in enumerate(self.errands)}
        needs = [
            {place[ref] for ref in self.refs[one] if ref in place and self._is_missing(ref)}
            for one in self.errands
        ]
        return [[self.errands[at] for at in wave] for wave in bundles.waves(needs)]

    def is_ready(self, errand: Errand) -> bool:
        """Give an errand the ids of those whom it refers to; else end it with the reason."""
        if not self._is_taken(errand.resource_type):
            errand.outcome = Skipped(TYPE_OFF)
        elif errand.is_theirs and errand.resource_type in NEVER_WRITTEN:
            errand.outcome = Skipped(NOT_OURS)
        if errand.outcome is not None:
            return False
        refs = self.refs[errand]
        dropped = {ref for ref in refs if self._never_comes(ref, by=errand.kind)}
        if missing := [ref for ref in refs - dropped if self._is_missing(ref)]:
            errand.outcome = self._wait_for(missing, by=errand.kind)
            return False
        # Most targets keep our ids and take all types: nothing is left out or translated, and nothing is parsed.
        if dropped or any(self.ids.get(ref, ref[1]) != ref[1] for ref in refs):
            resource = bundles.without(errand.ours, dropped)
            if resource is None:
                errand.outcome = Skipped(TYPE_OFF)
                return False
            errand.resource = bundles.translated(resource, self.ids)
        return True

    def has_arrived(self, errand: Errand) -> None:
        """Let those who come later refer to it."""
        if isinstance(errand.outcome, Delivered) and isinstance(errand.outcome.receipt, Receipt):
            self.ids[errand.resource_type, errand.our_id] = errand.outcome.receipt.remote_id

    def allows_our_ids(self, resource_type: str) -> bool:
        """Whether the target takes ids of ours for a type."""
        return capability.allows_our_ids(self.line.target, self.takes.get(resource_type))

    def _is_taken(self, resource_type: str) -> bool:
        found = self.takes.get(resource_type)
        return found is None or found.is_taken

    def _is_missing(self, ref: Ref) -> bool:
        """Whether a reference would point to nothing there."""
        kind, key = ref
        if ref in self.ids or kind not in KINDS or not is_ours(key):
            return False
        return self.line.target.checks_references or not self.allows_our_ids(kind)

    def _never_comes(self, ref: Ref, *, by: Kind) -> bool:
        """Whether nothing will ever stand there: its type is not taken, or it was asked for and there is none here."""
        kind, key = ref
        if kind in KINDS and not self._is_taken(kind):
            return True
        own = meant(kind, by=by)
        return self._is_missing(ref) and own is not None and self.standing.get((own, key)) is Standing.IN_VAIN

    def _wait_for(self, missing: Iterable[Ref], *, by: Kind) -> Waits:
        """Say for what an errand waits; what nobody is bringing is promised anew, once."""
        keys = {(str(own), key) for kind, key in missing if (own := meant(kind, by=by)) is not None}
        how = {one: self.standing.get(one) for one in keys}
        if Standing.DEAD in how.values():
            return Waits(PARENT_DEAD, DEAD_PARENT_SECONDS)
        if forgotten := {key for key, found in how.items() if found is not Standing.COMING}:
            parents.promise_again(self.line.target, forgotten)
        return Waits(PARENT_WAITS, PARENT_SECONDS)


def _prepared(line: Line, errands: Sequence[Errand]) -> Trip:
    """Read all that has to be known, then hold no connection."""
    target = line.target
    refs = {errand: bundles.references(errand.parcel.payload) for errand in errands}
    own: set[Key] = {(errand.kind, errand.our_id) for errand in errands}
    needed: set[Key] = {
        (parent, key)
        for errand, found in refs.items()
        for kind, key in found
        if (parent := meant(kind, by=errand.kind)) is not None and is_ours(key)
    }
    links = linking.known(target, own | needed)
    standing = parents.standing(target, needed - links.keys())
    kept = linking.takes(target)
    release()
    takes = capability.ensured(line, kept)
    trip = Trip(
        line=line,
        errands=errands,
        takes=takes,
        ids=linking.ids_by_reference(links),
        standing=standing,
        refs=refs,
    )
    for errand in errands:
        link: Known | None = links.get((errand.kind, errand.our_id))
        errand.set_out(
            link,
            allows_our_ids=trip.allows_our_ids(errand.resource_type),
            asks_first=target.pulls and errand.kind in FOUND_FIRST,
        )
    return trip


def _bring(trip: Trip, errands: Sequence[Errand]) -> None:
    """Look where that is due, then write, until each is over or the time is up.

    Ends, as each may conflict three times, be born again once, and change once the way in which it is found.
    """
    while going := [errand for errand in errands if errand.outcome is None]:
        _ask(trip, [errand for errand in going if errand.must_look], Errand.look, Errand.saw)
        writing = [errand for errand in going if errand.outcome is None and not errand.must_look]
        for errand, verdict in _ask(trip, writing, Errand.write, Errand.wrote):
            if verdict in capability.TAUGHT:
                trip.takes = capability.learnt(trip.line.target, errand.resource_type, verdict, trip.takes)
    for errand in errands:
        trip.has_arrived(errand)


def _ask(
    trip: Trip,
    errands: Sequence[Errand],
    request_of: Callable[[Errand], Request | None],
    take: Callable[[Errand, Request, EntryAnswer], Verdict],
) -> list[tuple[Errand, Verdict]]:
    """Ask for several at once; those for whom the time was up wait.

    Raise TargetDownError where the target refuses, or fails, each of several in the same way: then it is not the
    resources that are at fault, and none of them loses a life.
    """
    asked = [(errand, request) for errand in errands if (request := request_of(errand)) is not None]
    answers = trip.line.exchange([request for _, request in asked])
    said: list[tuple[Errand, Verdict]] = []
    for (errand, request), answer in zip(asked, answers, strict=True):
        if answer is None:
            errand.outcome = Waits(TIME_UP, SOON_SECONDS)
        else:
            said.append((errand, take(errand, request, answer)))
    verdicts = {verdict for _, verdict in said}
    if len(said) >= MANY and verdicts in ({Verdict.CONFIG}, {Verdict.TRANSIENT}):
        for errand, _ in said:
            errand.outcome = None
        raise all_failed([answer for answer in answers if answer is not None], verdicts.pop())
    return said
