"""Bookings of the EMR: who is booked for today is expected at once, and who is called off no longer is."""

from uuid import UUID

from app import settings
from app.core import clock
from app.core.actor import EMR
from app.emr import services as emr
from app.fhir.inbound.reading import Booking, CannotTakeError, Resource, Why, booking_of
from app.fhir.inbound.shapes import Context
from app.fhir.models import Link
from app.fhir.queries import inbound as known
from app.fhir.rules import Kind
from app.journey import services as journey

BOOKED, CANCELLED = "booked", "cancelled"


def take(context: Context, resource: Resource, link: Link | None) -> Link | None:
    """Book, move or call off; whoever has come stays as this house has it."""
    booking = booking_of(resource, context.service_systems)
    if link is None:
        if booking.status != BOOKED or _is_past(booking):
            return None  # a wish, or over: nobody is expected for it
        patient_id = known.living(context.patient(booking.patient))
        planned: tuple[str, ...] | None = _services(booking)
        appointment_id = emr.book(patient_id, starts_at=booking.starts_at, planned=planned or (), by=EMR)
        link = context.remember(Kind.APPOINTMENT, appointment_id)
    elif _is_ours_newer(link) and booking.status == BOOKED:
        return link  # moved or called off here, and on its way there: theirs is the older word
    else:
        appointment_id = UUID(link.aggregate_id)
        planned = _services(booking) if booking.status == BOOKED else None
    context.hear(Kind.APPOINTMENT, link)
    # A booking that went back to being a wish is none.
    said = emr.SaidBooking(starts_at=booking.starts_at, planned=planned, status=booking.status or CANCELLED)
    journey.follow_booking(appointment_id, said, site=context.site, by=EMR)
    if booking.is_here and booking.status == BOOKED:
        _let_come(appointment_id, is_registered=booking.is_registered)
    return link


def _let_come(appointment_id: UUID, *, is_registered: bool) -> None:
    """Note an arrival, or a registration, that the EMR's own desk has seen (V1, V2)."""
    visit_id = known.visit_of_booking(appointment_id)
    if visit_id is None:
        return
    if is_registered:
        journey.check_in(visit_id, by=EMR)
    else:
        journey.arrive(visit_id, by=EMR)


def _services(booking: Booking) -> tuple[str, ...]:
    """Return what is planned: by code, else by a service's name. Raise CannotTakeError."""
    if booking.codes:
        unknown = sorted(set(booking.codes) - known.services_known(booking.codes))
        if unknown:
            raise CannotTakeError(Why.UNKNOWN_SERVICE, ", ".join(unknown))
        return booking.codes
    if found := known.services_named(booking.words):
        return found
    raise CannotTakeError(Why.UNKNOWN_SERVICE if booking.words else Why.NO_SERVICE, ", ".join(booking.labels))


def _is_past(booking: Booking) -> bool:
    now = settings.current()
    day = clock.business_date(booking.starts_at, now.site_timezone, now.business_day_start)
    return day < clock.today()


def _is_ours_newer(link: Link) -> bool:
    """Whether this house has changed the booking since both were the same."""
    return (known.seq_of(Kind.APPOINTMENT, UUID(link.aggregate_id)) or 0) > link.delivered_seq
