"""Errands: one parcel on its way to one target: what is asked there next, and what the answers make of it."""

from dataclasses import dataclass, field
from typing import Final, cast
from uuid import UUID

import orjson
from orjson import Fragment

from app.core.relay import Delivered, Failed, Outcome, Parcel, Refused, Skipped
from app.fhir.client import EntryAnswer
from app.fhir.relay import bundles, looking
from app.fhir.relay.answers import (
    GONE_THERE,
    SENTENCES,
    Verdict,
    because,
    outcome_of,
)
from app.fhir.relay.bundles import Request, Resource
from app.fhir.relay.linking import Receipt
from app.fhir.relay.looking import Clash, Known
from app.fhir.relay.sending import verdict
from app.fhir.rules import TYPES, Kind

MOST_CONFLICTS: Final = 3


@dataclass(slots=True, kw_only=True, eq=False)
class Errand:
    """One parcel on its way; `outcome` is set when it is over.

    `ours` is what was rendered; `resource` what is written where that is something else: with the target's ids, or
    laid over their record.
    `remote_id` is None where only the identifier can find it there, `is_there` what we know of that.
    """

    parcel: Parcel
    kind: Kind  # what it is here
    resource_type: str  # what it is there
    our_id: str  # what others of ours call it
    known: Known | None = None
    allows_our_ids: bool = True
    must_look: bool = False
    asks_first: bool = False
    resource: Resource | None = None
    remote_id: str | None = None
    etag: str | None = None
    is_there: bool = False
    is_theirs: bool = False
    is_reborn: bool = False
    conflicts: int = 0
    clashes: list[Clash] = field(default_factory=list)
    outcome: Outcome | None = None

    @classmethod
    def of(cls, parcel: Parcel) -> "Errand":
        """Return a parcel's errand, of which nothing is known yet."""
        kind = Kind(parcel.kind)
        return cls(
            parcel=parcel,
            kind=kind,
            resource_type=TYPES[kind],
            our_id=str(parcel.aggregate_id),
        )

    @property
    def ours(self) -> Resource:
        """Parse what was rendered: for the few that need more than to be sent as they are."""
        found: Resource = orjson.loads(self.parcel.payload)
        return found

    def set_out(self, known: Known | None, *, allows_our_ids: bool, asks_first: bool) -> None:
        """Begin with what the link says.

        A record is looked at first where an earlier try may have arrived, where it is theirs, and where they may
        have had it before us: else a write by identifier would replace the whole of it.
        """
        self.known, self.allows_our_ids, self.asks_first = known, allows_our_ids, asks_first
        if known is not None:
            self.remote_id, self.etag = known.remote_id, known.etag
            self.is_there, self.is_theirs = True, known.is_theirs
        elif allows_our_ids:
            self.remote_id = self.our_id
        is_new = known is None and (asks_first or not allows_our_ids)
        self.must_look = self.parcel.is_repeat or self.is_theirs or is_new

    def look(self) -> Request | None:
        """Return what shows what they have: by id, or by identifier where they may have had it before us."""
        is_by_id = self.is_there or not self.asks_first
        request = bundles.look(self.ours, remote_id=self.remote_id if is_by_id else None)
        if request is None and self.remote_id is not None:
            request = bundles.look(self.ours, remote_id=self.remote_id)
        if request is None:
            self.outcome = Refused(SENTENCES[Verdict.NO_IDS])
        return request

    def saw(self, request: Request, answer: EntryAnswer) -> Verdict:
        """Take in what a look showed; where it failed nothing is written blindly."""
        self.must_look = False
        said = verdict(answer, request.phase)
        if said not in {Verdict.OK, Verdict.GONE}:
            self.outcome = _ended(said, answer)
            return said
        found, etag = self._found(answer) if said is Verdict.OK else (None, None)
        if self.outcome is None:
            self._judge(found, etag)
        return said

    def _judge(self, found: Resource | None, etag: str | None) -> None:
        seen = looking.judge(self.resource or self.ours, self.parcel.seq, self.known, found, etag)
        if seen.clash is not None:
            self.clashes.append(seen.clash)
        if seen.skip is not None:
            self.outcome = Skipped(seen.skip)
            return
        self.is_theirs = seen.is_theirs
        if seen.remote_id is not None:
            self.remote_id, self.etag, self.is_there = seen.remote_id, seen.etag, True
        else:
            self._is_not_there()
        if seen.is_there:
            self.outcome = self._delivered()
        elif seen.resource is not None:
            self.resource = seen.resource

    def write(self) -> Request | None:
        """Return what brings it there; None (and it is over) where nothing identifies it there."""
        if self.resource is None and self.remote_id == self.our_id:
            text = Fragment(self.parcel.payload)
            return bundles.put(self.resource_type, self.our_id, text, etag=self.etag, is_there=self.is_there)
        request = bundles.write(
            self.resource or self.ours, remote_id=self.remote_id, etag=self.etag, is_there=self.is_there
        )
        if request is None:
            self.outcome = Refused(SENTENCES[Verdict.NO_IDS])
        return request

    def wrote(self, request: Request, answer: EntryAnswer) -> Verdict:
        """Take in what was said to a write; return its class for what it says of others too."""
        said = verdict(answer, request.phase)
        match said:
            case Verdict.OK:
                self._has_arrived(answer)
            case Verdict.CONFLICT if self.conflicts < MOST_CONFLICTS:
                self.conflicts += 1
                self.must_look = self.is_there = True
            case Verdict.GONE if self.is_theirs:
                self.outcome = Skipped(because(GONE_THERE, answer.status))
            case Verdict.GONE if not self.is_reborn:
                self.is_reborn = True
                self._is_not_there()
            case Verdict.NO_IDS if self.allows_our_ids:
                self.allows_our_ids = False
                self.remote_id, self.must_look = None, True
            case _:
                self.outcome = _ended(said, answer)
        return said

    def _found(self, answer: EntryAnswer) -> tuple[Resource | None, str | None]:
        """Return the record in an answer, and its ETag; several of one identifier are a person's matter."""
        found = cast("Resource | None", answer.resource)
        if found is None or found.get("resourceType") != "Bundle":
            return found, answer.etag or None
        matches = [
            one["resource"]
            for one in found.get("entry") or ()
            if one.get("resource", {}).get("resourceType") == self.resource_type
        ]
        if len(matches) > 1:
            self.outcome = outcome_of(Verdict.DUPLICATE, 0)
        if not matches:
            return None, None
        version = matches[0].get("meta", {}).get("versionId")
        return matches[0], f'W/"{version}"' if version else None

    def _is_not_there(self) -> None:
        """Begin anew: by our id where that is allowed, else by identifier."""
        self.is_there, self.etag = False, None
        self.remote_id = self.our_id if self.allows_our_ids else None

    def _has_arrived(self, answer: EntryAnswer) -> None:
        self.remote_id = answer.remote_id or self.remote_id
        self.etag = answer.etag or None
        if self.remote_id is None:
            # Taken, and under which id nobody says: the next try looks for it.
            self.outcome = Failed(because(SENTENCES[Verdict.MISMATCH], answer.status))
            return
        self.outcome = self._delivered()

    def _delivered(self) -> Delivered:
        remote_id = self.remote_id or self.our_id
        known = self.known
        is_same = (
            known is not None
            and (known.remote_id, known.is_theirs, self.is_theirs) == (remote_id, False, False)
            and known.delivered_seq <= self.parcel.seq
        )
        return Delivered(
            Receipt(
                resource_type=self.resource_type,
                remote_id=remote_id,
                etag=self.etag,
                is_theirs=self.is_theirs,
                link=known.row_id if known is not None and is_same else None,
                clashes=tuple(self.clashes),
                ours=self.parcel.payload if self.clashes else "",
            )
        )


def _ended(said: Verdict, answer: EntryAnswer) -> Outcome:
    return outcome_of(said, answer.status, answer.issues, retry_after_seconds=answer.retry_after_seconds)


def is_ours(resource_id: str) -> bool:
    """Whether an id in a reference may be one of our aggregates."""
    try:
        UUID(resource_id)
    except ValueError:
        return False
    return True
