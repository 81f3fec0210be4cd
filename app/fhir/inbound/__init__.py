"""Inbound: patients, bookings, orders, staff and rooms of the EMR are taken over, once, by whoever reads first."""

from app.fhir.inbound.asking import ask, is_due
from app.fhir.inbound.pulling import Pulled, pull, retry
from app.fhir.inbound.reading import Why
from app.fhir.inbound.taking import Took

__all__ = ["Pulled", "Took", "Why", "ask", "is_due", "pull", "retry"]
