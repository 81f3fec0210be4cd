"""The codes that R4 requires where we write one: the library that checks our resources does not look at them.

Sources: the value sets bound with strength `required` (hl7.org/fhir/R4/valueset-*.html); for Encounter.class the one
that KR Core requires; for our own code systems the states they are made of.
"""

from collections.abc import Mapping
from typing import Final

from app.fhir.mappers.encounter import DISPOSITION_CODES
from app.fhir.mappers.order import CATEGORY_CODES
from app.fhir.mappers.task import QUEUE_STATES
from app.fhir.rules import JOURNEY_STATE_CODES
from app.journey.states import Disposition, State
from app.orders.rules import Category
from app.queues.states import EntryStatus

IDENTIFIER_USE: Final = frozenset({"usual", "official", "temp", "secondary", "old"})
ENCOUNTER_STATUS: Final = frozenset(
    {
        "planned",
        "arrived",
        "triaged",
        "in-progress",
        "onleave",
        "finished",
        "cancelled",
        "entered-in-error",
        "unknown",
    }
)
REQUEST_STATUS: Final = frozenset(
    {"draft", "active", "on-hold", "revoked", "completed", "entered-in-error", "unknown"}
)
REQUEST_INTENT: Final = frozenset(
    {
        "proposal",
        "plan",
        "directive",
        "order",
        "original-order",
        "reflex-order",
        "filler-order",
        "instance-order",
        "option",
    }
)
PRIORITY: Final = frozenset({"routine", "urgent", "asap", "stat"})
REPORT_STATUS: Final = frozenset(
    {
        "registered",
        "partial",
        "preliminary",
        "final",
        "amended",
        "corrected",
        "appended",
        "cancelled",
        "entered-in-error",
        "unknown",
    }
)

# By path, without positions.
REQUIRED: Final[Mapping[str, frozenset[str]]] = {
    "Patient.identifier.use": IDENTIFIER_USE,
    "Patient.name.use": frozenset({"usual", "official", "temp", "nickname", "anonymous", "old", "maiden"}),
    "Patient.gender": frozenset({"male", "female", "other", "unknown"}),
    "Patient.link.type": frozenset({"replaced-by", "replaces", "refer", "seealso"}),
    "Appointment.identifier.use": IDENTIFIER_USE,
    "Appointment.status": frozenset(
        {
            "proposed",
            "pending",
            "booked",
            "arrived",
            "fulfilled",
            "cancelled",
            "noshow",
            "entered-in-error",
            "checked-in",
            "waitlist",
        }
    ),
    "Appointment.participant.status": frozenset({"accepted", "declined", "tentative", "needs-action"}),
    "Encounter.identifier.use": IDENTIFIER_USE,
    "Encounter.status": ENCOUNTER_STATUS,
    "Encounter.statusHistory.status": ENCOUNTER_STATUS,
    "Encounter.location.status": frozenset({"planned", "active", "reserved", "completed"}),
    "Encounter.class.code": frozenset(
        {"AMB", "EMER", "FLD", "HH", "IMP", "ACUTE", "NONAC", "OBSENC", "PRENC", "SS", "VR"}
    ),
    "Task.identifier.use": IDENTIFIER_USE,
    "Task.status": frozenset(
        {
            "draft",
            "requested",
            "received",
            "accepted",
            "rejected",
            "ready",
            "cancelled",
            "in-progress",
            "on-hold",
            "failed",
            "completed",
            "entered-in-error",
        }
    ),
    "Task.intent": frozenset({"unknown"}) | REQUEST_INTENT - {"directive"},
    "Task.priority": PRIORITY,
    "ServiceRequest.identifier.use": IDENTIFIER_USE,
    "ServiceRequest.status": REQUEST_STATUS,
    "ServiceRequest.intent": REQUEST_INTENT,
    "ServiceRequest.priority": PRIORITY,
    "Location.identifier.use": IDENTIFIER_USE,
    "Location.status": frozenset({"active", "suspended", "inactive"}),
    "Location.mode": frozenset({"instance", "kind"}),
    "Location.operationalStatus.code": frozenset({"C", "H", "I", "K", "O", "U"}),
    "ImagingStudy.identifier.use": IDENTIFIER_USE,
    "ImagingStudy.status": frozenset({"registered", "available", "cancelled", "entered-in-error", "unknown"}),
    "Observation.identifier.use": IDENTIFIER_USE,
    "Observation.status": REPORT_STATUS - {"partial", "appended"},
    "Observation.contained.deviceName.type": frozenset(
        {
            "udi-label-name",
            "user-friendly-name",
            "patient-reported-name",
            "manufacturer-name",
            "model-name",
            "other",
        }
    ),
    "DiagnosticReport.identifier.use": IDENTIFIER_USE,
    "DiagnosticReport.status": REPORT_STATUS,
}
# By system, wherever a Coding stands.
OUR_OWN: Final[Mapping[str, frozenset[str]]] = {
    JOURNEY_STATE_CODES: frozenset(map(str, State)),
    DISPOSITION_CODES: frozenset(map(str, Disposition)),
    QUEUE_STATES: frozenset(map(str, EntryStatus)),
    CATEGORY_CODES: frozenset(map(str, Category)),
}
