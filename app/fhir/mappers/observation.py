"""What a model measured in a series as FHIR Observation: preliminary for ever, as no model signs anything."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from app.fhir.mappers.naming import (
    TERMINOLOGY,
    Json,
    Naming,
    coding,
    concept,
    head,
    present,
    reference,
    words,
)
from app.fhir.rules import BASE

MODEL_CODES: Final = f"{BASE}/CodeSystem/model"
MEASURE_CODES: Final = f"{BASE}/CodeSystem/measure"
REFUSAL_CODES: Final = f"{BASE}/CodeSystem/refusal"
UCUM: Final = "http://unitsofmeasure.org"
# What people call a unit that UCUM spells otherwise.
SPOKEN: Final[Mapping[str, str]] = {"[hnsf'U]": "HU", "1": ""}
MODEL: Final = "model"  # the contained Device
NATURE: Final = "진단이 아닌 측정값입니다. Measurement, not a diagnosis."
REFUSED: Final = (
    "분석할 수 없는 영상입니다. 정상이라는 뜻이 아닙니다. Not analysable, which is not the same as normal."
)
WITHDRAWN: Final = "더 이상 유효하지 않은 측정값입니다. This measurement no longer holds."


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFacts:
    """A model's answer about one series: measures, or why there are none; `holds`: nothing has come after it."""

    id: UUID
    seq: int
    study_id: UUID
    patient_id: UUID
    visit_id: UUID | None
    study_date: date | None
    holds: bool
    measures: tuple[Mapping[str, Any], ...]
    refusal: str | None
    model_id: str
    model_version: str
    model_sha256: str
    at: datetime


def observation(facts: ResultFacts, naming: Naming) -> Json:
    """Map a result: each measure a component. What no longer holds keeps its place and loses its numbers."""
    has_values = facts.holds and facts.refusal is None and len(facts.measures) > 0
    notes = [NATURE, *([WITHDRAWN] if not facts.holds else [REFUSED] if facts.refusal else [])]
    return {
        **head("Observation", facts.id, facts.seq),
        "contained": [_model(facts, naming)],
        "identifier": naming.identifiers(("result", facts.id)),
        "status": "preliminary" if facts.holds else "cancelled",
        "category": [concept(f"{TERMINOLOGY}observation-category", "imaging")],
        "code": concept(MODEL_CODES, facts.model_id, facts.model_id),
        "subject": reference("Patient", facts.patient_id),
        **present(
            {
                "encounter": reference("Encounter", facts.visit_id) if facts.visit_id else None,
                "effectiveDateTime": facts.study_date.isoformat() if facts.study_date else None,
            }
        ),
        "issued": naming.moment(facts.at),
        **present({"dataAbsentReason": None if has_values else _absent(facts.refusal)}),
        "note": [{"text": one} for one in notes],
        "device": {"reference": f"#{MODEL}"},
        "derivedFrom": [reference("ImagingStudy", facts.study_id)],
        **present({"component": [_component(one) for one in facts.measures] if has_values else None}),
    }


def _model(facts: ResultFacts, naming: Naming) -> Json:
    """Return the model as a device: its name, its version, and by its digest which one to the byte."""
    return {
        "resourceType": "Device",
        "id": MODEL,
        "identifier": [{"system": naming.system("model"), "value": facts.model_sha256}],
        "deviceName": [{"name": words(facts.model_id), "type": "model-name"}],
        "version": [{"value": words(facts.model_version)}],
    }


def _absent(refusal: str | None) -> Json:
    """Return why there is no value: in the world's word, and in ours where the model has said one."""
    said = coding(f"{TERMINOLOGY}data-absent-reason", "not-performed" if refusal else "unknown")
    return {"coding": [said, *([coding(REFUSAL_CODES, refusal)] if refusal else [])]}


def _component(measure: Mapping[str, Any]) -> Json:
    name, unit = words(measure["name"]), measure["unit"]
    return {
        "code": concept(MEASURE_CODES, name, name.replace("-", " ")),
        "valueQuantity": {
            "value": measure["value"],
            **present({"unit": SPOKEN.get(unit, unit)}),
            "system": UCUM,
            "code": unit,
        },
    }
