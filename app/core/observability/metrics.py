"""Prometheus: counts and durations by route; labels never hold an id."""

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest

REQUESTS = Histogram(
    "http_request_seconds",
    "Duration of requests by route, method and status",
    ["route", "method", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)
CALLS = Counter("annae_calls_total", "Patients called, recalls included")
PROMISES = Counter(
    "annae_promises_total", "Promises settled, by consumer and outcome", ["consumer", "outcome"]
)
LEASES_LOST = Counter(
    "annae_outbox_lease_lost_total", "Promises whose lease ran out under a worker", ["consumer"]
)


def observe_request(route: str, method: str, status: int, seconds: float) -> None:
    """Count one request."""
    REQUESTS.labels(route, method, str(status)).observe(seconds)


def exposition() -> tuple[bytes, str]:
    """Return the metrics page and its content type."""
    return generate_latest(), CONTENT_TYPE_LATEST
