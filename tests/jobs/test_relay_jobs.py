"""Promises leave the house soon after their commit: by a worker that was woken, or by the clock."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer
from sqlalchemy import select

from app import settings
from app.core import clock, redis, relay
from app.core.db import db
from app.core.jobs import LIMITS, Job
from app.core.outbox import OutboxPromise
from app.core.relay import Consumer, Delivered, Outcome, Parcel, Rendered
from app.core.relay.claiming import claim
from app.core.transaction import promise, release, transactional
from app.jobs import relay as duties
from app.queues import models
from tests.hospital import Hospital

LONGEST_SECONDS = 20


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


@pytest.fixture
def arrived(sqlite_app: Flask) -> Iterator[list[Parcel]]:
    """Give what reached the outside."""
    found: list[Parcel] = []

    def deliver(parcels: Sequence[Parcel]) -> Sequence[Outcome]:
        found.extend(parcels)
        return [Delivered()] * len(parcels)

    relay.register(
        Consumer(
            name="test",
            kinds=frozenset({"queue"}),
            mode="message",
            render=relay.one_by_one(lambda _kind, _id: Rendered(payload="{}", seq=1)),
            deliver=deliver,
        )
    )
    yield found
    relay.clear()


@transactional
def move(hospital: Hospital) -> None:
    promise(
        db.session.execute(
            select(models.Queue).where(models.Queue.public_id == hospital.consult)
        ).scalar_one(),
        "queue.update",
    )


def waiting_jobs() -> list[tuple[str, tuple[str, ...]]]:
    """Return the jobs that wait for a worker, once there are some."""
    connection = redis.client()
    queue = Queue(LIMITS[Job.DELIVER_PROMISES].queue, connection=connection, serializer=JSONSerializer)
    until = clock.monotonic() + LONGEST_SECONDS
    while not queue.count and clock.monotonic() < until:
        clock.pause(0.02)
    found = [(str(one.func_name), tuple(map(str, one.args))) for one in queue.jobs]
    connection.close()
    return found


def work() -> None:
    connection = redis.client(timeout_seconds=None)
    queue = Queue(LIMITS[Job.DELIVER_PROMISES].queue, connection=connection, serializer=JSONSerializer)
    SimpleWorker([queue], connection=connection, serializer=JSONSerializer).work(burst=True)
    connection.close()


def statuses() -> list[str]:
    release()
    return list(db.session.execute(select(OutboxPromise.status)).scalars())


def test_a_commit_wakes_a_worker(with_redis: None, hospital: Hospital, arrived: list[Parcel]) -> None:
    move(hospital)
    assert (str(Job.DELIVER_PROMISES), ("test",)) in waiting_jobs()
    work()
    assert statuses() == ["completed"]
    assert len(arrived) == 1


def test_a_second_run_finds_nothing_to_do(hospital: Hospital, arrived: list[Parcel]) -> None:
    move(hospital)
    assert [duties.deliver_promises("test") for _ in range(2)] == [1, 0]
    assert duties.deliver_promises("a target that was taken away") == 0
    assert len(arrived) == 1


def test_without_redis_the_clock_delivers(hospital: Hospital, arrived: list[Parcel]) -> None:
    assert duties.sweep_promises() == 0
    move(hospital)
    assert duties.sweep_promises() == 1
    assert statuses() == ["completed"]


def test_without_a_worker_the_clock_delivers(
    with_redis: None, hospital: Hospital, arrived: list[Parcel]
) -> None:
    move(hospital)
    assert waiting_jobs()
    assert duties.sweep_promises() == 1
    assert len(arrived) == 1


def test_the_clock_takes_back_what_a_dead_worker_held(hospital: Hospital, arrived: list[Parcel]) -> None:
    move(hospital)
    mine = relay.find("test")
    assert mine is not None
    assert claim(mine) is not None
    assert duties.reap_leases() == 0
    with time_machine.travel(clock.utcnow() + timedelta(seconds=mine.lease_seconds + 1)):
        assert duties.reap_leases() == 1
        assert duties.sweep_promises() == 1
    assert arrived[0].is_repeat
