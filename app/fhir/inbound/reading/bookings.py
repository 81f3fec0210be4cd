"""What an Appointment says."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from app.fhir.inbound.reading.elements import (
    Resource,
    codes_of,
    labels_of,
    moment_of,
    object_of,
    objects_in,
    referred,
    text_of,
    words_of,
)
from app.fhir.inbound.reading.refusing import CannotTakeError, Why

# R4 Appointment.status -> what is kept of it; None: a wish that is no booking yet.
BOOKING_STATUS: Mapping[str, str | None] = {
    "proposed": None,
    "pending": None,
    "waitlist": None,
    "booked": "booked",
    "arrived": "booked",
    "checked-in": "booked",
    "fulfilled": "booked",
    "cancelled": "cancelled",
    "entered-in-error": "cancelled",
    "noshow": "noshow",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """An Appointment; `status` None: not a booking yet. `words` name a service where no code of ours does.

    `labels` are what codes are called, which may be listed; free text may hold a patient's story.
    """

    patient: str
    starts_at: datetime
    status: str | None
    is_here: bool
    is_registered: bool
    codes: tuple[str, ...]
    words: tuple[str, ...]
    labels: tuple[str, ...]


def booking_of(resource: Resource, service_systems: Collection[str]) -> Booking:
    """Return what an Appointment says. Raise CannotTakeError without a patient or a time."""
    actors = [object_of(one.get("actor")) for one in objects_in(resource.get("participant"))]
    patient = next((found for one in actors if (found := referred(one, "Patient"))), None)
    if patient is None:
        raise CannotTakeError(Why.UNKNOWN_PATIENT)
    starts_at = moment_of(resource.get("start"))
    if starts_at is None:
        raise CannotTakeError(Why.NO_TIME)
    status = text_of(resource, "status")
    concepts = [
        *objects_in(resource.get("serviceType")),
        object_of(resource.get("appointmentType")),
        *objects_in(resource.get("reasonCode")),
    ]
    named = [
        str(one["display"])
        for one in actors
        if referred(one, "HealthcareService") and isinstance(one.get("display"), str)
    ]
    return Booking(
        patient=patient,
        starts_at=starts_at,
        status=BOOKING_STATUS.get(status),
        is_here=status in {"arrived", "checked-in"},
        is_registered=status == "checked-in",
        codes=tuple(dict.fromkeys(code for one in concepts for code in codes_of(one, service_systems))),
        words=tuple(dict.fromkeys([*named, *(word for one in concepts for word in words_of(one))])),
        labels=tuple(dict.fromkeys(label for one in concepts for label in labels_of(one))),
    )
