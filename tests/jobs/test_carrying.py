"""What a worker's fork has counted is on the metrics page after the fork is gone."""

import os
from collections.abc import Iterator

import pytest
from flask import Flask

from app import settings
from app.core import redis
from app.core.observability import carrying, metrics


@pytest.fixture
def with_redis(sqlite_app: Flask, redis_url: str) -> Iterator[None]:
    """Let the house know its Redis, and leave that as empty as it was found."""
    before = settings.current()
    settings.use(before.model_copy(update={"redis_url": redis_url}))
    yield
    connection = redis.client()
    connection.flushdb()
    connection.close()
    settings.use(before)


def told(name: str, **labels: str) -> float | None:
    """Return the sample as the page tells it."""
    for family in carrying.Carried().collect():
        for sample in family.samples:
            if sample.name == name and labels.items() <= sample.labels.items():
                return sample.value
    return None


def in_a_fork(work: object) -> None:
    """Run it in a child, as RQ runs a job, and let that end."""
    child = os.fork()
    if child == 0:
        try:
            work()  # type: ignore[operator]
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status == 0


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_fork_is_counted_after_its_end_and_once(with_redis: None) -> None:
    metrics.LEASES_LOST.labels("here").inc(3)

    def job() -> None:
        metrics.LEASES_LOST.labels("there").inc(2)
        metrics.DELIVERY_SECONDS.labels("there").observe(0.7)
        assert carrying.carry()
        assert carrying.carry()  # again brings nothing

    for _ in range(2):
        in_a_fork(job)
    assert told("annae_outbox_lease_lost_total", consumer="there") == 4
    assert told("annae_outbox_lease_lost_total", consumer="here") == 3
    assert told("annae_outbox_delivery_seconds_count", consumer="there") == 2
    assert told("annae_outbox_delivery_seconds_bucket", consumer="there", le="0.5") == 0
    assert told("annae_outbox_delivery_seconds_bucket", consumer="there", le="1.0") == 2
    metrics.LEASES_LOST.labels("here").inc()
    assert told("annae_outbox_lease_lost_total", consumer="here") == 4


def test_without_redis_a_process_tells_its_own(sqlite_app: Flask) -> None:
    before = told("annae_fhir_conflicts_total", target="alone") or 0
    metrics.FHIR_CONFLICTS.labels("alone", "Patient").inc()
    assert carrying.carry() is False
    assert told("annae_fhir_conflicts_total", target="alone") == before + 1


def test_a_redis_that_hangs_up_loses_nothing(with_redis: None) -> None:
    metrics.COALESCED.labels("late").inc(5)
    reachable = settings.current()
    settings.use(reachable.model_copy(update={"redis_url": "redis://127.0.0.1:1"}))
    assert carrying.carry() is False
    settings.use(reachable)
    assert told("annae_outbox_coalesced_total", consumer="late") == 5


def test_buckets_stand_in_order_on_the_page(with_redis: None) -> None:
    metrics.FHIR_BUNDLE_ENTRIES.labels("order").observe(7)
    page = metrics.exposition(carrying.Carried())[0].decode()
    lines = [line for line in page.splitlines() if line.startswith("annae_fhir_bundle_entries_bucket")]
    ours = [line.split('le="')[1].split('"')[0] for line in lines if 'target="order"' in line]
    assert ours == sorted(ours, key=float)
    assert ours[-1] == "+Inf"
