"""Who works at the EMR, and where its rooms are: linked with ours, so that what we send refers to theirs."""

from uuid import UUID

from app.fhir.inbound import links
from app.fhir.inbound.reading import CannotTakeError, Resource, Why, every_identifier, identifiers
from app.fhir.inbound.shapes import Context
from app.fhir.models import Link
from app.fhir.queries import inbound as known
from app.fhir.rules import STAFF, Kind

MOST_IDENTIFIERS = 20


def take_practitioner(context: Context, resource: Resource, link: Link | None) -> Link | None:
    """Link a practitioner with the member of staff whose user name is one of the identifiers."""
    if link is not None or resource.get("active") is False:
        return link
    staff_id = known.staff_with(every_identifier(resource)[:MOST_IDENTIFIERS])
    if staff_id is None or links.of_aggregate(context.target, STAFF, staff_id) is not None:
        raise CannotTakeError(Why.NO_STAFF)
    return context.remember(STAFF, staff_id)


def take_location(context: Context, resource: Resource, link: Link | None) -> Link | None:
    """Link a location with the room that it is: by our identifiers, else by its exact name."""
    if link is not None or resource.get("status") == "inactive":
        return link
    name = resource.get("name")
    point_id = known.point_with(
        _ids(identifiers(resource, f"{context.system_base}/sid/location")),
        (
            *identifiers(resource, f"{context.system_base}/sid/place"),
            *identifiers(resource, f"{context.system_base}/sid/location"),
        ),
        name.strip() if isinstance(name, str) else "",
    )
    if point_id is None or links.of_aggregate(context.target, Kind.POINT, point_id) is not None:
        raise CannotTakeError(Why.NO_PLACE)
    return context.remember(Kind.POINT, point_id)


def _ids(texts: tuple[str, ...]) -> list[UUID]:
    found = []
    for text in texts:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found
