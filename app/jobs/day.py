"""The hospital's day: who is booked today is expected today."""

from app.core.actor import SYSTEM
from app.core.clock import today
from app.emr import queries as emr
from app.journey import services as journey
from app.wayfinding import queries as wayfinding


def expect_visits() -> int:
    """Expect everybody who is booked today; whoever is expected already is left alone, so it may run twice."""
    sites = wayfinding.sites()
    if not sites:
        return 0
    booked = emr.booked_without_visit(today())
    for appointment_id in booked:
        journey.expect(appointment_id, site=sites[0][0], by=SYSTEM)
    return len(booked)
