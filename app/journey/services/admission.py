"""Whom the desk enters by hand: a time of today for somebody known, and somebody new."""

from datetime import date, time
from uuid import UUID

from app.accounts.roles import Permission, require
from app.core import clock
from app.core.actor import Actor
from app.core.errors import ConfirmationNeededError, InvalidError
from app.core.idempotency import command
from app.core.transaction import command_id
from app.emr import queries as emr_queries
from app.emr import services as emr
from app.emr.rules import phone_of
from app.journey.services.arrival import expect, walk_in
from app.journey.services.scene import Outcome

TWIN = "twin"  # the word that confirms: another person with this phone and birth date is meant


@command
def book_today(patient_id: UUID, *, at: time, services: tuple[str, ...], site: str, by: Actor) -> Outcome:
    """Book a time of today, on the hospital's wall clock, and expect the patient."""
    starts_at = clock.moment_of(clock.today(), at)
    if starts_at < clock.utcnow():
        raise InvalidError(field="at", why="past")
    appointment = emr.book(patient_id, starts_at=starts_at, planned=services, by=by)
    return Outcome(visit_id=expect(appointment, site=site, by=by), command_id=command_id())


@command
def admit(
    *,
    name: str,
    birth_date: date,
    phone: str,
    services: tuple[str, ...],
    site: str,
    at: time | None = None,
    confirm: frozenset[str] = frozenset(),
    by: Actor,
) -> Outcome:
    """Enter somebody new and begin the visit, at once or at a time of today.

    Two people with one phone and birth date can no longer log in by them, so who enters a second one confirms it.
    """
    require(by, Permission.EDIT_DEMOGRAPHICS)
    if TWIN not in confirm and emr_queries.with_identity(phone_of(phone)[-4:], birth_date):
        raise ConfirmationNeededError(confirm=[TWIN])
    patient_id = emr.enter_patient(name=name, birth_date=birth_date, phone=phone, by=by)
    if at is not None:
        return book_today(patient_id, at=at, services=services, site=site, by=by)
    return walk_in(patient_id, services=services, site=site, by=by)
