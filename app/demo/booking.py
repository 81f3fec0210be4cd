"""Somebody of the play: booked for today and expected, or at the door without a time."""

from datetime import datetime, timedelta
from uuid import UUID

from app.core import clock
from app.core.actor import SYSTEM, Actor
from app.demo import hospital
from app.demo.people import Person
from app.emr import queries as emr_queries
from app.emr import services as emr
from app.journey import services as journey

LAST_MINUTES = 10


def expect(
    somebody: Person, planned: tuple[str, ...], starts_at: datetime, *, is_reserved: bool = False
) -> UUID:
    """Book a person, entered where unknown, and return the visit that is expected."""
    patient_id = _known(somebody, is_reserved=is_reserved)
    appointment_id = emr.book(patient_id, starts_at=starts_at, planned=planned, by=SYSTEM)
    return journey.expect(appointment_id, site=hospital.SITE, by=SYSTEM)


def walk_in(somebody: Person, planned: tuple[str, ...], *, by: Actor) -> UUID:
    """Begin the visit of a person without an appointment, entered where unknown, at the desk."""
    patient_id = _known(somebody, is_reserved=False)
    return journey.walk_in(patient_id, services=planned, site=hospital.SITE, by=by).visit_id


def around_now(minutes: float, *, every: int) -> datetime:
    """Return the round time so many minutes from now, within today: at 03:55 tomorrow is near."""
    begin, end = clock.day_bounds(clock.today())
    at = clock.utcnow() + timedelta(minutes=minutes)
    at = at.replace(minute=at.minute - at.minute % every, second=0, microsecond=0)
    return max(begin, min(at, end - timedelta(minutes=LAST_MINUTES)))


def _known(somebody: Person, *, is_reserved: bool) -> UUID:
    """Return the patient, entered where unknown."""
    return emr_queries.patients_by_mrn([somebody.mrn]).get(somebody.mrn) or emr.enter_patient(
        name=somebody.name,
        birth_date=somebody.birth_date,
        phone=somebody.phone,
        mrn=somebody.mrn,
        is_demo_reserved=is_reserved,
        by=SYSTEM,
    )
