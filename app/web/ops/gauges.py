"""Gauges: how things stand at this moment, read at the scrape from what the administrators' pages show."""

import threading
from collections.abc import Iterable
from typing import Final

import structlog
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from app import settings
from app.core import clock, relay
from app.core.health import DATABASE_FAILURES
from app.fhir.queries import sync
from app.imaging import queries as imaging
from app.imaging.rules import MIB

log = structlog.get_logger(__name__)

KEPT_SECONDS: Final = 5.0
ALL: Final = "all"
BREAKERS: Final = {"closed": 0, "half-open": 1, "open": 2}

_lock = threading.Lock()
_kept: dict[str, tuple[float, tuple[Metric, ...]]] = {}


class Standing:
    """The outbox, the readings of the EMR, studies, the quarantine; 7 statements at most once in KEPT_SECONDS."""

    def collect(self) -> Iterable[Metric]:
        """Return the gauges; none while the database is away, which `/readyz` says."""
        with _lock:
            before = _kept.get("all")
            if before is not None and clock.monotonic() - before[0] < KEPT_SECONDS:
                return before[1]
            try:
                found = (*_outbox(), *_emr(), *_studies(), _quarantine())
            except DATABASE_FAILURES as error:
                log.warning("gauges_not_read", error_type=type(error).__name__)
                return ()
            _kept["all"] = (clock.monotonic(), found)
            return found


def forget() -> None:
    """Let the next scrape read anew."""
    _kept.clear()


def _outbox() -> Iterable[Metric]:
    rows = GaugeMetricFamily("annae_outbox_promises", "Promises by status", labels=["consumer", "status"])
    oldest = GaugeMetricFamily(
        "annae_outbox_oldest_pending_seconds",
        "Age of the oldest promise that is not kept yet; 0: none waits",
        labels=["consumer"],
    )
    breakers = GaugeMetricFamily(
        "annae_outbox_breaker_state", "0 closed, 1 half-open, 2 open", labels=["consumer"]
    )
    again = GaugeMetricFamily(
        "annae_outbox_claimed_again",
        "Open promises that a worker had taken before and not answered for",
        labels=["consumer"],
    )
    for one in relay.status(is_exact=False):
        for status in ("pending", "processing", "failed", "dead_letter", "completed"):
            rows.add_metric([one.consumer, status], getattr(one, status))
        oldest.add_metric([one.consumer], one.oldest_pending_seconds or 0)
        breakers.add_metric([one.consumer], BREAKERS[one.breaker])
        again.add_metric([one.consumer], one.claimed_again)
    return rows, oldest, breakers, again


def _emr() -> Iterable[Metric]:
    age = GaugeMetricFamily(
        "annae_fhir_sync_age_seconds",
        "Since the last reading of a type that succeeded; all: of the whole target",
        labels=["target", "resource_type"],
    )
    unmatched = GaugeMetricFamily(
        "annae_fhir_unmatched",
        "Resources of a target that could not be taken over",
        labels=["target", "resource_type"],
    )
    now = clock.utcnow()
    for target in sync.sync_status():
        moments = {ALL: target.succeeded_at} | {one.resource_type: one.succeeded_at for one in target.types}
        for resource_type, at in moments.items():
            if at is not None:
                age.add_metric([target.target, resource_type], max(0.0, (now - at).total_seconds()))
        for one in target.types:
            unmatched.add_metric([target.target, one.resource_type], one.unmatched)
    return age, unmatched


def _studies() -> Iterable[Metric]:
    states = GaugeMetricFamily(
        "annae_studies", "Studies by how far their analysis has come", labels=["state"]
    )
    oldest = GaugeMetricFamily(
        "annae_study_oldest_waiting_seconds",
        "Since the last picture of the study that waits longest; 0: none waits",
    )
    found = imaging.counted()
    for state, count in found.states.items():
        states.add_metric([str(state)], count)
    waited = (clock.utcnow() - found.oldest).total_seconds() if found.oldest else 0.0
    oldest.add_metric([], max(0.0, waited))
    return states, oldest


def _quarantine() -> Metric:
    used = GaugeMetricFamily(
        "annae_quarantine_used_ratio",
        "How much of QUARANTINE_MB lies in quarantine; from 1 on files are turned away",
    )
    used.add_metric([], imaging.quarantine_bytes() / (settings.current().quarantine_mb * MIB))
    return used
