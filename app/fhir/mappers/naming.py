"""What all mappers write alike: moments, identifiers, codings, references, the version that we are the source of."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from app.fhir.rules import BASE, SOURCE_VERSION

# A resource, or a part of one, as it will be JSON.
Json = dict[str, Any]

KR_CORE: Final = "http://www.hl7korea.or.kr/fhir/krcore/StructureDefinition/krcore-"
TERMINOLOGY: Final = "http://terminology.hl7.org/CodeSystem/"
SNOMED: Final = "http://snomed.info/sct"
DICOM_CODES: Final = "http://dicom.nema.org/resources/ontology/DCM"
SERVICE_CODES: Final = f"{BASE}/CodeSystem/service"
SECONDARY: Final = "secondary"
BYTE_ORDER_MARK: Final = "\ufeff"  # a space to JavaScript, none to Python


@dataclass(frozen=True, slots=True)
class Naming:
    """Where we are, and for whom we write.

    The address under which our identifiers are known, the zone of the wall clock, and how the target calls our staff.
    """

    system_base: str
    zone: ZoneInfo
    staff: Mapping[UUID, str] = field(default_factory=dict)

    def system(self, name: str) -> str:
        """Return the system of one of our identifiers."""
        return f"{self.system_base}/sid/{name}"

    def moment(self, at: datetime) -> str:
        """Return a moment as FHIR dateTime, to the second, with the offset of the site's zone."""
        return at.astimezone(self.zone).replace(microsecond=0).isoformat()

    def period(self, start: datetime | None, end: datetime | None = None) -> Json:
        """Return a Period of what is known; a clock that was set back makes it short, never negative (per-1)."""
        if start is not None and end is not None:
            end = max(start, end)
        return {name: self.moment(at) for name, at in (("start", start), ("end", end)) if at is not None}

    def staff_member(self, staff_id: UUID | None) -> Json:
        """Return a reference to one of our staff as the target knows them; empty where it does not."""
        known = self.staff.get(staff_id) if staff_id else None
        return {"reference": f"Practitioner/{known}"} if known else {}

    def identifiers(self, own: tuple[str, object], *others: tuple[str, object]) -> list[Json]:
        """Return identifiers: first the one that is unique and never changes, for targets that assign their own ids."""
        first, *more = ({"system": self.system(name), "value": str(value)} for name, value in (own, *others))
        return [first, *({"use": SECONDARY, **one} for one in more)]


def head(resource_type: str, resource_id: UUID, seq: int, *, profile: str | None = None) -> Json:
    """Return how every resource begins: its type, our id, and the version that it is the image of."""
    return {
        "resourceType": resource_type,
        "id": str(resource_id),
        **({"meta": {"profile": [KR_CORE + profile]}} if profile else {}),
        "extension": [{"url": SOURCE_VERSION, "valueInteger": seq}],
    }


def reference(resource_type: str, resource_id: UUID) -> Json:
    """Return a reference to another aggregate of ours, by our id; the relay knows what it is called elsewhere."""
    return {"reference": f"{resource_type}/{resource_id}"}


def coding(system: str, code: str) -> Json:
    """Return a Coding."""
    return {"system": system, "code": str(code)}


def concept(system: str, code: str, text: str | None = None) -> Json:
    """Return a CodeableConcept of one coding, with the words that people use for it."""
    said = words(text)
    return {"coding": [coding(system, code)], **({"text": said} if said else {})}


def accession(value: str, system: str | None = None) -> Json:
    """Return the number that order and pictures share; `system` where it is ours."""
    return {
        "use": SECONDARY,
        "type": concept(f"{TERMINOLOGY}v2-0203", "ACSN"),
        **present({"system": system}),
        "value": value,
    }


def words(written: str | None) -> str:
    """Return what people wrote as a FHIR string, which knows plain spaces and no control characters.

    A room called "1번　진료실", with the wide space of a Korean keyboard, would be refused by its own class.
    """
    if not written or (written.isprintable() and "  " not in written and written.strip() == written):
        return written or ""
    seen = (one for one in written if one.isspace() or unicodedata.category(one) not in {"Cc", "Cs"})
    return " ".join("".join(seen).replace(BYTE_ORDER_MARK, "").split())


def lines(written: str) -> str:
    """Return a text of several lines as a FHIR string: each as `words`, an empty one where a paragraph ends."""
    kept = "\n".join(words(line) for line in written.splitlines())
    return re.sub(r"\n{3,}", "\n\n", kept).strip("\n")


def present(parts: Mapping[str, Any]) -> Json:
    """Return the parts that have something in them: an empty element is no FHIR (ele-1)."""
    return {name: part for name, part in parts.items() if part not in (None, "", [], {})}
