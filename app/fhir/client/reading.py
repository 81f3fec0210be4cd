"""Reading what a FHIR server said: any bytes go in, a value or `NotFhirError` comes out; no patient in its words."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import orjson

from app.fhir.client.shapes import Asked, Capability, EntryAnswer, Issue, Resource, TypeCapability
from app.fhir.rules import LONGEST_ETAG, LONGEST_REMOTE_ID

ANSWERS: Final = frozenset({"batch-response", "transaction-response"})
MOST_ISSUES: Final = 5
LONGEST_TEXT: Final = 300
# What FHIR allows as an id; anything else would be no part of an address.
ID: Final = re.compile(rf"[A-Za-z0-9\-.]{{1,{LONGEST_REMOTE_ID}}}")
STATUS: Final = re.compile(r"\s*([1-5]\d\d)(?!\d)")
_LOCATION: Final = re.compile(r"(?:^|/)[A-Z]\w+/([A-Za-z0-9\-.]{1,64})(?:/_history/[^/]*)?/?$")
# Servers quote what they refuse; elements, references and addresses of value sets are what we need to read on.
_KEPT: Final = re.compile(
    r"\S*@\S*|\?\S+"
    r"|(?P<kept>https?://[\w.~:/|#\-]+"
    r"|\b[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}(?![^\x00-\x7f])"
    r"|\bHAPI-\d+|\bHTTP \d{3}\b"
    r"|\b[A-Z][a-z]+[A-Z]?\w*(?:\.[a-z]\w*(?:\[[x\d]\])?)+(?![^\x00-\x7f]))"
    r"|\"[^\"]*\"?|(?<!\w)'[^']*'?|\S*[^\x00-\x7f]\S*|[\d:.+TZ/_@\-]*\d[\w:.+/_@\-]*",
    re.ASCII,
)
ELLIPSIS: Final = "…"


class NotFhirError(ValueError):
    """This is no FHIR answer: a proxy's page, half an answer, or somebody else's JSON."""


def resource_of(body: bytes) -> Resource:
    """Return the resource that a body holds. Raise NotFhirError."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise NotFhirError("no JSON") from error
    if not isinstance(found, dict) or not isinstance(found.get("resourceType"), str):
        raise NotFhirError("no FHIR resource")
    return found


def outcome_of(resource: object) -> tuple[Issue, ...]:
    """Return an OperationOutcome's errors, at most five; empty for anything else."""
    if _text(resource, "resourceType") != "OperationOutcome":
        return ()
    errors = [
        Issue(
            code=_word(issue.get("code")),
            text=without_people(_said(issue)),
            expression=_places(issue),
        )
        for issue in _dicts(resource, "issue")
        if _text(issue, "severity") not in {"information", "warning", "success"}
    ]
    return tuple(errors[:MOST_ISSUES])


def without_people(text: str) -> str:
    """Return a server's sentence without quoted values, numbers, dates and names that are not ASCII.

    Elements (`Patient.name`), references by id, addresses and HAPI's numbers stay: they say what to mend.
    """
    kept = _KEPT.sub(lambda found: found["kept"] or ELLIPSIS, text[: 4 * LONGEST_TEXT])
    return " ".join(kept.split())[:LONGEST_TEXT]


def answers_of(bundle: Resource, asked: Sequence[Asked]) -> list[EntryAnswer]:
    """Return the answers in a batch-response, one for each request and in its order. Raise NotFhirError."""
    if bundle.get("resourceType") != "Bundle" or _text(bundle, "type") not in ANSWERS:
        raise NotFhirError("no answer to a bundle")
    entries = bundle.get("entry", [])
    if not isinstance(entries, list) or len(entries) != len(asked):
        raise NotFhirError("not as many answers as requests")
    answers = [_answer(entry) for entry in entries]
    if not all(map(_fits, asked, answers)):
        raise NotFhirError("an answer to another request")
    return answers


def answer_of(
    status: int, headers: Mapping[str, str], resource: Resource | None, retry_after_seconds: float = 0.0
) -> EntryAnswer:
    """Return what one request's answer says; an OperationOutcome is no resource, but issues."""
    is_outcome = _text(resource, "resourceType") == "OperationOutcome"
    held = None if is_outcome else resource
    return EntryAnswer(
        status=status,
        etag=_etag(headers.get("etag", "")) or _etag_in(held),
        resource=held,
        issues=outcome_of(resource),
        remote_id=_id_in(held) or _id_at(headers.get("location", "")),
        retry_after_seconds=retry_after_seconds,
    )


