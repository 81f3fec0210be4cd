"""A record opened in an emergency: an hour for one reader, and those who answer for the patient are told at once."""

from uuid import UUID

from sqlalchemy import select

from app.alerts import services as alerts
from app.alerts.rules import Kind
from app.alerts.services import About
from app.core.actor import Actor
from app.core.db import db
from app.core.transaction import transactional
from app.emr import services as emr
from app.journey.models import Visit, VisitStep
from app.queues import services as queues


@transactional
def declare_emergency(mrn: str, *, reason: str, by: Actor) -> UUID:
    """Open the record of this number; return whose it is. The patient's ward hears of it, else the reception.

    Raise InvalidError without a reason or for an unknown number.
    """
    opened = emr.declare_emergency(mrn, reason=reason, by=by)
    ward = db.session.execute(
        select(Visit.id, Visit.day_number, VisitStep.service_code)
        .join(VisitStep, VisitStep.visit_id == Visit.id)
        .where(Visit.patient_id == emr.known(opened.patient_id).id, Visit.open_slot == 1)
        .order_by(Visit.id.desc(), VisitStep.ordinal)
        .limit(1)
    ).one_or_none()
    about = About()
    if ward is not None:
        about = About(
            unit=min(queues.units_offering([ward.service_code]), default=None),
            visit_id=ward.id,
            number=ward.day_number,
        )
    alerts.raise_alert(Kind.EMERGENCY_ACCESS, f"{Kind.EMERGENCY_ACCESS}:{opened.access_id}", about, by=by)
    return opened.patient_id
