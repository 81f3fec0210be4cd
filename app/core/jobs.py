"""Jobs by name: ids in, may run twice, limits and retries in one table. Features never see RQ."""

import random
import threading
from dataclasses import dataclass
from enum import StrEnum

import structlog
from rq import Queue, Retry, Worker
from rq.serializers import JSONSerializer

from app import settings
from app.core import clock
from app.core.redis import AWAY, CHANNEL_PREFIX, client
from app.core.relay.consumer import find

log = structlog.get_logger(__name__)

HEARTBEAT_SECONDS = 60
# A worker takes from the first that holds something: what leaves the house, the day's own work, tidying up.
QUEUES = ("high", "default", "low")
RESULT_SECONDS, FAILURE_SECONDS = 3600, 7 * 86400
# Fifty tasks that failed together must not come back together.
JITTER = 0.2

_lock = threading.Lock()
_wake = threading.Event()
_asking: dict[str, threading.Thread] = {}


class Job(StrEnum):
    """Every job, by the dotted path of its function."""

    EXPECT_VISITS = "app.jobs.day.expect_visits"
    PURGE_EXPIRED = "app.jobs.housekeeping.purge_expired"
    DELIVER_PROMISES = "app.jobs.relay.deliver_promises"
    DELIVER_SLOWLY = "app.jobs.relay.deliver_slowly"
    PULL_FROM_EMR = "app.jobs.fhir.pull_from_emr"
    RETRY_UNMATCHED = "app.jobs.unmatched.retry_unmatched"
    TELL_AGAIN = "app.jobs.again.tell_again"


@dataclass(frozen=True, slots=True)
class Limits:
    """How a job may run.

    `asked_once_seconds`: for so long at most a second wish for the same job and ids is the first one's; the job
    itself ends that with `begun`, before it looks what there is to do. 0: each wish is a job.
    """

    queue: str
    timeout_seconds: int
    retry_after_seconds: tuple[int, ...]
    asked_once_seconds: int = 0


_wanted: dict[tuple[Job, tuple[str, ...]], None] = {}  # in the order they were asked for, each once
LIMITS: dict[Job, Limits] = {
    Job.EXPECT_VISITS: Limits("default", 60, (5, 30, 120)),
    Job.PURGE_EXPIRED: Limits("low", 120, (60,)),
    Job.PULL_FROM_EMR: Limits("default", 90, (30,), asked_once_seconds=10),
    Job.DELIVER_PROMISES: Limits("high", 120, (5, 30), asked_once_seconds=10),
    # Longer than any lease: the consumer itself keeps its time, and its child process dies of its own limits.
    Job.DELIVER_SLOWLY: Limits("low", 7200, (5, 30), asked_once_seconds=10),
    Job.RETRY_UNMATCHED: Limits("default", 120, (30,), asked_once_seconds=10),
    Job.TELL_AGAIN: Limits("low", 120, (30, 120, 600), asked_once_seconds=10),
}


def enqueue(job: Job, *ids: str) -> bool:
    """Ask a worker to run a job soon; False when Redis is away (the clock's sweep will see to it).

    Where the same was asked a moment ago and no worker has begun with it, that wish stands for this one.
    """
    limits = LIMITS[job]
    connection = client()
    try:
        wish = _wish(job, ids)
        if limits.asked_once_seconds and not connection.set(wish, 1, nx=True, ex=limits.asked_once_seconds):
            return True
        Queue(limits.queue, connection=connection, serializer=JSONSerializer).enqueue(
            str(job),
            *ids,
            job_timeout=limits.timeout_seconds,
            retry=Retry(max=len(limits.retry_after_seconds), interval=_with_jitter(limits)),
            result_ttl=RESULT_SECONDS,
            failure_ttl=FAILURE_SECONDS,
            description=str(job),
        )
    except AWAY:
        log.warning("job_not_enqueued", job=str(job))
        return False
    finally:
        connection.close()
    return True


def delivering(consumer: str) -> Job:
    """Return the job that delivers what is due for a consumer."""
    found = find(consumer)
    return Job.DELIVER_SLOWLY if found is not None and found.is_slow else Job.DELIVER_PROMISES


def begun(job: Job, *ids: str) -> None:
    """Let the next wish be a job again; whoever commits after this is not covered by the job that runs."""
    if not settings.current().redis_url:
        return
    connection = client()
    try:
        connection.delete(_wish(job, ids))
    except AWAY:
        log.warning("job_wish_kept", job=str(job))  # for a few seconds: it ends by itself
    finally:
        connection.close()


def enqueue_soon(job: Job, *ids: str) -> None:
    """Ask in the background, once for however many asked meanwhile: nobody at a screen waits for Redis."""
    if not settings.current().redis_url:
        return
    with _lock:
        _wanted[job, ids] = None
        if "thread" not in _asking or not _asking["thread"].is_alive():
            _asking["thread"] = threading.Thread(target=_ask_on, daemon=True, name="job-asker")
            _asking["thread"].start()
    _wake.set()


def _ask_on() -> None:
    while True:
        _wake.wait()
        _wake.clear()
        with _lock:
            wanted = list(_wanted)
            _wanted.clear()
        for job, ids in wanted:
            enqueue(job, *ids)


def _wish(job: Job, ids: tuple[str, ...]) -> str:
    return ":".join((f"{CHANNEL_PREFIX}asked", str(job), *ids))


def _with_jitter(limits: Limits) -> list[int]:
    """Return the pauses in whole seconds, as RQ has them, never shorter than the table says."""
    return [
        round(seconds * (1 + random.uniform(0, JITTER)))  # noqa: S311 - spreads load, no secret
        for seconds in limits.retry_after_seconds
    ]


def workers_alive() -> int:
    """Return how many workers gave a sign of life lately (the set in Redis keeps dead ones)."""
    try:
        workers = Worker.all(connection=client(), serializer=JSONSerializer)
    except AWAY:
        return 0
    now = clock.utcnow()
    return sum(
        1
        for worker in workers
        if worker.last_heartbeat is not None
        and (now - worker.last_heartbeat.replace(tzinfo=now.tzinfo)).total_seconds() < HEARTBEAT_SECONDS
    )
