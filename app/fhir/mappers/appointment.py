"""A booked time as FHIR Appointment."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from app.fhir.mappers.naming import SERVICE_CODES, Json, Naming, concept, head, present, reference

# As long as a service takes of which nobody has said more (`Service.duration_seconds`).
USUAL_SECONDS: Final = 600


@dataclass(frozen=True, slots=True)
class PlannedService:
    """A service that is planned, by its code; the words are missing where it is offered no more."""

    code: str
    name: str | None = None
    duration_seconds: int = USUAL_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentFacts:
    """A booking; `status` is FHIR's own word, kept by the journey."""

    id: UUID
    seq: int
    patient_id: UUID
    starts_at: datetime
    status: str
    planned: tuple[PlannedService, ...]


def appointment(facts: AppointmentFacts, naming: Naming) -> Json:
    """Map a booking; it ends when its services would, one after the other (app-3 asks for an end)."""
    seconds = sum(one.duration_seconds for one in facts.planned) or USUAL_SECONDS
    return {
        **head("Appointment", facts.id, facts.seq),
        "identifier": naming.identifiers(("appointment", facts.id)),
        "status": facts.status,
        **present({"serviceType": [concept(SERVICE_CODES, one.code, one.name) for one in facts.planned]}),
        **naming.period(facts.starts_at, facts.starts_at + timedelta(seconds=seconds)),
        "participant": [{"actor": reference("Patient", facts.patient_id), "status": "accepted"}],
    }
