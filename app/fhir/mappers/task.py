"""One stay in one line as FHIR Task; `businessStatus` says exactly where it stands."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from app.fhir.mappers.naming import Json, Naming, concept, head, present, reference
from app.fhir.rules import BASE
from app.queues.states import EntryStatus, PriorityClass

QUEUE_STATES: Final = f"{BASE}/CodeSystem/queue-state"
ENDED_REASONS: Final = f"{BASE}/CodeSystem/ended-reason"
TASK_CODES: Final = "http://hl7.org/fhir/CodeSystem/task-code"
# A missed turn may be taken again until the day is over (V6a): `failed` could not be taken back.
STATUS: Final = {
    EntryStatus.WAITING: "ready",
    EntryStatus.HELD: "on-hold",
    EntryStatus.CALLED: "ready",
    EntryStatus.IN_SERVICE: "in-progress",
    EntryStatus.DONE: "completed",
    EntryStatus.NO_SHOW: "on-hold",
    EntryStatus.TRANSFERRED: "cancelled",
    EntryStatus.CANCELLED: "cancelled",
    EntryStatus.LEFT: "cancelled",
    EntryStatus.ENTERED_IN_ERROR: "entered-in-error",
}
SERVED: Final = frozenset({EntryStatus.CALLED, EntryStatus.IN_SERVICE, EntryStatus.DONE})
# Preference is courtesy, not urgency: FHIR's priority is the clinical one.
PRIORITY: Final = {
    PriorityClass.NORMAL: "routine",
    PriorityClass.PREFERRED: "routine",
    PriorityClass.URGENT: "urgent",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFacts:
    """One stay in one line; `point_id` is the room that called it or that it waits for, `served_by` who called last."""

    id: UUID
    seq: int
    patient_id: UUID
    visit_id: UUID
    step_id: UUID
    point_id: UUID | None
    queue_code: str
    business_date: date
    number: int
    status: str
    priority_class: int
    joined_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    ended_reason: str | None
    modified_at: datetime
    served_by: UUID | None = None


def task(facts: EntryFacts, naming: Naming) -> Json:
    """Map one stay in a line. The ticket is no key: who is sent away and back stands in one line twice that day."""
    ticket = f"{facts.business_date.isoformat()}/{facts.queue_code}/{facts.number:03}"
    started, reason = facts.started_at, facts.ended_reason
    owner = facts.served_by if facts.status in SERVED else None  # whoever waits again is nobody's
    return {
        **head("Task", facts.id, facts.seq),
        "identifier": naming.identifiers(("entry", facts.id), ("ticket", ticket)),
        "status": STATUS[EntryStatus(facts.status)],
        **present({"statusReason": concept(ENDED_REASONS, reason) if reason else None}),
        "businessStatus": concept(QUEUE_STATES, facts.status),
        "intent": "order",
        "priority": PRIORITY[PriorityClass(facts.priority_class)],
        "code": concept(TASK_CODES, "fulfill"),
        "focus": reference("ServiceRequest", facts.step_id),
        "for": reference("Patient", facts.patient_id),
        "encounter": reference("Encounter", facts.visit_id),
        **present({"executionPeriod": naming.period(started, facts.ended_at) if started else None}),
        "authoredOn": naming.moment(facts.joined_at),
        "lastModified": naming.moment(max(facts.joined_at, facts.modified_at)),
        **present({"owner": naming.staff_member(owner)}),
        **present({"location": reference("Location", facts.point_id) if facts.point_id else None}),
    }
