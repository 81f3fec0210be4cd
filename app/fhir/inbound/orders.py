"""Orders of the EMR: one examination more for whoever is here or expected today, or one that is taken back.

Orders of ours come back too: what they do with one beside taking it back is theirs, and no order of theirs. Nor is
the order by which a department there carries out one that this house has placed, or knows already.
"""

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
from app.orders import services as orders

REVOKED_THERE = "emr"  # the reason that stands in the audit


def take(context: Context, resource: Resource, link: Link | None) -> Link | None:
    """Plan an order as a step of the visit, once; take it back where it is revoked. What was done stays done."""
    order = order_of(resource, context.service_systems, context.number_systems)
    if order is None:
        return link
    if link is not None and link.kind == Kind.ORDER:
        if order.is_taken_back:
            context.hear(Kind.ORDER, link)
            _take_back(UUID(link.aggregate_id))
        return link
    if link is not None:
        if order.is_taken_back:
            context.hear(Kind.STEP, link)
            _revoke(UUID(link.aggregate_id))
        return link
    if not order.is_open or _is_known(context, order):
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


def _is_known(context: Context, order: Order) -> bool:
    """Whether an order carries out one that stands here: by their id for it, by ours, or by its number."""
    if any(links.ours(context.target, "ServiceRequest", one) is not None for one in order.based_on):
        return True
    return any(
        known.seq_of(kind, number) is not None
        for number in filter(None, map(_id_of, (*order.based_on, *order.numbers)))
        for kind in (Kind.ORDER, Kind.STEP)
    )


def _id_of(said: str) -> UUID | None:
    try:
        return UUID(said)
    except ValueError:
        return None


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


def _take_back(order_id: UUID) -> None:
    """Take back an order of this house, and the steps that serve it."""
    known_here = orders.standing(order_id)
    for step_id in known_here.steps if known_here is not None else ():
        _revoke(step_id)
    if known_here is not None:
        orders.take_back(order_id, reason=REVOKED_THERE, by=EMR)


def _service(order: Order) -> str:
    """Return the service that was ordered: by code, else by its name. Raise CannotTakeError."""
    if order.code is not None:
        if not known.services_known([order.code]):
            raise CannotTakeError(Why.UNKNOWN_SERVICE, order.code)
        return order.code
    if found := known.services_named(order.words):
        return found[0]
    raise CannotTakeError(Why.UNKNOWN_SERVICE if order.words else Why.NO_SERVICE, ", ".join(order.labels))
