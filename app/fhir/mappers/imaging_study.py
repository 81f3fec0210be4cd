"""A study as FHIR ImagingStudy (KR Core): which series, and how many pictures; these stay in the archive."""

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from app.fhir.mappers.naming import (
    DICOM_CODES,
    SECONDARY,
    Json,
    Naming,
    accession,
    coding,
    head,
    present,
    reference,
    words,
)
from app.imaging.rules import accession_number

DICOM_UID: Final = "urn:dicom:uid"
OTHER_MODALITY: Final = "OT"  # DICOM's own word; a series without one is none in R4
LARGEST_UNSIGNED: Final = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesFacts:
    """One run of pictures; `number` is the modality's."""

    uid: str
    number: int | None
    modality: str
    description: str
    instances: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyFacts:
    """A study that is somebody's; `accession_number` is what its pictures say."""

    id: UUID
    seq: int
    uid: str
    patient_id: UUID
    visit_id: UUID | None
    order_id: UUID | None
    accession_number: str
    description: str
    study_date: date | None
    series: tuple[SeriesFacts, ...]


def imaging_study(facts: StudyFacts, naming: Naming) -> Json:
    """Map a study: `available`, as what stands here is kept. Its UID comes first, as all the world finds it by that."""
    order = facts.order_id
    return {
        **head("ImagingStudy", facts.id, facts.seq, profile="imagingstudy"),
        "identifier": [
            {"use": "official", "system": DICOM_UID, "value": f"urn:oid:{facts.uid}"},
            {"use": SECONDARY, "system": naming.system("study"), "value": str(facts.id)},
            *_accessions(facts, naming),
        ],
        "status": "available",
        **present(
            {"modality": [coding(DICOM_CODES, one) for one in sorted({_modality(s) for s in facts.series})]}
        ),
        "subject": reference("Patient", facts.patient_id),
        **present(
            {
                "encounter": reference("Encounter", facts.visit_id) if facts.visit_id else None,
                "started": facts.study_date.isoformat() if facts.study_date else None,
                "basedOn": [reference("ServiceRequest", order)] if order else None,
            }
        ),
        "numberOfSeries": len(facts.series),
        "numberOfInstances": sum(one.instances for one in facts.series),
        **present(
            {
                "description": words(facts.description),
                "series": [_series(one) for one in facts.series],
            }
        ),
    }


def _accessions(facts: StudyFacts, naming: Naming) -> list[Json]:
    """Return the order's number, and what the pictures say instead: a number of somebody who is not named."""
    ours = accession_number(facts.order_id) if facts.order_id else None
    said = words(facts.accession_number)
    return [
        *([accession(ours, naming.system("accession"))] if ours else []),
        *([accession(said)] if said and said.upper() != ours else []),
    ]


def _series(facts: SeriesFacts) -> Json:
    number = facts.number
    return {
        "uid": facts.uid,
        **({"number": number} if number is not None and 0 <= number <= LARGEST_UNSIGNED else {}),
        "modality": coding(DICOM_CODES, _modality(facts)),
        **present({"description": words(facts.description)}),
        "numberOfInstances": facts.instances,
    }


def _modality(facts: SeriesFacts) -> str:
    return words(facts.modality) or OTHER_MODALITY
