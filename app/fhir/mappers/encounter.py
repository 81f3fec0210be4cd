"""A visit as FHIR Encounter (KR Core): R4 has no word for waiting, so our nine states travel beside its status."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from app.fhir.mappers import history
from app.fhir.mappers.history import Happening, Stage, Stay
from app.fhir.mappers.naming import TERMINOLOGY, Json, Naming, coding, head, present, reference, words
from app.fhir.rules import BASE, JOURNEY_STATE, JOURNEY_STATE_CODES

DISPOSITION: Final = f"{BASE}/StructureDefinition/visit-disposition"
DISPOSITION_CODES: Final = f"{BASE}/CodeSystem/visit-disposition"
ACT_CODES, AMBULATORY = f"{TERMINOLOGY}v3-ActCode", "AMB"
OVER: Final = frozenset({history.FINISHED, history.CANCELLED, history.IN_ERROR})


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitFacts:
    """A visit with the lines of its history, in order, and where its patient has been called and served."""

    id: UUID
    seq: int
    patient_id: UUID
    appointment_id: UUID | None
    state: str
    disposition: str | None
    business_date: date
    day_number: int | None
    site: str
    site_name: str | None
    expected_at: datetime | None
    arrived_at: datetime | None
    closed_at: datetime | None
    lines: tuple[Happening, ...]
    stays: tuple[Stay, ...]


def encounter(facts: VisitFacts, naming: Naming) -> Json:
    """Map a visit. `statusHistory` and `location` hold the whole way, so that no version in between is missed."""
    lines = history.standing(facts.lines)
    status = history.encounter_status(facts.state, facts.disposition, is_begun=history.has_begun(lines))
    stages = history.stages(
        lines, state=facts.state, disposition=facts.disposition, expected_at=facts.expected_at
    )
    begins = head("Encounter", facts.id, facts.seq, profile="encounter")
    begins["extension"] += [
        {"url": JOURNEY_STATE, "valueCoding": coding(JOURNEY_STATE_CODES, facts.state)},
        *_disposition(facts.disposition),
    ]
    return {
        **begins,
        "identifier": naming.identifiers(("visit", facts.id), *_day_number(facts)),
        "status": status,
        **present({"statusHistory": [_stage(one, naming) for one in stages]}),
        "class": coding(ACT_CODES, AMBULATORY),
        "subject": reference("Patient", facts.patient_id),
        **present(
            {
                "appointment": [reference("Appointment", facts.appointment_id)]
                if facts.appointment_id
                else None,
                "period": _period(facts, status, naming),
                "location": [_stay(one, naming, is_over=status in OVER) for one in _stays(facts, lines)],
                "serviceProvider": present({"display": words(facts.site_name)}),
            }
        ),
    }


def _disposition(disposition: str | None) -> list[Json]:
    if disposition is None:
        return []
    return [{"url": DISPOSITION, "valueCoding": coding(DISPOSITION_CODES, disposition)}]


def _day_number(facts: VisitFacts) -> list[tuple[str, object]]:
    """Return the number that patient and staff know the visit by, once it is given."""
    if facts.day_number is None:
        return []
    return [("day-number", f"{facts.site}/{facts.business_date.isoformat()}/{facts.day_number:03}")]


def _stage(stage: Stage, naming: Naming) -> Json:
    return {"status": stage.status, "period": naming.period(stage.start, stage.end)}


def _period(facts: VisitFacts, status: str, naming: Naming) -> Json:
    """Return when the patient is here, or is expected."""
    end = facts.closed_at if status in OVER else None
    start = facts.arrived_at or facts.expected_at
    if facts.arrived_at is None and start and end and start > end:
        start = None  # called off before its time
    return naming.period(start, end)


def _stays(facts: VisitFacts, lines: tuple[Happening, ...]) -> list[Stay]:
    """Return where the patient was, the rooms that a pause has emptied too, in the order of time."""
    stays = [*facts.stays, *(line.left for line in lines if line.left is not None)]
    return sorted(stays, key=lambda one: (one.start, str(one.point_id)))


def _stay(stay: Stay, naming: Naming, *, is_over: bool) -> Json:
    is_past = stay.end is not None or is_over
    status = "completed" if is_past else "reserved" if stay.is_called else "active"
    return {
        "location": reference("Location", stay.point_id),
        "status": status,
        "period": naming.period(stay.start, stay.end),
    }
