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
# To our aggregates by our ids, to our staff by the target's.
REFERENCE: Final = re.compile(rf"([A-Z][A-Za-z]+)/{UUID_FORM}|(Practitioner)/[A-Za-z0-9.\-]{{1,64}}")
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
    "ServiceRequest.requester": frozenset({"Practitioner"}),
    "Task.focus": frozenset({"ServiceRequest"}),
    "Task.for": frozenset({"Patient"}),
    "Task.encounter": frozenset({"Encounter"}),
    "Task.location": frozenset({"Location"}),
    "Task.owner": frozenset({"Practitioner"}),
    "ImagingStudy.subject": frozenset({"Patient"}),
    "ImagingStudy.encounter": frozenset({"Encounter"}),
    "ImagingStudy.basedOn": frozenset({"ServiceRequest"}),
    "Observation.subject": frozenset({"Patient"}),
    "Observation.encounter": frozenset({"Encounter"}),
    "Observation.derivedFrom": frozenset({"ImagingStudy"}),
    "DiagnosticReport.basedOn": frozenset({"ServiceRequest"}),
    "DiagnosticReport.subject": frozenset({"Patient"}),
    "DiagnosticReport.encounter": frozenset({"Encounter"}),
    "DiagnosticReport.result": frozenset({"Observation"}),
    "DiagnosticReport.imagingStudy": frozenset({"ImagingStudy"}),
    "DiagnosticReport.resultsInterpreter": frozenset({"Practitioner"}),
}
# What refers to something inside its own resource.
INSIDE: Final = frozenset({"Observation.device"})
# Everything else that we write is text; the library takes "yes" for true, and passes on what it was given.
NOT_TEXT: Final[Mapping[str, frozenset[type]]] = {
    "active": frozenset({bool}),
    "valueInteger": frozenset({int}),
    "numberOfSeries": frozenset({int}),
    "numberOfInstances": frozenset({int}),
    "ImagingStudy.series.number": frozenset({int}),
    "Observation.component.valueQuantity.value": frozenset({int, float}),
}
TEXT: Final = frozenset({str})
OVER: Final = frozenset({"finished", "cancelled", "entered-in-error"})
# The way to an element from above: a name, or what is above and a name or a position in it.
Place = tuple[Any, ...]
DEEP: Final = frozenset({dict, list})
SIGNED: Final = frozenset({"final", "amended"})
UNBOOKED: Final = frozenset({"proposed", "cancelled", "waitlist"})


@dataclass(frozen=True, slots=True)
class Issue:
    """What is wrong and where; never what was written there, as that may be a patient's."""

    rule: str
    path: str

    def __str__(self) -> str:
        return f"{self.rule} at {self.path}"


def malformed(resource: Json) -> tuple[Issue, ...]:
    """Return what is wrong with a form of ours (`forms`), where the library's classes would let it pass."""
    name = str(resource.get("resourceType"))
    found: list[Issue] = []
    _walk(resource, name, (name,), found)
    if not ID.fullmatch(str(resource.get("id"))):
        found.append(Issue("our-id", f"{name}.id"))
    if SOURCE_VERSION not in _urls(resource):
        found.append(Issue("source-version", f"{name}.extension"))
    if not (resource.get("identifier") or [{}])[0].get("value"):
        found.append(Issue("identifier", f"{name}.identifier"))
    return tuple(found)


def has_period(value: Any) -> bool:
    """Whether something in it begins and ends, so that it might end first; all of one form have, or none."""
    if type(value) is list:
        return any(map(has_period, value))
    return type(value) is dict and (value.keys() >= {"start", "end"} or any(map(has_period, value.values())))


def turned(resource: Json) -> tuple[Issue, ...]:
    """Return the periods that end before they begin."""
    return tuple(_turned(resource, (str(resource.get("resourceType")),)))


def broken(resource: Json) -> tuple[Issue, ...]:
    """Return which other values of a good form do not go together."""
    return tuple(OF_TYPE.get(str(resource.get("resourceType")), _nothing_more)(resource))


def _walk(value: Any, path: str, place: Place, found: list[Issue]) -> None:
    """Look at one element and all below it; `path` has no positions, `place` has.

    One list for all, and a place that is only spelt where something is wrong: half of a check's time was here.
    """
    kind = type(value)
    if value is None or value == "" or (kind in {list, dict} and not value):
        found.append(Issue("ele-1", _spelt(place)))
    elif kind is list:
        for position, one in enumerate(value):
            _walk(one, path, (place, position), found)
    elif kind is dict:
        found.extend(Issue(rule, _spelt(place)) for rule in _element(value, path))
        for name, one in value.items():
            _walk(one, f"{path}.{name}", (place, name), found)
    elif kind not in (NOT_TEXT.get(path) or NOT_TEXT.get(path.rpartition(".")[2], TEXT)):
        found.append(Issue("type", _spelt(place)))
    elif (allowed := REQUIRED.get(path)) is not None and value not in allowed:
        found.append(Issue("required-code", _spelt(place)))


def _turned(value: Any, place: Place) -> Iterator[Issue]:
    """Find the periods that end before they begin."""
    if type(value) is list:
        for position, one in enumerate(value):
            yield from _turned(one, (place, position))
    elif type(value) is dict:
        start, end = value.get("start"), value.get("end")
        if start and end and _at(start) > _at(end):
            yield Issue("per-1", _spelt(place))
        for name, one in value.items():
            if type(one) in DEEP:
                yield from _turned(one, (place, name))


def _spelt(place: Place) -> str:
    if len(place) == 1:
        return str(place[0])
    above, last = place
    return f"{_spelt(above)}[{last}]" if isinstance(last, int) else f"{_spelt(above)}.{last}"


def _element(value: Json, path: str) -> Iterator[str]:
    if "reference" in value and not _leads(str(value["reference"]), path):
        yield "reference"
    known = OUR_OWN.get(str(value.get("system")))
    if known is not None and value.get("code") not in known:
        yield "own-code"


def _leads(reference: str, path: str) -> bool:
    """Whether a reference may stand where it stands."""
    if path in INSIDE:
        return reference.startswith("#")
    found = REFERENCE.fullmatch(reference)
    return found is not None and (found[1] or found[2]) in TARGETS.get(path, frozenset())


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


def _service_request(resource: Json) -> Iterator[Issue]:
    if "orderDetail" in resource and "code" not in resource:
        yield Issue("prr-1", "ServiceRequest.orderDetail")


def _observation(resource: Json) -> Iterator[Issue]:
    if resource.get("device", {}).get("reference") not in {
        f"#{one.get('id')}" for one in resource.get("contained", [])
    }:
        yield Issue("ref-1", "Observation.device")
    if ("dataAbsentReason" in resource) == ("component" in resource):
        yield Issue("value-or-why-not", "Observation.component")


def _diagnostic_report(resource: Json) -> Iterator[Issue]:
    if (resource.get("status") in SIGNED) != ("issued" in resource and "conclusion" in resource):
        yield Issue("text-when-signed", "DiagnosticReport.conclusion")


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
    "ServiceRequest": _service_request,
    "Observation": _observation,
    "DiagnosticReport": _diagnostic_report,
}
