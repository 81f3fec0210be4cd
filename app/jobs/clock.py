"""The clock: one leader does each duty at its time, and catches up after a night switched off."""

import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from types import FrameType

import structlog

from app.alerts import services as alerts
from app.core import clock, lease, sealing
from app.core.transaction import release
from app.jobs import day, fhir, housekeeping, relay
from app.journey import services as journey
from app.waits import services as waits

log = structlog.get_logger(__name__)

TICK_SECONDS, NAP_SECONDS = 1.0, 0.1


@dataclass(frozen=True, slots=True)
class Duty:
    """Something to be done again and again."""

    name: str
    every: timedelta
    work: Callable[[], int]


DUTIES = (
    Duty("seal_audit", timedelta(seconds=10), sealing.seal),
    Duty("sweep_promises", timedelta(seconds=5), relay.sweep_promises),
    Duty("pull_from_emr", timedelta(seconds=2), fhir.pull_when_due),
    Duty("reap_leases", timedelta(seconds=15), relay.reap_leases),
    Duty("answer_for_the_absent", timedelta(seconds=2), journey.answer_for_the_absent),
    Duty("end_holds", timedelta(seconds=5), journey.end_holds),
    Duty("open_rooms_again", timedelta(seconds=5), day.open_rooms_again),
    Duty("age_lines", timedelta(seconds=15), day.age_lines),
    Duty("tell_whose_turn_is_near", timedelta(seconds=3), journey.tell_whose_turn_is_near),
    Duty("tend_alerts", timedelta(seconds=5), alerts.tend),
    Duty("log_waits", timedelta(seconds=30), waits.log_changes),
    Duty("learn_waits", timedelta(minutes=10), waits.calibrate_if_due),
    Duty("close_yesterday", timedelta(minutes=10), day.close_yesterday),
    Duty("expect_visits", timedelta(minutes=5), day.expect_visits),
    Duty("purge_expired", timedelta(hours=1), housekeeping.purge_expired),
    Duty("carry_counts", timedelta(seconds=10), housekeeping.carry_counts),
)


def run() -> None:
    """Keep time until TERM."""
    # A plain list: an Event's lock, taken again inside a signal handler, can stand still for ever.
    asked_to_stop: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        asked_to_stop.append(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    while not asked_to_stop:
        tick()
        until = clock.monotonic() + TICK_SECONDS
        while not asked_to_stop and clock.monotonic() < until:
            clock.pause(NAP_SECONDS)


def tick() -> None:
    """Do what is due, if this process leads; a failing duty is logged and tried again at its next time."""
    for duty in DUTIES:
        try:
            if lease.take(duty.name, duty.every):
                done = duty.work()
                if done:
                    log.info("duty_done", duty=duty.name, count=done)
        except Exception:
            log.exception("duty_failed", duty=duty.name)
        finally:
            release()
