"""Whose word a command is: the table's right, for the own visit or for a unit's patients."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from app.accounts.roles import PATIENT_SIDE, Facts, Permission, Role, may, require
from app.core import clock
from app.core.actor import Actor
from app.core.errors import InvalidError, NotFoundError
from app.emr import queries as emr
from app.journey.states import TABLE, Command, Reason

LONGEST_REASON = 300


def permit(command: Command, *, visit_id: UUID, units: Collection[UUID], by: Actor) -> None:
    """Check the right of a command, given the visit and the units that have to do with it.

    Raise NotAllowedError for a missing right, NotFoundError for somebody else's patient.
    """
    way = TABLE[command]
    if is_on_their_own(command, by=by):
        require(by, Permission.GUIDE_OWN_VISIT, Facts(visit=visit_id))
        return
    require(by, way.right)
    if units and not any(may(by, way.right, Facts(unit=unit)) for unit in units):
        # A doctor's own patients stay theirs where the unit is another one now.
        if may(by, way.right, Facts(unit=min(units), treating=emr.is_treating(visit_id, by=by))):
            return
        raise NotFoundError(kind="visit")


def is_on_their_own(command: Command, *, by: Actor) -> bool:
    """Whether somebody does for the own visit (or for the person in front) what staff do by another right."""
    return TABLE[command].is_own and by.role in PATIENT_SIDE


def is_on_the_patients_word(command: Command, *, by: Actor) -> bool:
    """Whether the patient decides, on a phone or at the kiosk: the queue's limits are for these, not for staff."""
    return is_on_their_own(command, by=by) and by.role != Role.DESK


def reason_for(command: Command, reason: str | None, *, is_needed: bool = False) -> str | None:
    """Return the reason as it is kept. Raise InvalidError where the table asks for one and none was given."""
    said = (reason or "").strip()[:LONGEST_REASON] or None
    if said is None and (is_needed or TABLE[command].reason is Reason.ALWAYS):
        raise InvalidError(field="reason", why="missing")
    return said


def check_until(until: datetime | None) -> None:
    """Raise InvalidError for a moment that has passed."""
    if until is not None and until <= clock.utcnow():
        raise InvalidError(field="until", why="past")
