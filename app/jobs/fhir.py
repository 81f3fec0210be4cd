"""The EMR: read by whichever worker is there when it is due or says that it has news; by the clock where none is."""

import structlog

from app.core import jobs
from app.core.jobs import Job
from app.fhir import inbound, targets
from app.fhir.queries import sync

log = structlog.get_logger(__name__)

# What a worker may spend on one target, and the clock itself: it has other duties, and comes again in 2 s.
WORKER_SECONDS, CLOCK_SECONDS = 45.0, 2.0


def pull_from_emr(name: str) -> int:
    """Read what is new at a target; the lease keeps two runs apart, and a version read twice is nothing."""
    jobs.begun(Job.PULL_FROM_EMR, name)
    return _pull(name)


def pull_when_due() -> int:
    """Wake a worker for each target that is due; read here where there is no worker."""
    due = [target.name for target in targets.pulled() if inbound.is_due(target)]
    if not due:
        return 0
    has_worker = jobs.workers_alive() > 0
    done = 0
    for name in due:
        if not (has_worker and jobs.enqueue(Job.PULL_FROM_EMR, name)):
            done += _pull(name, most_seconds=CLOCK_SECONDS)
    return done


def _pull(name: str, *, most_seconds: float = WORKER_SECONDS) -> int:
    target = targets.find(name)
    if target is None or not target.pulls:
        return 0
    pulled = inbound.pull(target, most_seconds=most_seconds)
    sync.forget_standing()
    if pulled.error is not None:
        log.warning("fhir_pull_failed", target=name, reason=pulled.error)
    elif pulled.taken or pulled.unmatched:
        log.info("fhir_pulled", target=name, count=pulled.taken, unmatched=pulled.unmatched)
    return pulled.taken
