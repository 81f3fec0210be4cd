"""The hospital's day: who is booked today is expected today."""

from datetime import timedelta

from app.core.actor import SYSTEM
from app.core.clock import today
from app.emr import queries as emr
from app.journey import services as journey
from app.queues import services as queues
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


def close_yesterday() -> int:
    """Close what is still open of the days before today; a second run finds nothing to do."""
    return len(journey.close_day(today() - timedelta(days=1), by=SYSTEM))


def open_rooms_again() -> int:
    """Open the rooms whose pause is over."""
    return queues.open_rooms_again(by=SYSTEM)


def age_lines() -> int:
    """Prefer whoever has waited beyond the bound of the line."""
    return queues.age_lines(by=SYSTEM)
