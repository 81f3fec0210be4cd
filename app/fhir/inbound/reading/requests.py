"""What a ServiceRequest says."""

from collections.abc import Collection
from dataclasses import dataclass

from app.fhir.inbound.reading.elements import (
    Resource,
    codes_of,
    labels_of,
    object_of,
    objects_in,
    referred,
    text_of,
    words_of,
)
from app.fhir.inbound.reading.refusing import CannotTakeError, Why

OPEN_ORDERS = frozenset({"active", "on-hold"})
TAKEN_BACK = frozenset({"revoked", "entered-in-error"})
REFLEX = "reflex-order"  # what a result has called for: one examination more, whatever it is based on
INTENTS = frozenset({"order", "original-order", REFLEX, "filler-order", "instance-order"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A ServiceRequest; it carries out those that it is based on, by their ids there and by numbers of ours."""

    patient: str
    is_open: bool
    is_taken_back: bool
    encounter: str | None
    code: str | None
    words: tuple[str, ...]
    labels: tuple[str, ...]
    based_on: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()


def order_of(
    resource: Resource, service_systems: Collection[str], number_systems: Collection[str] = ()
) -> Order | None:
    """Return what a ServiceRequest says, or None for a mere plan or proposal. Raise CannotTakeError."""
    intent = text_of(resource, "intent")
    if intent not in INTENTS:
        return None
    patient = referred(object_of(resource.get("subject")), "Patient")
    if patient is None:
        raise CannotTakeError(Why.UNKNOWN_PATIENT)
    status, concept = text_of(resource, "status"), object_of(resource.get("code"))
    carried_out = () if intent == REFLEX else objects_in(resource.get("basedOn"))
    return Order(
        patient=patient,
        is_open=status in OPEN_ORDERS,
        is_taken_back=status in TAKEN_BACK,
        encounter=referred(object_of(resource.get("encounter")), "Encounter"),
        code=next(iter(codes_of(concept, service_systems)), None),
        words=tuple(words_of(concept)),
        labels=tuple(labels_of(concept)),
        based_on=tuple(filter(None, (referred(one, "ServiceRequest") for one in carried_out))),
        numbers=tuple(
            text_of(one, "value")
            for one in (object_of(said.get("identifier")) for said in carried_out)
            if text_of(one, "system") in number_systems
        ),
    )
