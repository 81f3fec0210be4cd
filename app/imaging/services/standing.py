"""How the archive stands, for operators."""

from app.core import clock
from app.core.relay import breaker
from app.core.transaction import release
from app.imaging import archive as archives


def is_archive_up() -> bool:
    """Whether the archive answers; one that all processes leave alone just now is not asked again. 1 statement."""
    archive = archives.configured()
    if not archive.is_outside:
        return archive.is_up()
    standing = breaker.state_of(archive.name).name(clock.utcnow())
    release()  # nobody's connection waits for an archive
    return standing != "open" and archive.is_up()
