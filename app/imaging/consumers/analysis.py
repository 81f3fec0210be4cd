"""The consumer that has studies measured: once no more pictures come, one study at a time, by whoever is there.

Whoever is killed is followed by one that goes on at the next series; what a model has said, it is not asked twice.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from app import settings
from app.core.errors import DependencyDownError
from app.core.relay import (
    Consumer,
    Delivered,
    Failed,
    Outcome,
    Parcel,
    Refused,
    Rendered,
    Skipped,
    TargetDownError,
    Waits,
    one_by_one,
)
from app.core.words import N_, SEPARATOR
from app.imaging import queries
from app.imaging.services import analysing
from app.imaging.services.analysing import OvertakenError, Task
from app.imaging.states import StudyState
from app.inference.errors import PermanentError, TransientError

# A study of many series gives others their turn.
TURN_SECONDS: Final = 60.0
# Beside the model's own time: fetching, reading, writing down.
SPARE_SECONDS: Final = 240.0
GONE: Final = "gone"
ANSWERED: Final = "it has its answer"
OVERTAKEN: Final = "a picture has come meanwhile"
QUIET: Final = "pictures are still coming"
TIME_OVER: Final = "the time was over"
NOT_DONE: Final = N_("The pictures or the model have ended the analysis.")
AGAIN_AND_AGAIN: Final = N_("The analysis was broken off again and again.")


def consumer() -> Consumer:
    """Return who has studies measured; one sending may take as long as every model that is asked."""
    set_ = settings.current()
    runs = 1 + len(set_.shadow_arms)
    return Consumer(
        name=analysing.CONSUMER,
        kinds=frozenset({"study"}),
        mode="snapshot",
        render=one_by_one(_render),
        deliver=lambda parcels: [_analyse(one) for one in parcels],
        settled=_settled,
        claim_rows=1,
        send_seconds=TURN_SECONDS + runs * set_.inference_seconds + SPARE_SECONDS,
        first_backoff_seconds=30.0,
        is_slow=True,
    )


def _render(_kind: str, study_id: UUID) -> Rendered | Skipped:
    found = queries.awaited(study_id)
    if found is None:
        return Skipped(GONE)
    if found.state in {StudyState.MEASURED, StudyState.NOT_ANALYSABLE}:
        return Skipped(ANSWERED)
    return Rendered(payload=found.since.isoformat(), seq=found.seq)


def _analyse(parcel: Parcel) -> Outcome:
    """Measure a study. Raise TargetDownError where the archive is away."""
    from app.imaging.services.examining import examine  # noqa: PLC0415 - numpy, only where something is measured

    wait = analysing.quiet_seconds(parcel.aggregate_id)
    if wait > 0:
        return Waits(QUIET, wait)
    task = analysing.begin(parcel.aggregate_id)
    if task is None:
        return Skipped(ANSWERED)
    try:
        return Delivered() if examine(task, most_seconds=TURN_SECONDS) else Waits(TIME_OVER)
    except OvertakenError:
        return Skipped(OVERTAKEN)
    except PermanentError as error:
        return Refused(f"{NOT_DONE}{SEPARATOR}{error.reason}")
    except TransientError as error:
        return _later(task, error)
    except DependencyDownError as error:
        analysing.release(task)
        raise TargetDownError(
            "archive", retry_after_seconds=float(str(error.details["retry_after"]))
        ) from error


def _later(task: Task, error: TransientError) -> Outcome:
    """Let a study wait: a model that is away as a whole costs no life."""
    analysing.release(task)
    if error.retry_after_seconds:
        return Waits(error.reason, error.retry_after_seconds)
    return Failed(f"{AGAIN_AND_AGAIN}{SEPARATOR}{error.reason}")


def _settled(ends: Sequence[tuple[Parcel, Outcome]]) -> None:
    """Say why a study has no answer, where that is final."""
    for parcel, outcome in ends:
        if isinstance(outcome, Refused):
            reason = outcome.reason
            sentence = reason if SEPARATOR in reason else f"{AGAIN_AND_AGAIN}{SEPARATOR}{reason}"
            since = datetime.fromisoformat(parcel.payload) if parcel.payload else None
            analysing.fail(parcel.aggregate_id, sentence, since=since)
