"""Following an Orthanc: what modalities send there is written down here too, once a study stands still."""

from typing import Final

from sqlalchemy import select

from app.core import clock
from app.core.actor import SYSTEM
from app.core.db import db
from app.core.transaction import transactional
from app.imaging import archive as archives
from app.imaging import queries
from app.imaging.archive import NotKeptError, Orthanc
from app.imaging.models import ArchiveFeed
from app.imaging.services.intake import Outcome, take
from app.imaging.services.reaching import through

SOURCE: Final = "orthanc"


def follows() -> bool:
    """Whether the archive is one that others may send to."""
    return isinstance(archives.configured(), Orthanc)


def follow_archive(*, most_seconds: float) -> int:
    """Take over what has come into the Orthanc; return how many files were stored or set aside.

    How far its list was read moves only behind what was taken over, and a file twice is nothing: a run that is
    killed, or out of time, goes on where the last whole study ended. Raise DependencyDownError.
    """
    orthanc = archives.configured()
    if not isinstance(orthanc, Orthanc):
        return 0
    until = clock.monotonic() + most_seconds
    last, done = _last(orthanc.name), 0
    if through(orthanc, orthanc.newest) < last:  # it was set up anew, and counts from one again
        last = 0
    while clock.monotonic() < until:
        since = last
        feed = through(orthanc, lambda: orthanc.feed(since))  # noqa: B023 - asked at once
        for change in feed.changes:
            done += _take_study(orthanc, change.study)
            _read_until(orthanc.name, change.seq)
            if clock.monotonic() >= until:
                return done
        if feed.last != last:
            _read_until(orthanc.name, feed.last)
        last = feed.last
        if feed.is_done:
            break
    return done


def _take_study(orthanc: Orthanc, study: str) -> int:
    """Take over what is not known of a study; one that was deleted meanwhile is nothing."""
    try:
        held = through(orthanc, lambda: orthanc.held(study))
    except NotKeptError:
        return 0
    known = queries.known_instances(list(held.values()))
    done = 0
    for instance, uid in held.items():
        if uid in known:
            continue
        try:
            content = through(orthanc, lambda: orthanc.file(instance))  # noqa: B023 - asked at once
        except NotKeptError:
            continue
        taken = take(content, name=instance, source=SOURCE, is_kept=True, by=SYSTEM)
        done += taken.outcome is not Outcome.REPEATED
    return done


def _last(name: str) -> int:
    found = db.session.execute(select(ArchiveFeed.last).where(ArchiveFeed.name == name))
    return found.scalar_one_or_none() or 0


@transactional
def _read_until(name: str, last: int) -> None:
    row = db.session.get(ArchiveFeed, name, with_for_update=True)
    if row is None:
        db.session.add(ArchiveFeed(name=name, last=last, at=clock.utcnow()))
    else:
        row.last, row.at = last, clock.utcnow()
