"""An order with its lines as one FHIR ServiceRequest; the steps that serve it name it as the placer's order."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from app.fhir.mappers.naming import (
    SNOMED,
    TERMINOLOGY,
    Json,
    Naming,
    accession,
    coding,
    concept,
    head,
    present,
    reference,
    words,
)
from app.fhir.mappers.service_request import IN_ERROR
from app.fhir.rules import BASE
from app.imaging.rules import accession_number
from app.journey.states import Disposition
from app.orders.rules import Category

ITEM_CODES: Final = f"{BASE}/CodeSystem/catalogue-item"
CATEGORY_CODES: Final = f"{BASE}/CodeSystem/order-category"
QUANTITY: Final = f"{BASE}/StructureDefinition/ordered-quantity"
LINE_STATUS: Final = f"{BASE}/StructureDefinition/line-status"
# hl7.org/fhir/R4/valueset-servicerequest-category.html, which knows these two of ours.
SNOMED_CATEGORY: Final = {Category.LAB: "108252007", Category.IMAGING: "363679005"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFacts:
    """One item of an order."""

    item_code: str
    item_name: str
    category: str
    quantity: int
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFacts:
    """An order; a draft may have no visit yet. `ordered_by`: a member of staff."""

    id: UUID
    seq: int
    patient_id: UUID
    visit_id: UUID | None
    visit_disposition: str | None
    status: str
    priority: str
    ordered_by: UUID | None
    note: str
    created_at: datetime
    lines: tuple[LineFacts, ...]


def order(facts: OrderFacts, naming: Naming) -> Json:
    """Map an order: our words for status and priority are FHIR's own.

    Each line stands in `orderDetail`, with how many and how it stands; R4 has one status for all of a request.
    """
    is_in_error = facts.visit_disposition == Disposition.ENTERED_IN_ERROR
    note = words(facts.note)
    return {
        **head("ServiceRequest", facts.id, facts.seq),
        # Not the placer's system: there the steps carry this number too, and it would find several.
        "identifier": [
            *naming.identifiers(("service-order", facts.id)),
            *_accession(facts, naming),
        ],
        "requisition": {
            "type": concept(f"{TERMINOLOGY}v2-0203", "PLAC"),
            "system": naming.system("placer-order"),
            "value": str(facts.id),
        },
        "status": IN_ERROR if is_in_error else str(facts.status),
        "intent": "order",
        "priority": str(facts.priority),
        **present(
            {
                "category": [_category(one) for one in sorted({one.category for one in facts.lines})],
                "code": _code(facts.lines),
                "orderDetail": [_detail(one) for one in facts.lines],
            }
        ),
        "subject": reference("Patient", facts.patient_id),
        **present(
            {
                "encounter": reference("Encounter", facts.visit_id) if facts.visit_id else None,
                "authoredOn": naming.moment(facts.created_at),
                "requester": naming.staff_member(facts.ordered_by),
                "note": [{"text": note}] if note else None,
            }
        ),
    }


def _accession(facts: OrderFacts, naming: Naming) -> list[Json]:
    """Return the number that the modality writes into the pictures, where pictures are ordered."""
    if Category.IMAGING not in {one.category for one in facts.lines}:
        return []
    return [accession(accession_number(facts.id), naming.system("accession"))]


def _category(said: str) -> Json:
    known = SNOMED_CATEGORY.get(Category(said))
    return {"coding": [coding(CATEGORY_CODES, said), *([coding(SNOMED, known)] if known else [])]}


def _code(lines: tuple[LineFacts, ...]) -> Json:
    """Return what is ordered: the item, or the names of several, for whoever reads no details (prr-1 asks for one)."""
    if len(lines) == 1:
        return concept(ITEM_CODES, lines[0].item_code, lines[0].item_name)
    text = ", ".join(filter(None, (words(one.item_name) for one in lines)))
    return {"text": text} if text else {}


def _detail(line: LineFacts) -> dict[str, Any]:
    return {
        "extension": [
            {"url": QUANTITY, "valueInteger": line.quantity},
            {"url": LINE_STATUS, "valueCode": str(line.status)},
        ],
        **concept(ITEM_CODES, line.item_code, line.item_name),
    }
