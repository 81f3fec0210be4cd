"""The image archive: what modalities have sent there is taken over by the clock, beside its other duties."""

import structlog

from app.core.errors import DependencyDownError
from app.imaging import services as imaging

log = structlog.get_logger(__name__)

# A long study goes on at the next time: the clock has other duties.
MOST_SECONDS = 20.0


def take_up_forgotten() -> int:
    """Promise anew what waits to be analysed and nobody is promised to look at; twice is nothing."""
    return imaging.take_up_forgotten()


def follow_archive() -> int:
    """Take over what has come in; a second run finds it known."""
    try:
        return imaging.follow_archive(most_seconds=MOST_SECONDS)
    except DependencyDownError:
        log.warning("archive_away")  # its breaker decides when it is asked again
        return 0
