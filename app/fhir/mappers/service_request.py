"""A planned service of a visit as FHIR ServiceRequest."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from app.fhir.mappers.naming import (
    SECONDARY,
    SERVICE_CODES,
    TERMINOLOGY,
    Json,
    Naming,
    concept,
    head,
    reference,
)
from app.journey.states import Disposition, StepStatus

STATUS: Final = {
    StepStatus.PLANNED: "active",
    StepStatus.READY: "active",
    StepStatus.ACTIVE: "active",
    StepStatus.DONE: "completed",
    StepStatus.WAIVED: "revoked",
    StepStatus.CANCELLED: "revoked",
}
IN_ERROR: Final = "entered-in-error"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFacts:
    """A planned service; `order_ref` names the order behind it: the step's own id where the EMR's order became it."""

    id: UUID
    seq: int
    patient_id: UUID
    visit_id: UUID
    visit_disposition: str | None
    status: str
    service_code: str
    service_name: str
    order_ref: UUID | None


def service_request(facts: StepFacts, naming: Naming) -> Json:
    """Map a planned service; what was planned for a visit that never was, never was either."""
    placer = {
        "use": SECONDARY,
        "type": concept(f"{TERMINOLOGY}v2-0203", "PLAC"),
        "system": naming.system("placer-order"),
        "value": str(facts.order_ref),
    }
    is_in_error = facts.visit_disposition == Disposition.ENTERED_IN_ERROR
    return {
        **head("ServiceRequest", facts.id, facts.seq),
        "identifier": [
            *naming.identifiers(("order", facts.id)),
            *([placer] if facts.order_ref not in {None, facts.id} else []),
        ],
        "status": IN_ERROR if is_in_error else STATUS[StepStatus(facts.status)],
        "intent": "order",
        "code": concept(SERVICE_CODES, facts.service_code, facts.service_name),
        "subject": reference("Patient", facts.patient_id),
        "encounter": reference("Encounter", facts.visit_id),
    }
