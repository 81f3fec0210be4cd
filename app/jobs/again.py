"""A target that was wiped is told everything once more: begun by an administrator, gone on with here."""

import structlog

from app.core import clock, jobs
from app.core.actor import SYSTEM
from app.core.errors import NotFoundError
from app.core.jobs import Job
from app.fhir import services as fhir

log = structlog.get_logger(__name__)

# What one run may spend; whoever is not done then asks for the next.
MOST_SECONDS = 60.0


def tell_again(target: str) -> int:
    """Go on with the round that was begun; a run too many finds it over, and none is told what it has told."""
    jobs.begun(Job.TELL_AGAIN, target)
    if not fhir.is_begun(target):
        return 0
    end, told = clock.monotonic() + MOST_SECONDS, 0
    try:
        for _kind, number in fhir.promise_everything_again(target, by=SYSTEM):
            told += number
            if clock.monotonic() >= end:
                jobs.enqueue(Job.TELL_AGAIN, target)
                break
    except NotFoundError:
        log.info("fhir_target_gone", target=target)  # it is not set up any more
    return told
