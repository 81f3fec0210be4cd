"""Prometheus: counts and durations; labels never hold an id.

What a process counts for itself stands in the library's own registry. What is counted while promises are
delivered stands in `SENDING`: whoever delivers is a fork that ends with its job, or the clock, and neither has a
page, so `carrying.py` brings these to Redis, where every process' page finds the sum of the house.

For those who send (`app/core/relay`, `app/fhir/relay`), counted after the commit:

- `PROMISES.labels(consumer, outcome)`, `LEASES_LOST.labels(consumer)`;
- `COALESCED.labels(consumer)`: rows that a newer one carried;
- `DELIVERY_SECONDS.labels(consumer)`: from the promise to its end, where it was delivered;
- `ATTEMPTS.labels(consumer)`: lives that it had lost by then;
- `FHIR_RESPONSES.labels(target, resource_type, status)`: `status` as text, "none" where no answer came;
- `FHIR_REQUEST_SECONDS.labels(target)`, `FHIR_BUNDLE_ENTRIES.labels(target)`, `FHIR_BUNDLE_BYTES.labels(target)`;
- `FHIR_CONFLICTS.labels(target, resource_type)`;
- `RENDITIONS.labels(outcome)`, `STUDIES.labels(outcome)`.

Gauges (how many rows stand where, breakers, ages) are no counts: `app/web/ops/gauges.py` reads them at the scrape.
"""

from collections.abc import Iterable
from typing import Protocol

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    Metric,
    generate_latest,
)

SENDING = CollectorRegistry()

REQUESTS = Histogram(
    "http_request_seconds",
    "Duration of requests by route, method and status",
    ["route", "method", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)
CALLS = Counter("annae_calls_total", "Patients called, recalls included")
ALERTS = Counter("annae_alerts_total", "Alerts raised, by kind; a cause told again is none", ["kind"])
PROMISES = Counter(
    "annae_promises_total",
    "Promises settled, by consumer and outcome",
    ["consumer", "outcome"],
    registry=SENDING,
)
LEASES_LOST = Counter(
    "annae_outbox_lease_lost_total",
    "Promises whose lease ran out under a worker",
    ["consumer"],
    registry=SENDING,
)
COALESCED = Counter(
    "annae_outbox_coalesced_total",
    "Promises that a newer one of the same thing carried",
    ["consumer"],
    registry=SENDING,
)
DELIVERY_SECONDS = Histogram(
    "annae_outbox_delivery_seconds",
    "From the promise to its end, where it was delivered",
    ["consumer"],
    buckets=(0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14400),
    registry=SENDING,
)
ATTEMPTS = Histogram(
    "annae_outbox_attempts",
    "Lives that a promise had lost when it was settled",
    ["consumer"],
    buckets=(0, 1, 2, 3, 4, 5),
    registry=SENDING,
)
FHIR_RESPONSES = Counter(
    "annae_fhir_responses_total",
    "Answers of a FHIR server for one resource",
    ["target", "resource_type", "status"],
    registry=SENDING,
)
FHIR_REQUEST_SECONDS = Histogram(
    "annae_fhir_request_seconds",
    "Duration of requests to a FHIR server",
    ["target"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=SENDING,
)
FHIR_BUNDLE_ENTRIES = Histogram(
    "annae_fhir_bundle_entries",
    "Resources in one Bundle",
    ["target"],
    buckets=(1, 2, 5, 10, 20, 30, 40, 50),
    registry=SENDING,
)
FHIR_BUNDLE_BYTES = Histogram(
    "annae_fhir_bundle_bytes",
    "Size of one Bundle",
    ["target"],
    buckets=(1_000, 4_000, 16_000, 64_000, 256_000, 1_000_000),
    registry=SENDING,
)
FHIR_CONFLICTS = Counter(
    "annae_fhir_conflicts_total",
    "Resources that somebody else had changed at the target",
    ["target", "resource_type"],
    registry=SENDING,
)
STUDIES = Counter(
    "annae_studies_answered_total",
    "Studies that got their answer, by what it is",
    ["outcome"],
    registry=SENDING,
)
RENDITIONS = Counter(
    "annae_renditions_total",
    "Frames written as HTJ2K (made), and instances that were left alone, by why",
    ["outcome"],
    registry=SENDING,
)


class Collects(Protocol):
    """What can be asked for its metrics."""

    def collect(self) -> Iterable[Metric]:
        """Return what is known now."""


def observe_request(route: str, method: str, status: int, seconds: float) -> None:
    """Count one request."""
    REQUESTS.labels(route, method, str(status)).observe(seconds)


def exposition(*more: Collects) -> tuple[bytes, str]:
    """Return the metrics page and its content type: this process' own counts, and what else is handed over."""
    pages = [generate_latest(one) for one in (REGISTRY, *more)]
    return b"".join(pages), CONTENT_TYPE_LATEST
