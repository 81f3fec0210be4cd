"""What is measured for somebody who asks by the API: kept under the key that they gave, and written to the audit."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any, Final
from uuid import UUID

from app.accounts.roles import Permission, require
from app.core import audit, idempotency
from app.core.actor import Actor
from app.core.idempotency import command
from app.imaging.rules import At
from app.imaging.services import measuring, volumes
from app.inference.cards import Card
from app.inference.errors import NoSuchModelError, NotAnalysableError
from app.inference.findings import ModelRef, Result

# What a key's row holds on every database. A longer answer (with masks) is measured again for a repeat: the same
# model says the same of the same pixels.
LONGEST_KEPT: Final = 40_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An answer as JSON; empty where it was too long to be kept."""

    answer: str


def earlier() -> dict[str, Any] | None:
    """Return what was answered to this request's key, or None. Raise KeyReusedError."""
    found = idempotency.recalled(keep)
    return json.loads(found.answer) if found is not None and found.answer else None


@command
def keep(answer: str, *, of: ModelRef, pixels: str, patients: Collection[UUID], by: Actor) -> Kept:
    """Keep an answer under the key of this request, and write down who let whom be measured."""
    require(by, Permission.USE_MODELS)
    audit.record(
        "imaging:model:use",
        by=by,
        patients=patients,
        object_=f"model:{of.id}",
        details={"version": of.version, "input_sha256": pixels},
    )
    return Kept(answer=answer if len(answer) <= LONGEST_KEPT else "")


def card_for(study: str) -> Card:
    """Return the card of who answers for a study, where no model is named. Raise NoSuchModelError, TransientError."""
    arm = measuring.plan_for(study).answers
    return card_of(arm.model_id, arm.version)


def card_of(model_id: str, version: str | None) -> Card:
    """Return the card of a model, without a version the last one by name. Raise NoSuchModelError, TransientError."""
    cards = [
        one for one in measuring.offered().cards if one.id == model_id and version in (None, one.version)
    ]
    if not cards:
        raise NoSuchModelError(model_id)
    return max(cards, key=lambda one: one.version)


def of_array(array: IO[bytes] | Sequence[object], said: Mapping[str, Any], card: Card) -> Result:
    """Measure a `.npy`, or nested lists, with what was said of it.

    Raise NotAVolumeError, TransientError, PermanentError.
    """
    from app.inference import handing  # noqa: PLC0415 - numpy, only where something is measured

    found = handing.array_of(array) if isinstance(array, Sequence) else handing.open_array(array)
    try:
        return measuring.measure(handing.read(said, found), card.id, card.version)
    except NotAnalysableError as error:
        return _refused(card, error, said["study_instance_uid"], said["series_instance_uid"])


def of_series(pictures: Sequence[At], card: Card) -> Result:
    """Measure a series of the archive. Raise DependencyDownError, TransientError, PermanentError."""
    at = pictures[0]
    try:
        with volumes.volume_of(pictures) as volume:
            return measuring.measure(volume, card.id, card.version)
    except NotAnalysableError as error:
        return _refused(card, error, at.study, at.series)


def as_json(result: Result, *, with_masks: bool) -> dict[str, Any]:
    """Return a result as plain values, with the bits of its masks where they are asked for."""
    from app.inference import answers  # noqa: PLC0415 - as above

    return answers.written(result) if with_masks else result.as_json()


def _refused(card: Card, error: NotAnalysableError, study: str, series: str) -> Result:
    """Return the answer about pictures that make no volume: no pixels were looked at."""
    return Result(
        model=card.ref,
        study_instance_uid=study,
        series_instance_uid=series,
        input_sha256="",
        refusal=error.refusal,
        details=error.details,
    )
