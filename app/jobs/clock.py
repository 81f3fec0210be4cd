"""The clock: one leader does each duty at its time, and catches up after a night switched off."""

import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from types import FrameType

import structlog

from app.alerts import services as alerts
from app.core import clock, lease, sealing
from app.core.transaction import release
from app.jobs import day, fhir, housekeeping, imaging, relay
from app.jobs.aside import Aside, Enter
from app.journey import services as journey
from app.waits import services as waits

log = structlog.get_logger(__name__)

TICK_SECONDS, NAP_SECONDS = 1.0, 0.1


@dataclass(frozen=True, slots=True)
class Duty:
    """Something to be done again and again; `is_aside`: it may wait for the outside, where no worker does it."""

    name: str
    every: timedelta
    work: Callable[[], int]
    is_aside: bool = False


DUTIES = (
    Duty("seal_audit", timedelta(seconds=10), sealing.seal),
    Duty("sweep_promises", timedelta(seconds=5), relay.sweep_promises, is_aside=True),
    Duty("pull_from_emr", timedelta(seconds=2), fhir.pull_when_due, is_aside=True),
    Duty("follow_archive", timedelta(seconds=5), imaging.follow_archive, is_aside=True),
    Duty("take_up_forgotten", timedelta(minutes=5), imaging.take_up_forgotten),
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


def run(enter: Enter) -> None:
    """Keep time until TERM; `enter` opens the application for what is done beside it."""
    # A plain list: an Event's lock, taken again inside a signal handler, can stand still for ever.
    asked_to_stop: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        asked_to_stop.append(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    aside = Aside(enter)
    while not asked_to_stop:
        tick(aside)
        until = clock.monotonic() + TICK_SECONDS
        while not asked_to_stop and clock.monotonic() < until:
            clock.pause(NAP_SECONDS)


def tick(aside: Aside) -> None:
    """Do what is due, if this process leads; a failing duty is logged and tried again at its next time.

    An EMR that does not answer takes ten seconds for each request, and with no worker they would be the clock's:
    calls would not expire and holds not end. So what asks the outside goes beside it, one turn at a time.
    """
    for duty in DUTIES:
        try:
            if duty.is_aside and aside.is_busy(duty.name):
                continue
            if lease.take(duty.name, duty.every):
                if duty.is_aside:
                    aside.begin(duty.name, partial(_do, duty))
                else:
                    _do(duty)
        except Exception:
            log.exception("duty_failed", duty=duty.name)
        finally:
            release()


def _do(duty: Duty) -> None:
    done = duty.work()
    if done:
        log.info("duty_done", duty=duty.name, count=done)
