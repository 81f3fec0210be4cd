"""What could not be taken over from a target, once more, because somebody has mended what was missing."""

from app.core import jobs
from app.core.jobs import Job
from app.fhir import inbound, targets


def retry_unmatched(target: str) -> int:
    """Read again what is listed; what was taken over meanwhile is off the list, so it may run twice."""
    jobs.begun(Job.RETRY_UNMATCHED, target)
    found = targets.find(target)
    return inbound.retry(found).taken if found is not None else 0
