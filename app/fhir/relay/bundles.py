"""Bundles: what is sent, in which order, under whose ids; pure, so that every byte on the way out can be tested."""

import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import orjson
from orjson import Fragment

from app.fhir.relay.answers import Phase
from app.fhir.rules import SOURCE_VERSION

Resource = dict[str, Any]
Ref = tuple[str, str]  # resource type and id

MOST_ENTRIES: Final = 50
MOST_BYTES: Final = 1_000_000
REF: Final = r"([A-Z][A-Za-z]+)/([A-Za-z0-9.\-]{1,64})"
LOCAL: Final = re.compile(f"^{REF}$")
# In a text of orjson's, which has no spaces; a quote inside of somebody's words would have a backslash before it.
IN_TEXT: Final = re.compile(f'"reference":"{REF}"')
# The path of our extension, whatever base a hospital gives its own systems.
VERSION_PATH: Final = SOURCE_VERSION.partition("/StructureDefinition/")[2]
# Elements without which a resource, or an element of one of its lists, is none.
REQUIRED: Final[Mapping[str, frozenset[str]]] = {
    "Appointment": frozenset({"participant"}),
    "ServiceRequest": frozenset({"subject"}),
    # R4 could do without the last two's: what was seen in nobody's pictures is of no use, and of some harm.
    "ImagingStudy": frozenset({"subject"}),
    "Observation": frozenset({"subject"}),
    "DiagnosticReport": frozenset({"subject"}),
}
STANDS_FOR: Final = frozenset({"actor", "location", "other"})  # of a participant, a place, a link


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One entry of a batch, as the client wants it (`client.Asked`)."""

    phase: Phase
    url: str
    resource: Resource | Fragment | None = None
    if_match: str | None = None

    @property
    def method(self) -> str:
        """Return the verb."""
        return "GET" if self.phase is Phase.LOOK else "PUT"

    @property
    def resource_type(self) -> str:
        """Return the type that the address names."""
        return self.url.partition("?")[0].partition("/")[0]


def write(resource: Resource, *, remote_id: str | None, etag: str | None, is_there: bool) -> Request | None:
    """Return the request that brings a resource where it belongs; None where nothing identifies it there.

    With `remote_id` a PUT of that id, guarded by its ETag where that is known. Without one a conditional PUT by the
    first identifier, whose body must have no id (R4 http.html#cond-update).
    """
    kind = resource["resourceType"]
    if remote_id is not None:
        return put(kind, remote_id, {**resource, "id": remote_id}, etag=etag, is_there=is_there)
    query = identifier_query(resource)
    if query is None:
        return None
    body = {name: value for name, value in resource.items() if name != "id"}
    return Request(phase=Phase.UPSERT, url=f"{kind}?{query}", resource=body)


def put(kind: str, remote_id: str, body: Resource | Fragment, *, etag: str | None, is_there: bool) -> Request:
    """Return the request that writes under an id, guarded by its ETag where that is known."""
    phase = Phase.UPDATE if is_there else Phase.CREATE
    return Request(phase=phase, url=f"{kind}/{remote_id}", resource=body, if_match=etag)


def look(resource: Resource, *, remote_id: str | None) -> Request | None:
    """Return the request that shows what the target has; by id, else by identifier; None where by neither."""
    kind = resource["resourceType"]
    if remote_id is not None:
        return Request(phase=Phase.LOOK, url=f"{kind}/{remote_id}")
    query = identifier_query(resource)
    return None if query is None else Request(phase=Phase.LOOK, url=f"{kind}?{query}")


def identifier_query(resource: Resource) -> str | None:
    """Return `identifier=system|value` of the first identifier that has both."""
    for one in resource.get("identifier", ()):
        if one.get("system") and one.get("value"):
            return f"identifier={quote(one['system'], safe='')}%7C{quote(one['value'], safe='')}"
    return None


def pieces(requests: Sequence[Request]) -> Iterator[range]:
    """Cut requests, by their places, into bundles of at most MOST_ENTRIES and about MOST_BYTES."""
    begin, size = 0, 0
    for index, one in enumerate(requests):
        weight = len(orjson.dumps(one.resource))
        if index > begin and (index - begin >= MOST_ENTRIES or size + weight > MOST_BYTES):
            yield range(begin, index)
            begin, size = index, 0
        size += weight
    if begin < len(requests):
        yield range(begin, len(requests))


def references(text: str) -> frozenset[Ref]:
    """Return what a resource, as it was rendered, refers to on the same server."""
    return frozenset((kind, key) for kind, key in IN_TEXT.findall(text))


def translated(resource: Resource, ids: Mapping[Ref, str]) -> Resource:
    """Return a copy whose references carry the target's ids where these are known."""

    def turn(node: Any) -> Any:
        if isinstance(node, list):
            return [turn(one) for one in node]
        if not isinstance(node, dict):
            return node
        turned = {name: turn(value) for name, value in node.items()}
        said = turned.get("reference")
        found = LOCAL.match(said) if isinstance(said, str) else None
        if found is not None and (remote := ids.get((found[1], found[2]))) is not None:
            turned["reference"] = f"{found[1]}/{remote}"
        return turned

    made: Resource = turn(resource)
    return made


def without(resource: Resource, dropped: AbstractSet[Ref]) -> Resource | None:
    """Return a copy that refers to none of these; None where it cannot be without.

    A reference that also says a name stays as that name (Reference.display), which no server can miss.
    """
    made = {name: kept for name, value in resource.items() if (kept := _strip(value, dropped)) is not None}
    return made if REQUIRED.get(resource["resourceType"], frozenset()) <= made.keys() else None


def waves(parents: Sequence[AbstractSet[int]]) -> list[list[int]]:
    """Return the places of parcels in waves, parents before children; `parents` are places too.

    Whoever refers to each other in a ring goes together in the last wave: the target may take it or not.
    """
    left, done, found = set(range(len(parents))), set[int](), list[list[int]]()
    while left:
        wave = sorted(one for one in left if (parents[one] - {one}) <= done) or sorted(left)
        found.append(wave)
        done.update(wave)
        left.difference_update(wave)
    return found


def source_version(resource: Resource) -> int | None:
    """Return at which seq of ours a resource stands, or None where we did not write it."""
    for one in resource.get("extension", ()):
        if str(one.get("url", "")).endswith(f"/StructureDefinition/{VERSION_PATH}"):
            value = one.get("valueInteger")
            return value if isinstance(value, int) else None
    return None


def _strip(node: Any, dropped: AbstractSet[Ref]) -> Any:
    """Return what is left of an element without these references, or None."""
    if isinstance(node, list):
        return [kept for one in node if (kept := _strip(one, dropped)) is not None] or None
    if not isinstance(node, dict):
        return node
    said = node.get("reference")
    found = LOCAL.match(said) if isinstance(said, str) else None
    if found is not None and (found[1], found[2]) in dropped:
        return {name: value for name, value in node.items() if name not in {"reference", "type"}} or None
    kept = {name: rest for name, value in node.items() if (rest := _strip(value, dropped)) is not None}
    return None if (node.keys() - kept.keys()) & STANDS_FOR else kept or None
