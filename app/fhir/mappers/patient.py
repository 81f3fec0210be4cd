"""A person as FHIR Patient (KR Core)."""

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from app.fhir.mappers.naming import (
    SECONDARY,
    TERMINOLOGY,
    Json,
    Naming,
    concept,
    head,
    present,
    reference,
    words,
)
from app.fhir.rules import is_address, issuer_system

UNKNOWN: Final = "unknown"
# v2-0203 of the further numbers: record numbers of other houses, and of this one before.
CODES: Final = {"hospital": "MR", "insurance": "NH", "previous": "MR"}
OLD: Final = "old"


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberFacts:
    """A number under which somebody else knows a person; `system` is an address, or the issuer's name."""

    kind: str
    system: str
    value: str


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
    numbers: tuple[NumberFacts, ...] = ()


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
            },
            *(_further(one, naming) for one in facts.numbers),
        ],
        "active": facts.is_active,
        "name": [{"use": "official", "text": words(facts.name)}],
        "gender": facts.gender or UNKNOWN,
        "birthDate": facts.birth_date.isoformat(),
        **present(
            {"link": replaced and [{"other": reference("Patient", replaced), "type": "replaced-by"}]},
        ),
    }


def _further(number: NumberFacts, naming: Naming) -> Json:
    """Return a further number; its issuer's name, which is no address, stands in an address of ours."""
    code = CODES.get(number.kind)
    name = None if is_address(number.system) or number.system == number.kind else words(number.system)
    return {
        "use": OLD if number.kind == "previous" else SECONDARY,
        **present({"type": code and concept(f"{TERMINOLOGY}v2-0203", code)}),
        "system": issuer_system(naming.system(number.kind), number.kind, number.system),
        "value": number.value,
        **present({"assigner": name and {"display": name}}),
    }
