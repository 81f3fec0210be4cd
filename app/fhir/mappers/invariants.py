"""Rules of R4 (and a few of ours) that a mapper could break and the library does not see; pure, one walk."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

from app.fhir.mappers.codes import OUR_OWN, REQUIRED
from app.fhir.mappers.naming import Json
from app.fhir.rules import JOURNEY_STATE, SOURCE_VERSION

UUID_FORM: Final = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
REFERENCE: Final = re.compile(rf"([A-Z][A-Za-z]+)/{UUID_FORM}")
ID: Final = re.compile(UUID_FORM)
# What each reference of ours may lead to; any other place has none.
TARGETS: Final[Mapping[str, frozenset[str]]] = {
    "Patient.link.other": frozenset({"Patient"}),
    "Appointment.participant.actor": frozenset({"Patient"}),
    "Encounter.subject": frozenset({"Patient"}),
    "Encounter.appointment": frozenset({"Appointment"}),
    "Encounter.location.location": frozenset({"Location"}),
    "ServiceRequest.subject": frozenset({"Patient"}),
    "ServiceRequest.encounter": frozenset({"Encounter"}),
    "Task.focus": frozenset({"ServiceRequest"}),
    "Task.for": frozenset({"Patient"}),
    "Task.encounter": frozenset({"Encounter"}),
    "Task.location": frozenset({"Location"}),
}
# Everything else that we write is text; the library takes "yes" for true, and passes on what it was given.
NOT_TEXT: Final[Mapping[str, type]] = {"active": bool, "valueInteger": int}
OVER: Final = frozenset({"finished", "cancelled", "entered-in-error"})
UNBOOKED: Final = frozenset({"proposed", "cancelled", "waitlist"})


@dataclass(frozen=True, slots=True)
class Issue:
    """What is wrong and where; never what was written there, as that may be a patient's."""

    rule: str
    path: str

    def __str__(self) -> str:
        return f"{self.rule} at {self.path}"


def broken(resource: Json) -> Iterator[Issue]:
    """Yield what is wrong with a resource of ours, where the library's classes would let it pass."""
    name = str(resource.get("resourceType"))
    yield from _walk(resource, name, name)
    if not ID.fullmatch(str(resource.get("id"))):
        yield Issue("our-id", f"{name}.id")
    if SOURCE_VERSION not in _urls(resource):
        yield Issue("source-version", f"{name}.extension")
    if not (resource.get("identifier") or [{}])[0].get("value"):
        yield Issue("identifier", f"{name}.identifier")
    yield from OF_TYPE.get(name, _nothing_more)(resource)


def _walk(value: Any, path: str, place: str) -> Iterator[Issue]:
    """Look at one element and all below it; `path` has no positions, `place` has."""
    if value in ("", [], {}) or value is None:
        yield Issue("ele-1", place)
    elif isinstance(value, list):
        for position, one in enumerate(value):
            yield from _walk(one, path, f"{place}[{position}]")
    elif isinstance(value, dict):
        yield from _element(value, path, place)
        for name, one in value.items():
            yield from _walk(one, f"{path}.{name}", f"{place}.{name}")
    elif type(value) is not NOT_TEXT.get(path.rpartition(".")[2], str):
        yield Issue("type", place)
    elif (allowed := REQUIRED.get(path)) is not None and value not in allowed:
        yield Issue("required-code", place)


def _element(value: Json, path: str, place: str) -> Iterator[Issue]:
    if "reference" in value:
        found = REFERENCE.fullmatch(str(value["reference"]))
        if found is None or found[1] not in TARGETS.get(path, frozenset()):
            yield Issue("reference", place)
    start, end = value.get("start"), value.get("end")
    if start and end and _at(start) > _at(end):
        yield Issue("per-1", place)
    known = OUR_OWN.get(str(value.get("system")))
    if known is not None and value.get("code") not in known:
        yield Issue("own-code", place)


def _encounter(resource: Json) -> Iterator[Issue]:
    if JOURNEY_STATE not in _urls(resource):
        yield Issue("journey-state", "Encounter.extension")
    stages = resource.get("statusHistory", [])
    if stages and stages[-1].get("status") != resource.get("status"):
        yield Issue("history-ends-now", "Encounter.statusHistory")
    for position, (before, after) in enumerate(pairwise(stages)):
        place = f"Encounter.statusHistory[{position}]"
        if before.get("status") == after.get("status"):
            yield Issue("history-repeats", place)
        if before.get("period", {}).get("end") != after.get("period", {}).get("start"):
            yield Issue("history-gap", place)
    if stages and "end" in stages[-1].get("period", {}):
        yield Issue("history-ends-now", f"Encounter.statusHistory[{len(stages) - 1}].period")
    if (resource.get("status") in OVER) != ("end" in resource.get("period", {})):
        yield Issue("period-ends-when-over", "Encounter.period")


def _appointment(resource: Json) -> Iterator[Issue]:
    if ("start" in resource) != ("end" in resource):
        yield Issue("app-2", "Appointment")
    if "start" not in resource and resource.get("status") not in UNBOOKED:
        yield Issue("app-3", "Appointment")
    if not resource.get("participant"):
        yield Issue("app-1", "Appointment.participant")


def _task(resource: Json) -> Iterator[Issue]:
    written, modified = resource.get("authoredOn"), resource.get("lastModified")
    if written and modified and _at(modified) < _at(written):
        yield Issue("inv-1", "Task.lastModified")


def _nothing_more(_resource: Json) -> Iterator[Issue]:
    return iter(())


def _urls(resource: Json) -> set[str]:
    return {str(one.get("url")) for one in resource.get("extension", [])}


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


OF_TYPE: Final[Mapping[str, Callable[[Json], Iterator[Issue]]]] = {
    "Encounter": _encounter,
    "Appointment": _appointment,
    "Task": _task,
}
