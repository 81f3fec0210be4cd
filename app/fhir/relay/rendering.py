"""Rendering: a claim's aggregates become JSON, from one snapshot, each checked once before it is kept."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import orjson

from app import settings
from app.core.relay import Refused, Rendered, Skipped, Wanted
from app.core.words import N_
from app.fhir.mappers.appointment import appointment
from app.fhir.mappers.checking import issues_of, told
from app.fhir.mappers.encounter import encounter
from app.fhir.mappers.location import location
from app.fhir.mappers.naming import Json, Naming
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
    Kind.STEP: service_request,
    Kind.ENTRY: task,
}


def render(wanted: Sequence[Wanted]) -> Mapping[Wanted, Rendered | Skipped | Refused]:
    """Render what was claimed: the newest state of each aggregate, with the seq of the same moment.

    At most eleven statements (`facts_of`). What is not valid R4 is refused, with rules and places and never a
    value: our fault, to be read by people who must not see the patient.
    """
    now = settings.current()
    naming = Naming(now.fhir_system_base.rstrip("/"), now.site_timezone)
    ids: dict[Kind, set[UUID]] = {}
    for one in wanted:
        ids.setdefault(Kind(one.kind), set()).add(one.aggregate_id)
    found = facts_of(ids)
    return {one: _rendered(found.get((Kind(one.kind), one.aggregate_id)), one, naming) for one in wanted}


def _rendered(facts: Facts | None, wanted: Wanted, naming: Naming) -> Rendered | Skipped | Refused:
    if facts is None:
        return Skipped(GONE)
    resource = MAPPERS[Kind(wanted.kind)](facts, naming)
    if issues := issues_of(resource):
        return Refused(f"{INVALID}{SEPARATOR}{told(issues)}")
    return Rendered(payload=orjson.dumps(resource).decode(), seq=facts.seq)
