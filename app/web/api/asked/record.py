"""Changes of a patient's record."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from app.web.api.asked.base import Asked, Seen, change_of

Criticality = Literal["high", "low", "unable-to-assess"]
Relation = Literal["spouse", "parent", "child", "sibling", "guardian", "friend", "other"]
Why = Annotated[str, Field(min_length=1, max_length=300)]


class PatientChange(Seen):
    """What changes of a patient's own data; what is not given stays."""

    name: Annotated[str, Field(max_length=200)] | None = None
    birth_date: date | None = None
    phone: Annotated[str, Field(max_length=40)] | None = None
    gender: Annotated[str, Field(max_length=8)] | None = None


class EncounterChange(Seen):
    """What changes of a visit's notes: each a whole text; what is not given stays."""

    medical: Annotated[str, Field(max_length=20_000)] | None = None
    nursing: Annotated[str, Field(max_length=20_000)] | None = None


class RecordsWanted(Asked):
    """Whose record: a number, a name, 초성, a birth date or four digits of the phone; nothing of it in an address."""

    search: Annotated[str, Field(max_length=100)]
    page: Annotated[int, Field(ge=1, le=100_000)] = 1


class AllergyNew(Asked):
    """What must not be given."""

    substance: Annotated[str, Field(max_length=120)]
    criticality: Criticality
    reaction: Annotated[str, Field(max_length=300)] = ""


AllergyChange = change_of(
    AllergyNew,
    "AllergyChange",
    "What changes of an allergy; `entered-in-error` takes it away.",
    status=(Literal["active", "inactive", "entered-in-error"] | None, None),
)


class ContactNew(Asked):
    """Whom to phone."""

    name: Annotated[str, Field(max_length=200)]
    relation: Relation
    phone: Annotated[str, Field(max_length=40)]


ContactChange = change_of(ContactNew, "ContactChange", "What changes of a contact.")


class IdentifierNew(Asked):
    """A number under which somebody else knows the patient; `system` says whose: an address, or the issuer's name."""

    kind: Literal["hospital", "insurance", "previous", "other"]
    value: Annotated[str, Field(max_length=100)]
    system: Annotated[str, Field(max_length=128)] = ""


class IdentifierEnd(Seen):
    """Why a number holds no longer, in the version that the caller saw."""

    reason: Why


class FlagNew(Asked):
    """What everybody must know; `other` says it in words."""

    kind: Literal["fall-risk", "infection", "language", "hearing", "other"]
    text: Annotated[str, Field(max_length=200)] = ""


class Removal(Seen):
    """What is taken away, in the version that the caller saw."""


class Merge(Asked):
    """The record that lives on, and why; `confirm` says that a different name or birth date was looked at."""

    into: UUID
    reason: Why
    confirm: tuple[Literal["other_name", "other_birth_date"], ...] = ()


class Parting(Asked):
    """Why two records are parted again."""

    reason: Why
