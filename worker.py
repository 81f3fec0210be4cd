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
from app.core.observability import carrying
from app.factory import create_app
from app.settings import SettingsError, current

# A job whose worker and horse were both killed runs again within a minute and a half, not after a quarter of an
# hour: an idle worker looks around every 30 s (its TTL less RQ's 15) and tidies up when 20 s have passed.
WORKER_TTL_SECONDS = 45
MAINTENANCE_SECONDS = 20
MONITORING_SECONDS = 5
# A horse is given up after so long without a sign (RQ: 60 s); it gives one every MONITORING_SECONDS. Giving up one
# that lives is harmless: jobs may run twice.
SILENCE_SECONDS = 15
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

    def perform_job(self, job: Job, queue: Queue) -> bool:
        """Run one job, and bring what it counted to where the metrics page finds it: the horse ends here."""
        try:
            return bool(super().perform_job(job, queue))
        finally:
            carrying.carry()

    def get_heartbeat_ttl(self, job: Job) -> int:
        """Return for how many seconds the job counts as running without another sign."""
        left = job.timeout - self.current_job_working_time if job.timeout else self.job_monitoring_interval
        return int(min(left, self.job_monitoring_interval)) + SILENCE_SECONDS


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
    if current().fhir_base_url or current().fhir_targets:
        from app.fhir.mappers import checking  # noqa: PLC0415 - only who delivers to an EMR pays for its library

        checking.prepare()  # once here, or every horse would import it again
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
        clock.run(app.app_context)


def prepare() -> None:
    """Migrate, then load the demo where there is one; in one interpreter, as starting one costs seconds."""
    commands = ["db upgrade", "demo load"] if current().demo else ["db upgrade"]
    for command in commands:
        FlaskGroup(create_app=lambda: app).main(command.split(), standalone_mode=False)


ERRANDS = {"--clock": keep_time, "--prepare": prepare}

if __name__ == "__main__":
    ERRANDS.get("".join(sys.argv[1:]), work)()
