"""What a study was found to show as FHIR DiagnosticReport; a draft is announced, and its text stays here."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from app.fhir.mappers.naming import (
    TERMINOLOGY,
    Json,
    Naming,
    concept,
    head,
    lines,
    present,
    reference,
    words,
)
from app.imaging.states import SIGNED, ReportStatus

LOINC: Final = "http://loinc.org"
IMAGING_STUDY: Final = "18748-4"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFacts:
    """A study's report; `text` and who signed it count once it is signed. `results`: what models measured."""

    id: UUID
    seq: int
    study_id: UUID
    patient_id: UUID
    visit_id: UUID | None
    order_id: UUID | None
    study_date: date | None
    description: str
    status: str
    text: str
    signed_by: UUID | None
    signed_by_name: str
    signed_at: datetime | None
    results: tuple[UUID, ...]


def diagnostic_report(facts: ReportFacts, naming: Naming) -> Json:
    """Map a report: our words for its status are FHIR's own."""
    order = facts.order_id
    return {
        **head("DiagnosticReport", facts.id, facts.seq),
        "identifier": naming.identifiers(("report", facts.id)),
        **present({"basedOn": [reference("ServiceRequest", order)] if order else None}),
        "status": str(facts.status),
        "category": [concept(f"{TERMINOLOGY}v2-0074", "RAD")],
        "code": concept(LOINC, IMAGING_STUDY, facts.description),
        "subject": reference("Patient", facts.patient_id),
        **present(
            {
                "encounter": reference("Encounter", facts.visit_id) if facts.visit_id else None,
                "effectiveDateTime": facts.study_date.isoformat() if facts.study_date else None,
                "result": [reference("Observation", one) for one in facts.results],
            }
        ),
        "imagingStudy": [reference("ImagingStudy", facts.study_id)],
        **(_signed(facts, naming) if ReportStatus(facts.status) in SIGNED else {}),
    }


def _signed(facts: ReportFacts, naming: Naming) -> Json:
    """Return what was signed, when and by whom: by name too, as a report has to say who answers for it."""
    signer = {**naming.staff_member(facts.signed_by), **present({"display": words(facts.signed_by_name)})}
    return present(
        {
            "issued": naming.moment(facts.signed_at) if facts.signed_at else None,
            "resultsInterpreter": [signer] if signer else None,
            "conclusion": lines(facts.text),
        }
    )
