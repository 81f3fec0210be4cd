"""The worker's entrance: jobs from Redis; `--clock`: duties by the hour; `--prepare`: before opening."""

import os
import sys

from flask.cli import FlaskGroup
from rq import Queue, Worker
from rq.job import Job
from rq.serializers import JSONSerializer

from app.cli import leash
from app.core import redis
from app.core.clock import pause
from app.core.db import db
from app.core.jobs import QUEUES
from app.factory import create_app
from app.settings import SettingsError, current

# A job whose worker and horse were both killed runs again after a minute, not after a quarter of an hour.
WORKER_TTL_SECONDS = 45
MAINTENANCE_SECONDS = 20
MONITORING_SECONDS = 5
RETRY_SECONDS = 0.5

try:
    app = create_app()
except SettingsError as refused:
    sys.exit(str(refused))


class HouseWorker(Worker):
    """A worker whose horses know the house."""

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        """Run one job inside the app, on database connections of its own."""
        with app.app_context():
            for engine in db.engines.values():
                engine.dispose(close=False)  # the worker's sockets are not ours to share or to close
            super().main_work_horse(job, queue)


def tie_forks() -> None:
    """Let horses and RQ's scheduler, which are forks of this process, die with it."""
    os.register_at_fork(after_in_child=leash.die_with_parent)
    os.register_at_fork(after_in_child=leash.tie)


def work() -> None:
    """Wait for Redis, then run jobs, urgent queues first, until TERM."""
    if not current().redis_url:
        sys.exit("REDIS_URL is not set: there is nothing to work for.")
    connection = redis.client(timeout_seconds=None)
    while not redis.is_up():
        pause(RETRY_SECONDS)
    tie_forks()
    worker = HouseWorker(
        [Queue(name, connection=connection, serializer=JSONSerializer) for name in QUEUES],
        connection=connection,
        serializer=JSONSerializer,  # ids only; nothing that unpickles may come from Redis
        worker_ttl=WORKER_TTL_SECONDS,
        maintenance_interval=MAINTENANCE_SECONDS,
        job_monitoring_interval=MONITORING_SECONDS,
    )
    worker.work(with_scheduler=True, logging_level="WARNING")


def keep_time() -> None:
    """Run the clock's duties until TERM."""
    from app.jobs import clock  # noqa: PLC0415 - a worker of jobs has no use for the clock's duties

    with app.app_context():
        clock.run()


def prepare() -> None:
    """Migrate, then load the demo where there is one; in one interpreter, as starting one costs seconds."""
    commands = ["db upgrade", "demo load"] if current().demo else ["db upgrade"]
    for command in commands:
        FlaskGroup(create_app=lambda: app).main(command.split(), standalone_mode=False)


ERRANDS = {"--clock": keep_time, "--prepare": prepare}

if __name__ == "__main__":
    ERRANDS.get("".join(sys.argv[1:]), work)()
