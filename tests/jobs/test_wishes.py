"""A wish is a job once; retries are spread; a Redis that forgets everything only delays."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from uuid import UUID

import pytest
from flask import Flask
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer
from sqlalchemy import select

from app import settings
from app.core import jobs, redis, relay
from app.core.db import db
from app.core.jobs import LIMITS, QUEUES, Job
from app.core.outbox import OutboxPromise
from app.core.relay import Delivered, Outcome, Parcel
from app.core.transaction import release
from app.jobs import relay as duties
from tests.hospital import Hospital
from tests.integration.relay.stage import Target, consumer, move
from tests.processes.house import wait_until


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
def target(sqlite_app: Flask) -> Iterator[Target]:
    """Give the outside, with a consumer named `test`."""
    there = Target()
    consumer(there)
    yield there
    relay.clear()


def be_there() -> None:
    """Let a worker be known that has just given a sign of life."""
    connection = redis.client()
    SimpleWorker(["high"], connection=connection, serializer=JSONSerializer).register_birth()
    connection.close()


def work() -> int:
    """Take what waits; return how many jobs have been done in all."""
    connection = redis.client(timeout_seconds=None)
    queue = Queue(LIMITS[Job.DELIVER_PROMISES].queue, connection=connection, serializer=JSONSerializer)
    SimpleWorker([queue], connection=connection, serializer=JSONSerializer).work(burst=True)
    done: int = queue.finished_job_registry.count
    connection.close()
    return done


def move_and_ask(queue_id: UUID) -> None:
    """Promise something, and wait until the commit itself has asked for a job."""
    move(queue_id)
    wait_until(lambda: waiting() == 1, 20, "the commit asks")


def waiting() -> int:
    connection = redis.client()
    try:
        return sum(Queue(one, connection=connection, serializer=JSONSerializer).count for one in QUEUES)
    finally:
        connection.close()


def empty_redis() -> None:
    connection = redis.client()
    connection.flushdb()
    connection.close()


def statuses() -> set[str]:
    release()
    return set(db.session.execute(select(OutboxPromise.status)).scalars())


def test_a_hundred_commits_ask_for_one_job(with_redis: None) -> None:
    assert all(jobs.enqueue(Job.DELIVER_PROMISES, "test") for _ in range(100))
    assert waiting() == 1


def test_each_target_has_its_own_job(with_redis: None) -> None:
    for name in ("fhir:emr", "fhir:archive", "fhir:emr"):
        assert jobs.enqueue(Job.DELIVER_PROMISES, name)
    assert waiting() == 2


def test_who_commits_after_the_job_has_begun_gets_another_one(
    with_redis: None, hospital: Hospital, target: Target
) -> None:
    late: list[int] = []

    def answer(_parcel: Parcel) -> Outcome:
        assert jobs.enqueue(Job.DELIVER_PROMISES, "test")
        late.append(waiting())
        return Delivered()

    target.answer = answer
    move_and_ask(hospital.consult)
    assert work() == 2
    assert late == [1]


def test_a_wish_whose_job_was_lost_ends_by_itself(with_redis: None) -> None:
    assert jobs.enqueue(Job.DELIVER_PROMISES, "test")
    connection = redis.client()
    left = connection.ttl(jobs._wish(Job.DELIVER_PROMISES, ("test",)))
    connection.close()
    assert 0 < left <= LIMITS[Job.DELIVER_PROMISES].asked_once_seconds <= 15


def test_what_is_not_asked_once_is_a_job_each_time(with_redis: None) -> None:
    for _ in range(2):
        assert jobs.enqueue(Job.PURGE_EXPIRED)
    assert waiting() == 2


def test_retries_are_spread_and_never_earlier_than_the_table_says() -> None:
    limits = replace(LIMITS[Job.PURGE_EXPIRED], retry_after_seconds=(60, 300))
    seen = [jobs._with_jitter(limits) for _ in range(200)]
    assert {len(one) for one in seen} == {2}
    assert all(60 <= first <= 72 and 300 <= second <= 360 for first, second in seen)
    assert len({second for _, second in seen}) > 10


def test_every_job_has_a_time_limit_and_grows_slower(with_redis: None) -> None:
    for job, limits in LIMITS.items():
        # Who waits for a model keeps the time by settings; no run may take more than an hour.
        assert 0 < limits.timeout_seconds <= (7200 if job is Job.DELIVER_SLOWLY else 600)
        assert limits.retry_after_seconds
        assert all(first < second for first, second in pairwise(limits.retry_after_seconds))


def test_an_emptied_redis_only_delays(with_redis: None, hospital: Hospital, target: Target) -> None:
    move_and_ask(hospital.consult)
    empty_redis()
    be_there()
    assert duties.sweep_promises() == 0  # a worker is there: it is woken
    assert waiting() == 1
    work()
    assert statuses() == {"completed"}
    assert len(target.arrived) == 1


def test_an_emptied_redis_and_no_worker_only_delay(
    with_redis: None, hospital: Hospital, target: Target
) -> None:
    move_and_ask(hospital.consult)
    empty_redis()
    assert duties.sweep_promises() == 1
    assert statuses() == {"completed"}


def test_while_redis_is_away_the_clock_delivers(
    sqlite_app: Flask, hospital: Hospital, target: Target
) -> None:
    move(hospital.consult)
    before = settings.current()
    settings.use(before.model_copy(update={"redis_url": "redis://127.0.0.1:1"}))
    try:
        assert jobs.enqueue(Job.DELIVER_PROMISES, "test") is False
        assert duties.sweep_promises() == 1
    finally:
        settings.use(before)
    assert statuses() == {"completed"}


def test_a_job_too_many_finds_nothing_to_do(with_redis: None, hospital: Hospital, target: Target) -> None:
    move_and_ask(hospital.consult)
    jobs.begun(Job.DELIVER_PROMISES, "test")
    assert jobs.enqueue(Job.DELIVER_PROMISES, "test")
    assert work() == 2
    assert len(target.arrived) == 1
