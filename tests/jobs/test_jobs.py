"""Jobs go through a real Redis by name, carry ids as JSON, and may run twice."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from rq import Queue, SimpleWorker
from rq.job import JobStatus
from rq.serializers import JSONSerializer
from sqlalchemy import func, select

from app import settings
from app.core import clock, jobs, redis
from app.core.db import db
from app.core.idempotency import IdempotencyKey, Presented, presenting
from app.core.jobs import LIMITS, Job
from app.core.transaction import release
from app.journey import services as journey
from tests.hospital import Hospital


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


def work(job: Job) -> list[JobStatus]:
    """Let a worker do what waits in the job's queue; return how each ended."""
    connection = redis.client(timeout_seconds=None)
    queue = Queue(LIMITS[job].queue, connection=connection, serializer=JSONSerializer)
    waiting = queue.jobs
    SimpleWorker([queue], connection=connection, serializer=JSONSerializer).work(burst=True)
    statuses = [one.get_status() for one in waiting]
    connection.close()
    return statuses


def keys() -> int:
    release()
    return db.session.execute(select(func.count()).select_from(IdempotencyKey)).scalar_one()


def test_a_purge_runs_by_its_name_and_a_second_time_harmlessly(with_redis: None, hospital: Hospital) -> None:
    visit = hospital.expect("consult")
    with presenting(Presented(scope="s" * 64, key="k", fingerprint="f" * 64)):
        journey.arrive(visit, by=hospital.cast.henry)
    assert keys() == 1
    with time_machine.travel(clock.utcnow() + timedelta(hours=25)):
        assert jobs.enqueue(Job.PURGE_EXPIRED)
        assert jobs.enqueue(Job.PURGE_EXPIRED)
        assert work(Job.PURGE_EXPIRED) == [JobStatus.FINISHED, JobStatus.FINISHED]
    assert keys() == 0


def test_without_redis_nobody_waits_for_a_job(sqlite_app: Flask) -> None:
    assert jobs.enqueue(Job.PURGE_EXPIRED) is False