def capability_of(resource: Resource) -> Capability:
    """Return what a CapabilityStatement says. Raise NotFhirError."""
    if resource.get("resourceType") != "CapabilityStatement":
        raise NotFhirError("no CapabilityStatement")
    rest = next((one for one in _dicts(resource, "rest") if _text(one, "mode") in {"server", ""}), {})
    types = {
        name: TypeCapability(
            resource_type=name,
            interactions=_codes(one),
            allows_our_ids=one.get("updateCreate") is True,
        )
        for one in _dicts(rest, "resource")
        if (name := _text(one, "type"))
    }
    return Capability(
        software=_text(resource.get("software"), "name")[:100],
        fhir_version=_text(resource, "fhirVersion")[:20],
        types=types,
        system_interactions=_codes(rest),
    )


def matches_of(bundle: Resource) -> list[Resource]:
    """Return what a page of a search found, without what it includes or warns of. Raise NotFhirError."""
    if bundle.get("resourceType") != "Bundle" or bundle.get("type") != "searchset":
        raise NotFhirError("no answer to a search")
    return [
        resource
        for entry in _dicts(bundle, "entry")
        if _text(entry.get("search"), "mode") in {"match", ""}
        and isinstance(resource := entry.get("resource"), dict)
        and _text(resource, "resourceType") not in {"", "OperationOutcome"}
    ]


def next_of(bundle: Resource) -> str:
    """Return the address of the next page; empty on the last one."""
    return next((_text(one, "url") for one in _dicts(bundle, "link") if one.get("relation") == "next"), "")


def total_of(bundle: Resource) -> int | None:
    """Return how many were found in all, where the server counts."""
    total = bundle.get("total")
    return total if isinstance(total, int) and not isinstance(total, bool) and total >= 0 else None


def _fits(asked: Asked, answer: EntryAnswer) -> bool:
    """Whether an answer speaks of what was asked, as far as it says what it speaks of."""
    path, _, query = asked.url.partition("?")
    resource_type, _, resource_id = path.partition("/")
    if answer.resource is None or not answer.is_good or answer.resource["resourceType"] == "Bundle":
        return True
    return answer.resource["resourceType"] == resource_type and (
        bool(query) or not resource_id or _id_in(answer.resource) == resource_id
    )


def _answer(entry: object) -> EntryAnswer:
    response = entry.get("response") if isinstance(entry, dict) else None
    said = STATUS.match(_text(response, "status"))
    if not isinstance(entry, dict) or not isinstance(response, dict) or said is None:
        raise NotFhirError("an answer without status")
    found = entry.get("resource")
    resource = found if isinstance(found, dict) and found.get("resourceType") else None
    plain = answer_of(
        int(said[1]), {"etag": _text(response, "etag"), "location": _text(response, "location")}, resource
    )
    issues = outcome_of(response.get("outcome"))
    return replace(plain, issues=issues) if issues else plain


def _etag(said: str) -> str:
    """Return an ETag as it may be sent back; one that is too long to keep, or no ASCII, counts as none."""
    fits = said.isascii() and said.isprintable() and len(said) <= LONGEST_ETAG
    return said.strip() if fits else ""


def _etag_in(resource: Resource | None) -> str:
    version = _text((resource or {}).get("meta"), "versionId")
    return _etag(f'W/"{version}"') if ID.fullmatch(version) else ""


def _id_in(resource: Resource | None) -> str:
    found = _text(resource, "id")
    return found if ID.fullmatch(found) and _text(resource, "resourceType") != "Bundle" else ""


def _id_at(location: str) -> str:
    found = _LOCATION.search(location)
    return found[1] if found else ""


def _said(issue: Mapping[str, Any]) -> str:
    details = issue.get("details")
    coded = [_text(coding, "code") for coding in _dicts(details, "coding")]
    return _text(details, "text") or _text(issue, "diagnostics") or " ".join(filter(None, coded))


def _places(issue: Mapping[str, Any]) -> tuple[str, ...]:
    found = issue.get("expression") or issue.get("location")
    places = found if isinstance(found, list) else []
    return tuple(without_people(one)[:100] for one in places[:MOST_ISSUES] if isinstance(one, str))


def _codes(owner: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(filter(None, (_word(one.get("code")) for one in _dicts(owner, "interaction"))))


def _word(value: object) -> str:
    return value[:40] if isinstance(value, str) and re.fullmatch(r"[a-z][a-z\-]*", value) else ""


def _text(owner: object, name: str) -> str:
    value = owner.get(name) if isinstance(owner, dict) else None
    return value if isinstance(value, str) else ""


def _dicts(owner: object, name: str) -> Iterator[dict[str, Any]]:
    values = owner.get(name) if isinstance(owner, dict) else None
    return (one for one in values if isinstance(one, dict)) if isinstance(values, list) else iter(())
