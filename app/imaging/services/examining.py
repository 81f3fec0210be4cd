"""A study is measured, series by series: fetched, read apart, handed to the model, and its answer kept."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

import structlog

from app import settings
from app.core import clock
from app.imaging.apart import Reader
from app.imaging.rules import MIB
from app.imaging.services import measuring
from app.imaging.services.analysing import Run, Task, answer, go_on
from app.imaging.services.fetching import check_size, lay_out
from app.imaging.services.keeping import keep, kept, key_of
from app.inference.cards import Card
from app.inference.errors import (
    NoSuchModelError,
    NotAnalysableError,
    PermanentError,
    Refusal,
    TransientError,
)
from app.inference.findings import Result

if TYPE_CHECKING:
    from app.inference.volume import Volume

log = structlog.get_logger(__name__)

FETCHED, MEASURED = 0.3, 0.8  # of what one series is
CT: Final = "CT"
# What a killed worker has left behind is younger for as long as another may be at work.
STALE_SECONDS: Final = 6 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One model that is asked about one series."""

    card: Card
    key: str
    is_shadow: bool


def examine(task: Task, *, most_seconds: float) -> bool:
    """Measure what of a study has not been measured, and let that be its answer; False where the time was over.

    What was done before stands. Raise OvertakenError, DependencyDownError, TransientError, PermanentError.
    """
    until = clock.monotonic() + most_seconds
    cards = _cards(task)
    keys: dict[str, bool] = {}
    failed: list[PermanentError] = []
    for number, run in enumerate(task.runs):
        if clock.monotonic() >= until:
            return False
        asked = [
            Asked(card=card, key=key_of(run, card.ref), is_shadow=is_shadow)
            for card, is_shadow in cards.items()
        ]
        progress = _Progress(task, number)
        try:
            _examine(task, run, asked, progress)
        except PermanentError as error:
            log.warning("series_not_measured", study=str(task.study_id), reason=error.reason)
            failed.append(error)
        keys |= {one.key: one.is_shadow for one in asked}
        progress.at(1.0)
    if failed and not any(has_measures and not keys[key] for key, has_measures in kept(keys).items()):
        raise failed[0]
    answer(task, keys)
    return True


@dataclass(frozen=True, slots=True)
class _Progress:
    """How far a study has come while one of its series is at work."""

    task: Task
    number: int

    def at(self, share: float) -> None:
        go_on(self.task, min(99, round(100 * (self.number + share) / len(self.task.runs))))


def _cards(task: Task) -> dict[Card, bool]:
    """Return who is asked, each with whether in the shadow; the one that answers first. Raise NoSuchModelError."""
    plan = measuring.plan_for(task.study_instance_uid)
    there = {card.ref.key: card for card in measuring.offered().cards}
    found: dict[Card, bool] = {}
    for arm in (plan.answers, *plan.shadows):
        card = there.get((arm.model_id, arm.version))
        if card is not None:
            found.setdefault(card, arm is not plan.answers)
        elif arm is plan.answers:
            raise NoSuchModelError(f"{arm.model_id} {arm.version}")
        else:
            log.warning("shadow_not_there", model=f"{arm.model_id}:{arm.version}")
    return found


def _examine(task: Task, run: Run, asked: list[Asked], progress: _Progress) -> None:
    """Ask each model that has not answered about these pictures yet."""
    done = kept(one.key for one in asked)
    open_ = [one for one in asked if one.key not in done]
    for one in list(open_):
        if (refusal := _refused_unseen(run, one.card)) is not None:
            keep(task, one.key, _refused(task, run, one.card, refusal), None, is_shadow=one.is_shadow)
            open_.remove(one)
    if not open_:
        return
    with _folder() as folder:
        names = lay_out(run.pictures, folder)
        progress.at(FETCHED)
        with Reader(folder, memory_bytes=settings.current().inference_memory_mb * MIB) as reader:
            try:
                volume = reader.volume(names)
            except NotAnalysableError as error:
                for one in open_:
                    keep(task, one.key, _refused(task, run, one.card, error), None, is_shadow=one.is_shadow)
                return
            for one in open_:
                _ask(task, run, one, volume, reader, progress)


def _ask(task: Task, run: Run, one: Asked, volume: "Volume", reader: Reader, progress: _Progress) -> None:
    """Ask one model; what goes wrong in a shadow is told to nobody who treats."""
    try:
        result = measuring.measure(volume, one.card.id, one.card.version)
    except (TransientError, PermanentError) as error:
        if not one.is_shadow:
            raise
        log.warning("shadow_failed", model=f"{one.card.id}:{one.card.version}", reason=error.reason)
        return
    progress.at(MEASURED)  # nothing is written down for a study that was overtaken
    written = (
        reader.written(one.key, result, at=run.newest) if result.is_analysed and not one.is_shadow else None
    )
    keep(task, one.key, result, written, is_shadow=one.is_shadow)


def _refused_unseen(run: Run, card: Card) -> NotAnalysableError | None:
    """Return why a series need not be fetched for this model."""
    if run.modality != card.modality:
        word = Refusal.NOT_CT if card.modality == CT else Refusal.WRONG_MODALITY
        return NotAnalysableError(word, modality=run.modality)
    try:
        check_size(run.pictures)
    except NotAnalysableError as error:
        return error
    return None


def _refused(task: Task, run: Run, card: Card, error: NotAnalysableError) -> Result:
    details: Mapping[str, float | str] = error.details
    return Result(
        model=card.ref,
        study_instance_uid=task.study_instance_uid,
        series_instance_uid=run.uid,
        input_sha256="",
        refusal=error.refusal,
        details=details,
    )


@contextmanager
def _folder() -> Iterator[Path]:
    """Give a folder for one series; what others have left behind long ago goes."""
    place = settings.current().var_dir / "analysing"
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    now = clock.utcnow().timestamp()
    for left in place.iterdir():
        if now - left.stat().st_mtime > STALE_SECONDS:
            shutil.rmtree(left, ignore_errors=True)
    with TemporaryDirectory(dir=place) as folder:
        yield Path(folder)
