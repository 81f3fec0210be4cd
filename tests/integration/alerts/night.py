"""What the tests of alerts look at: what is open, as it is committed."""

from dataclasses import replace
from uuid import UUID

from sqlalchemy import select

from app.accounts.models import Device
from app.alerts.models import Alert, AlertPost
from app.core.actor import Actor
from app.core.db import db
from app.core.transaction import release
from app.journey.models import Visit
from tests.hospital import Hospital


def alerts(**wanted: object) -> list[Alert]:
    """Return the alerts as they are committed, oldest first."""
    release()
    rows = list(db.session.execute(select(Alert).filter_by(**wanted).order_by(Alert.id)).scalars())
    db.session.expunge_all()
    return rows


def the_alert(**wanted: object) -> Alert:
    """Return the one alert there is."""
    (alert,) = alerts(**wanted)
    return alert


def seq_of(post_id: UUID) -> int:
    """Return how far a post's screens have moved."""
    release()
    found = db.session.execute(
        select(AlertPost.seq).where(AlertPost.public_id == post_id)
    ).scalar_one_or_none()
    release()
    return found or 0


def version_of(visit_id: UUID) -> int:
    """Return the visit's version as a page would know it."""
    release()
    found = db.session.execute(select(Visit.version).where(Visit.public_id == visit_id)).scalar_one()
    release()
    return found


def kiosk_of(hospital: Hospital) -> Actor:
    """Return the lobby's kiosk."""
    device = db.session.execute(select(Device.public_id).where(Device.kind == "kiosk")).scalar_one()
    release()
    return replace(hospital.cast.dana, id=device, device_id=device)
