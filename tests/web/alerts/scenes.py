"""What gives reason for an alert, by the hands that do it in the house."""

from dataclasses import replace
from uuid import UUID

from sqlalchemy import select

from app.accounts.models import Device
from app.alerts import services as alerts
from app.alerts.models import Alert
from app.core.db import db
from app.journey import services as journey
from app.journey.models import Visit
from app.queues import services as queues
from tests.hospital import Hospital
from tests.web.scenes import entry_of, serve


def urgent_left(hospital: Hospital, *, name: str = "한가람") -> Alert:
    """Let an urgent patient of the ward leave."""
    visit = hospital.waiting("consult", name=name)
    entry = entry_of(visit)
    anne = hospital.cast.anne
    journey.prioritise(entry.public_id, priority=2, version=entry.version, reason="통증", by=anne)
    journey.leave(visit, version=_version(visit), reason="기다리지 않음", by=anne)
    return newest()


def help_called(hospital: Hospital) -> Alert:
    """Let somebody press the kiosk's button."""
    device = db.session.execute(select(Device.public_id).where(Device.kind == "kiosk")).scalar_one()
    db.session.remove()
    alerts.call_help(by=replace(hospital.cast.dana, id=device, device_id=device))
    return newest()


def in_no_line(hospital: Hospital) -> UUID:
    """Let a patient come out of the laboratory while the consultation is closed; return the visit."""
    visit = hospital.waiting("lab", "consult")
    journey.call_next(hospital.lab, hospital.lab_room, by=hospital.cast.anne)
    queues.set_queue_open(hospital.consult, is_open=False, by=hospital.cast.chris)
    serve(hospital, visit)
    queues.set_queue_open(hospital.consult, is_open=True, by=hospital.cast.chris)
    return visit


def newest() -> Alert:
    """Return the newest alert as it is committed."""
    db.session.remove()
    alert = db.session.execute(select(Alert).order_by(Alert.id.desc()).limit(1)).scalar_one()
    db.session.expunge(alert)
    db.session.remove()
    return alert


def _version(visit: UUID) -> int:
    found = db.session.execute(select(Visit.version).where(Visit.public_id == visit)).scalar_one()
    db.session.remove()
    return found
