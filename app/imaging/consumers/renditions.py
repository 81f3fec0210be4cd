"""The consumer that writes renditions: behind the intake, so that no modality waits for a codec.

What is written stays: a worker that is killed, or out of time, is followed by one that goes on at the next frame.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from app.core.errors import DependencyDownError
from app.core.relay import (
    Consumer,
    Delivered,
    Outcome,
    Parcel,
    Rendered,
    Skipped,
    TargetDownError,
    Waits,
    one_by_one,
)
from app.imaging import queries
from app.imaging.services.rendering import render_study

# A long study gives others their turn; the largest file takes as long again behind it.
TURN_SECONDS: Final = 10.0
SEND_SECONDS: Final = 30.0
GONE: Final = "gone"
TIME_OVER: Final = "the time was over"


def _render(_kind: str, study_id: UUID) -> Rendered | Skipped:
    found = queries.seen_until(study_id)
    return Skipped(GONE) if found is None else Rendered(payload=found[0], seq=found[1])


def _deliver(parcels: Sequence[Parcel]) -> Sequence[Outcome]:
    return [_write(parcel) for parcel in parcels]


def _write(parcel: Parcel) -> Outcome:
    """Write a study's renditions. Raise TargetDownError where the archive is away."""
    try:
        is_done = render_study(parcel.payload, most_seconds=TURN_SECONDS)
    except DependencyDownError as error:
        raise TargetDownError(
            "archive", retry_after_seconds=float(str(error.details["retry_after"]))
        ) from error
    return Delivered() if is_done else Waits(TIME_OVER)


RENDITIONS: Final = Consumer(
    name="renditions",
    kinds=frozenset({"study"}),
    mode="snapshot",
    render=one_by_one(_render),
    deliver=_deliver,
    send_seconds=SEND_SECONDS,
    is_slow=True,
)
