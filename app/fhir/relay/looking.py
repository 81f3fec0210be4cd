"""Looking before writing: what the target has decides whether we write, over what, and what of theirs must stay."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

from app.fhir.relay.answers import GONE_THERE, NOT_OURS
from app.fhir.relay.bundles import Resource, source_version

OVERWRITTEN, GIVEN_UP = "ours_written", "given_up"
# What the desk may have mended; the EMR owns it, so theirs stays where it changed since we last saw it.
DEMOGRAPHICS: Final = ("birthDate", "gender")
# What this house decides about a record that the EMR had first.
STATES: Final = {
    "Appointment": ("status",),
    "ServiceRequest": ("status",),
    "Encounter": ("status", "statusHistory"),
    "Task": ("status", "businessStatus"),
}
NEVER_WRITTEN: Final = frozenset({"Location"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What our link says of an aggregate at a target; `row_id`: the link itself."""

    remote_id: str
    row_id: int | None = None
    etag: str | None = None
    is_theirs: bool = False
    delivered_seq: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """Somebody else had changed the record: what they had, at which version, and whose text stands now."""

    theirs: Resource
    their_version: str
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a look decides: nothing has to be written (`is_there`), nothing may be (`skip`), or `resource` is."""

    is_there: bool = False
    skip: str | None = None
    resource: Resource | None = None
    remote_id: str | None = None
    etag: str | None = None
    is_theirs: bool = False
    clash: Clash | None = None


def judge(ours: Resource, seq: int, known: Known | None, found: Resource | None, etag: str | None) -> Seen:
    """Return what to do about one aggregate, of which the target has `found` at `etag` (None: nothing, or deleted).

    Ours is there when their copy carries our version or a newer one. A record without our version, or one that
    carries an old one under an ETag that we do not know, was written by somebody else.
    """
    if found is None:
        if known is not None and known.is_theirs:
            return Seen(skip=GONE_THERE)
        return Seen(resource=ours)
    version = source_version(found)
    remote_id = str(found["id"])
    is_theirs = known.is_theirs if known is not None else version is None
    if version is not None and version >= seq:
        return Seen(is_there=True, remote_id=remote_id, etag=etag, is_theirs=is_theirs)
    is_unseen = known is None or known.etag is None or known.etag != etag
    if is_theirs:
        return _over_theirs(ours, found, remote_id, etag, is_unseen=is_unseen)
    is_foreign = is_unseen and (version is None or (known is not None and version <= known.delivered_seq))
    clash = Clash(theirs=found, their_version=etag or "", outcome=OVERWRITTEN) if is_foreign else None
    return Seen(resource=ours, remote_id=remote_id, etag=etag, clash=clash)


def overlay(theirs: Resource, ours: Resource, *, is_unseen: bool) -> Resource:
    """Return their record with our say on it: the states that we decide, our extensions, and what the desk mended."""
    made = deepcopy(theirs)
    kind = theirs["resourceType"]
    for name in STATES.get(kind, ()):
        if name in ours:
            made[name] = ours[name]
    if kind == "Patient" and not is_unseen:
        for name in DEMOGRAPHICS:
            if name in ours:
                made[name] = ours[name]
        made["name"] = _named(made.get("name", []), ours.get("name", []))
        made["identifier"] = _numbered(made.get("identifier", []), ours.get("identifier", []))
        for name in ("name", "identifier"):
            if not made[name]:
                del made[name]
    urls = {one["url"] for one in ours.get("extension", ())}
    kept = [one for one in made.get("extension", ()) if one.get("url") not in urls]
    if extensions := [*kept, *ours.get("extension", ())]:
        made["extension"] = extensions
    return made


def _over_theirs(
    ours: Resource, found: Resource, remote_id: str, etag: str | None, *, is_unseen: bool
) -> Seen:
    """Lay our say over their record; where it says nothing new they are left in peace."""
    if found["resourceType"] in NEVER_WRITTEN:
        return Seen(skip=NOT_OURS)
    made = overlay(found, ours, is_unseen=is_unseen)
    clash = None
    if is_unseen and found["resourceType"] == "Patient" and _differs(ours, found):
        clash = Clash(theirs=found, their_version=etag or "", outcome=GIVEN_UP)
    is_same = _said(made) == _said(found)
    return Seen(
        is_there=is_same,
        resource=None if is_same else made,
        remote_id=remote_id,
        etag=etag,
        is_theirs=True,
        clash=clash,
    )


def _said(resource: Resource) -> Resource:
    """Return a resource without what every writing changes."""
    extensions = [
        one for one in resource.get("extension", ()) if source_version({"extension": [one]}) is None
    ]
    return {**{name: value for name, value in resource.items() if name != "meta"}, "extension": extensions}


def _differs(ours: Resource, theirs: Resource) -> bool:
    return _text(ours) != _text(theirs) or any(
        name in ours and ours[name] != theirs.get(name) for name in DEMOGRAPHICS
    )


def _text(patient: Resource) -> str | None:
    names = patient.get("name") or [{}]
    text: str | None = _usual(names).get("text")
    return text


def _numbered(theirs: list[dict[str, Any]], ours: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return their numbers with our further ones; those below our own systems are as we say, the others stay."""
    if not ours:
        return theirs
    (first, *further), mrn = ours, ours[0]["system"]
    own = str(mrn).removesuffix("mrn")
    said = {_number(one) for one in (first, *further)}
    kept = [
        one
        for one in theirs
        if _number(one) in said or one.get("system") == mrn or not str(one.get("system", "")).startswith(own)
    ]
    there = {_number(one) for one in kept}
    return [*kept, *(one for one in further if _number(one) not in there)]


def _number(identifier: dict[str, Any]) -> tuple[Any, Any]:
    return identifier.get("system"), identifier.get("value")


def _usual(names: list[dict[str, Any]]) -> dict[str, Any]:
    return next((one for one in names if one.get("use") in {"official", "usual"}), names[0])


def _named(theirs: list[dict[str, Any]], ours: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return their names with ours as the official one; its parts go where they no longer belong to the text."""
    if not ours or not theirs:
        return theirs or ours
    mine, usual = _usual(ours), _usual(theirs)
    if mine.get("text") in {None, usual.get("text")}:
        return theirs
    rest = {
        name: value for name, value in usual.items() if name not in {"family", "given", "prefix", "suffix"}
    }
    parts: dict[str, Any] = {name: mine[name] for name in ("text", "family", "given") if name in mine}
    return [{**rest, **parts} if one is usual else one for one in theirs]
