"""Jobs by name: ids in, may run twice, limits and retries in one table. Features never see RQ."""

import threading
from dataclasses import dataclass
from enum import StrEnum

import structlog
from rq import Queue, Retry, Worker
from rq.serializers import JSONSerializer

from app import settings
from app.core import clock
from app.core.redis import AWAY, client

log = structlog.get_logger(__name__)

HEARTBEAT_SECONDS = 60
QUEUES = ("high", "default", "low")

_lock = threading.Lock()
_wake = threading.Event()
_asking: dict[str, threading.Thread] = {}


class Job(StrEnum):
    """Every job, by the dotted path of its function."""

    EXPECT_VISITS = "app.jobs.day.expect_visits"
    PURGE_EXPIRED = "app.jobs.housekeeping.purge_expired"
    DELIVER_PROMISES = "app.jobs.relay.deliver_promises"


@dataclass(frozen=True, slots=True)
class Limits:
    """How a job may run."""

    queue: str
    timeout_seconds: int
    retry_after_seconds: tuple[int, ...]


_wanted: dict[tuple[Job, tuple[str, ...]], None] = {}  # in the order they were asked for, each once
LIMITS: dict[Job, Limits] = {
    Job.EXPECT_VISITS: Limits("default", 60, (5, 30, 120)),
    Job.PURGE_EXPIRED: Limits("low", 120, (60,)),
    Job.DELIVER_PROMISES: Limits("high", 120, (5, 30)),
}


def enqueue(job: Job, *ids: str) -> bool:
    """Ask a worker to run a job soon; False when Redis is away (the clock's sweep will see to it)."""
    limits = LIMITS[job]
    try:
        Queue(limits.queue, connection=client(), serializer=JSONSerializer).enqueue(
            str(job),
            *ids,
            job_timeout=limits.timeout_seconds,
            retry=Retry(max=len(limits.retry_after_seconds), interval=list(limits.retry_after_seconds)),
            result_ttl=3600,
            failure_ttl=7 * 86400,
            description=str(job),
        )
    except AWAY:
        log.warning("job_not_enqueued", job=str(job))
        return False
    return True


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
