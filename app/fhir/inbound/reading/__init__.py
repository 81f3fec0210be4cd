"""What a resource of the EMR says, read without trust: plain values out, a reason where they cannot be taken."""

from app.fhir.inbound.reading.bookings import Booking, booking_of
from app.fhir.inbound.reading.elements import Resource, every_identifier, identifiers, referred
from app.fhir.inbound.reading.people import Person, person_of
from app.fhir.inbound.reading.refusing import CannotTakeError, Why
from app.fhir.inbound.reading.requests import Order, order_of
from app.fhir.inbound.reading.stamps import Stamp, stamp_of

__all__ = [
    "Booking",
    "CannotTakeError",
    "Order",
    "Person",
    "Resource",
    "Stamp",
    "Why",
    "booking_of",
    "every_identifier",
    "identifiers",
    "order_of",
    "person_of",
    "referred",
    "stamp_of",
]
