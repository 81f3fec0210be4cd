"""One resource of the EMR becomes one unit of work here, once per version: rows, link and what follows from them."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from uuid import UUID

from app import settings
from app.core.errors import BusyError, InvalidError, RefusedError
from app.core.transaction import transactional
from app.fhir.inbound import bookings, links, orders, patients, places
from app.fhir.inbound.reading import CannotTakeError, Resource, Stamp, Why, every_identifier, identifiers
from app.fhir.inbound.shapes import Context
from app.fhir.models import Link
from app.fhir.queries import inbound as known
from app.fhir.rules import TYPES as OURS
from app.fhir.rules import Kind, Target

PRACTITIONER = "Practitioner"
# Parents first: what comes later refers to what comes earlier.
TYPES = ("Patient", PRACTITIONER, "Location", "Appointment", "ServiceRequest")


class Took(StrEnum):
    """What became of a resource."""

    TAKEN = "taken"
    SAME = "same"  # read or written by us in this version
    ECHO = "echo"  # our own word, or one that a newer word of ours overtakes
    PASSED = "passed"  # nothing that concerns this house


TAKERS: Mapping[str, Callable[[Context, Resource, Link | None], Link | None]] = {
    "Patient": patients.take,
    PRACTITIONER: places.take_practitioner,
    "Location": places.take_location,
    "Appointment": bookings.take,
    "ServiceRequest": orders.take,
}
"""Each returns the link of what it took, None where nothing concerns this house; it raises CannotTakeError."""


@transactional
def take(target: Target, stamp: Stamp, resource: Resource, *, site: str, is_again: bool = False) -> Took:
    """Take over one resource. `is_again`: also a version that was read before (after an admin's repair).

    Raise CannotTakeError, or NeedError for another resource that must come first; nothing is written then.
    """
    link = links.find(target, stamp.resource_type, stamp.remote_id)
    if link is not None and link.etag == stamp.etag and stamp.etag is not None and not is_again:
        links.take_off_the_list(target, stamp.resource_type, stamp.remote_id)
        return Took.SAME
    if _is_echo(stamp, resource, link):
        links.take_off_the_list(target, stamp.resource_type, stamp.remote_id)
        return Took.ECHO
    context = Context(target=target, stamp=stamp, site=site, system_base=_system_base())
    try:
        link = TAKERS[stamp.resource_type](context, resource, link)
    except BusyError:
        raise  # somebody works on this very visit: later, and nothing is wrong with the resource
    except InvalidError as error:
        raise CannotTakeError(Why.MALFORMED, str(error.details.get("field", ""))) from error
    except RefusedError as error:
        raise CannotTakeError(Why.REFUSED, error.code) from error
    links.take_off_the_list(target, stamp.resource_type, stamp.remote_id)
    if link is None:
        return Took.PASSED
    link.etag = stamp.etag
    # What the EMR has edited holds more than we know (an address): from now on we lay our word over it.
    link.is_theirs = link.is_theirs or stamp.resource_type != "Location"
    return Took.TAKEN


def _is_echo(stamp: Stamp, resource: Resource, link: Link | None) -> bool:
    """Whether this is our own word coming back.

    With a link: the version that we wrote carries our seq, and a newer seq of ours is on its way, so ours will be
    the last word. A colleague at the EMR who changes what we wrote keeps our extension; once we have nothing newer,
    that is news. Without a link: what we have just sent is read before its delivery was recorded.
    """
    if stamp.source_version is None:
        return False
    if link is None:
        kinds = [kind for kind, name in OURS.items() if name == stamp.resource_type]
        return any(_own_id(kind, stamp, resource) is not None for kind in kinds)
    if link.kind not in known.COUNTED:
        return False
    seq = known.seq_of(Kind(link.kind), UUID(link.aggregate_id)) or 0
    return stamp.source_version <= link.delivered_seq < seq


def _own_id(kind: Kind, stamp: Stamp, resource: Resource) -> UUID | None:
    """Return our aggregate that a resource is the image of: under our id, or with it as its identifier."""
    for text in (stamp.remote_id, *every_identifier(resource)):
        try:
            found = UUID(text)
        except ValueError:
            continue
        if known.seq_of(kind, found) is not None:
            return found
    if kind is Kind.PATIENT:
        return next(
            filter(None, map(known.patient_with, identifiers(resource, f"{_system_base()}/sid/mrn"))), None
        )
    return None


def _system_base() -> str:
    return settings.current().fhir_system_base.rstrip("/")
