"""Renditions of studies: written after the intake, when a worker comes to it, and again where somebody deleted them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import structlog

from app.core import clock
from app.core.errors import NotFoundError
from app.core.transaction import release
from app.imaging import archive as archives
from app.imaging import queries, renditions
from app.imaging.archive import NotKeptError
from app.imaging.services.reaching import through

log = structlog.get_logger(__name__)

FOR_EVER: Final = float("inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class RenditionCount:
    """How many frames there are, how many have a rendition, and how many instances were left alone."""

    frames: int
    made: int
    left_alone: int


def render_study(study: str, *, most_seconds: float = FOR_EVER) -> bool:
    """Write what renditions a study lacks; False where the time was over, and the next time goes on from there.

    One file is in memory at a time. Raise DependencyDownError where the archive is away.
    """
    from app.imaging.renditions import writing  # noqa: PLC0415 - numpy is for those who look at pixels

    archive = archives.configured()
    until = clock.monotonic() + most_seconds
    for one in queries.pictures_of(study):
        if renditions.is_done(one.at, one.frames):
            continue
        if clock.monotonic() >= until:
            return False
        try:
            content = through(archive, lambda: archive.instance(one.at))  # noqa: B023 - asked at once
        except NotKeptError:
            log.warning("rendition_without_original", instance=one.at.instance)
            continue
        if not writing.write(one.at, content, is_over=lambda: clock.monotonic() >= until):
            return False
    return True


def render_again(*, study: str | None, is_all: bool) -> Iterator[str]:
    """Write what is missing, of one study or of all, or all of it anew; yield each study that is done.

    Where a codec had failed, it is tried once more. Raise NotFoundError for what is no study, DependencyDownError.
    """
    if study is not None and queries.study_id_of(study) is None:
        raise NotFoundError(kind="study")
    renditions.sweep_drafts()
    for one in queries.study_uids() if study is None else (study,):
        if is_all:
            renditions.remove(one)
        for picture in queries.pictures_of(one):
            renditions.try_again(picture.at)
        release()
        render_study(one)
        yield one


def count_renditions() -> RenditionCount:
    """Return how the renditions stand; 1 statement, and a walk through their folders."""
    counted = renditions.count()
    return RenditionCount(frames=queries.frames_kept(), made=counted.frames, left_alone=counted.left_alone)
