"""Orders of the EMR: one examination more for whoever is here or expected today, or one that is taken back."""

from uuid import UUID

from app.core.actor import EMR
from app.core.errors import TransitionRefusedError
from app.fhir.inbound import links
from app.fhir.inbound.reading import CannotTakeError, Order, Resource, Why, order_of
from app.fhir.inbound.shapes import Context
from app.fhir.models import Link
from app.fhir.queries import inbound as known
from app.fhir.rules import Kind
from app.journey import services as journey


def take(context: Context, resource: Resource, link: Link | None) -> Link | None:
    """Plan an order as a step of the visit, once; take it back where it is revoked. What was done stays done."""
    order = order_of(resource, context.service_systems)
    if order is None:
        return link
    if link is not None:
        if order.is_taken_back:
            context.hear(Kind.STEP, link)
            _revoke(UUID(link.aggregate_id))
        return link
    if not order.is_open:
        return None
    patient_id = known.living(context.patient(order.patient))
    service = _service(order)
    named = links.ours(context.target, "Encounter", order.encounter) if order.encounter else None
    visit_id = known.visit_for_order(patient_id, named)
    if visit_id is None:
        # Kept on the list with whom it waits for; every pull looks whether they are expected or here.
        raise CannotTakeError(Why.WAITS_FOR_VISIT, str(patient_id))
    ordered = journey.order(visit_id, service=service, by=EMR)
    link = _link(context, ordered.step_id)
    context.hear(Kind.STEP, link)
    return link


def _link(context: Context, step_id: UUID) -> Link:
    """Link a step; one that we had sent before the EMR ordered it is from now on the EMR's order."""
    held = links.of_aggregate(context.target, Kind.STEP, step_id)
    if held is None:
        return context.remember(Kind.STEP, step_id)
    held.remote_id, held.is_theirs, held.delivered_seq = context.stamp.remote_id, True, 0
    return held


def _revoke(step_id: UUID) -> None:
    visit_id = known.visit_of_step(step_id)
    if visit_id is None:
        return
    try:
        journey.revoke(visit_id, step_id=step_id, by=EMR)
    except TransitionRefusedError as error:
        if error.details.get("why") == "in_room":
            raise CannotTakeError(Why.IN_ROOM) from error
        # Done, dropped, or the visit is over: there is nothing left to take back.


def _service(order: Order) -> str:
    """Return the service that was ordered: by code, else by its name. Raise CannotTakeError."""
    if order.code is not None:
        if not known.services_known([order.code]):
            raise CannotTakeError(Why.UNKNOWN_SERVICE, order.code)
        return order.code
    if found := known.services_named(order.words):
        return found[0]
    raise CannotTakeError(Why.UNKNOWN_SERVICE if order.words else Why.NO_SERVICE, ", ".join(order.labels))
