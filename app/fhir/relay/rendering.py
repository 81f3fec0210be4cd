"""Rendering: a claim's aggregates become JSON, from one snapshot, each checked once before it is kept."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import orjson

from app import settings
from app.core.relay import Refused, Rendered, Skipped, Wanted
from app.core.words import N_
from app.fhir.mappers.appointment import appointment
from app.fhir.mappers.checking import issues_of, told
from app.fhir.mappers.diagnostic_report import diagnostic_report
from app.fhir.mappers.encounter import encounter
from app.fhir.mappers.imaging_study import imaging_study
from app.fhir.mappers.location import location
from app.fhir.mappers.naming import Json, Naming
from app.fhir.mappers.observation import observation
from app.fhir.mappers.order import order
from app.fhir.mappers.patient import patient
from app.fhir.mappers.service_request import service_request
from app.fhir.mappers.task import task
from app.fhir.queries.facts import Facts, facts_of
from app.fhir.rules import SEPARATOR, Kind

GONE: Final = "gone"
INVALID: Final = N_(
    "What we wrote is not valid FHIR. Tell whoever maintains Annae; mend the record, then replay."
)
MAPPERS: Final[Mapping[Kind, Callable[[Any, Naming], Json]]] = {
    Kind.POINT: location,
    Kind.PATIENT: patient,
    Kind.APPOINTMENT: appointment,
    Kind.VISIT: encounter,
    Kind.ORDER: order,
    Kind.STEP: service_request,
    Kind.ENTRY: task,
    Kind.STUDY: imaging_study,
    Kind.RESULT: observation,
    Kind.REPORT: diagnostic_report,
}
# Where facts name our staff.
STAFF_FIELDS: Final = ("ordered_by", "served_by", "signed_by")
StaffAt = Callable[[Collection[UUID]], Mapping[UUID, str]]


def render(wanted: Sequence[Wanted], *, staff_at: StaffAt) -> Mapping[Wanted, Rendered | Skipped | Refused]:
    """Render what was claimed: the newest state of each aggregate, with the seq of the same moment.

    `staff_at`: how the target calls members of our staff; whom it does not know is left out, as nobody will bring
    them there. At most twenty statements (`facts_of`) beside it. What is not valid R4 is refused, with rules and
    places and never a value: our fault, to be read by people who must not see the patient.
    """
    ids: dict[Kind, set[UUID]] = {}
    for one in wanted:
        ids.setdefault(Kind(one.kind), set()).add(one.aggregate_id)
    found = facts_of(ids)
    now = settings.current()
    staff = staff_at(_staff_in(found.values()))
    naming = Naming(now.fhir_system_base.rstrip("/"), now.site_timezone, staff)
    return {one: _rendered(found.get((Kind(one.kind), one.aggregate_id)), one, naming) for one in wanted}


def _staff_in(found: Iterable[Facts]) -> frozenset[UUID]:
    named = (getattr(facts, name, None) for facts in found for name in STAFF_FIELDS)
    return frozenset(one for one in named if one is not None)


def _rendered(facts: Facts | None, wanted: Wanted, naming: Naming) -> Rendered | Skipped | Refused:
    if facts is None:
        return Skipped(GONE)
    resource = MAPPERS[Kind(wanted.kind)](facts, naming)
    if issues := issues_of(resource):
        return Refused(f"{INVALID}{SEPARATOR}{told(issues)}")
    return Rendered(payload=orjson.dumps(resource).decode(), seq=facts.seq)
