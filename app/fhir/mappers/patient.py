"""A person as FHIR Patient (KR Core)."""

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from app.fhir.mappers.naming import TERMINOLOGY, Json, Naming, concept, head, present, reference, words

UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientFacts:
    """What leaves the house of a person; the phone is kept as a hash only, and no resident number exists here."""

    id: UUID
    seq: int
    mrn: str
    name: str
    birth_date: date
    gender: str | None
    is_active: bool
    replaced_by: UUID | None


def patient(facts: PatientFacts, naming: Naming) -> Json:
    """Map a person.

    The name is one text: where a Korean family name ends is a guess (남궁민 is 남궁 + 민, 남궁원 may be 남 + 궁원), and
    KR Core asks for `name.text` alone. A gender that nobody asked for is `unknown`, which the profile allows.
    """
    replaced = facts.replaced_by
    return {
        **head("Patient", facts.id, facts.seq, profile="patient"),
        "identifier": [
            {
                "use": "usual",
                "type": concept(f"{TERMINOLOGY}v2-0203", "MR"),
                "system": naming.system("mrn"),
                "value": facts.mrn,
            }
        ],
        "active": facts.is_active,
        "name": [{"use": "official", "text": words(facts.name)}],
        "gender": facts.gender or UNKNOWN,
        "birthDate": facts.birth_date.isoformat(),
        **present(
            {"link": replaced and [{"other": reference("Patient", replaced), "type": "replaced-by"}]},
        ),
    }
