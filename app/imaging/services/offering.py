"""Which models there are, what each is asked for, and whether it loads: what an operator looks at before a trial."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from app import settings
from app.core.errors import DependencyDownError, NotFoundError
from app.imaging.services import answering, measuring
from app.inference.engines import Offered
from app.inference.errors import NoSuchModelError, PermanentError, TransientError

RETRY_SECONDS = 5
NOT_THERE = "named in INFERENCE_TRIAL or INFERENCE_SHADOWS, and not there"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRow:
    """A model's version; `share`: of the studies that it answers for, 0 to 1."""

    id: str
    version: str
    sha256: str
    modality: str
    share: float
    is_shadow: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """What may be asked, and the files that are not used with the reason."""

    rows: tuple[ModelRow, ...]
    refused: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """Whether a model would answer: `reason` is empty where it would."""

    name: str
    reason: str


def listed() -> Models:
    """Return the models of this house with what they are asked for. Raise DependencyDownError."""
    found = _offered()
    shares, shadows = _shares(), _shadows()
    return Models(
        rows=tuple(
            ModelRow(
                id=card.id,
                version=card.version,
                sha256=card.sha256,
                modality=card.modality,
                share=shares.get((card.id, card.version), 0.0),
                is_shadow=(card.id, card.version) in shadows,
            )
            for card in found.cards
        ),
        refused=dict(found.refused),
    )


def shown(model_id: str, version: str | None = None) -> dict[str, Any]:
    """Return a model's card as plain values, without a version the last one's by name.

    Raise NotFoundError, DependencyDownError.
    """
    try:
        return asdict(answering.card_of(model_id, version))
    except NoSuchModelError as error:
        raise NotFoundError(kind="model") from error
    except (TransientError, PermanentError) as error:
        raise _down(error) from error


def checked() -> Iterator[Checked]:
    """Load each model as a study would, one after the other; say of each whether it would answer, or why not.

    What the settings name and nobody has put there is among them. Raise DependencyDownError.
    """
    found = _offered()
    there = {(card.id, card.version) for card in found.cards}
    for model_id, version in sorted(there):
        yield Checked(name=f"{model_id}:{version}", reason=_reason(model_id, version))
    for model_id, version in sorted((_shares().keys() | _shadows()) - there):
        yield Checked(name=f"{model_id}:{version}", reason=NOT_THERE)
    for name, reason in sorted(found.refused.items()):
        yield Checked(name=name, reason=reason)


def _reason(model_id: str, version: str) -> str:
    try:
        measuring.check(model_id, version)
    except (TransientError, PermanentError) as error:
        return error.reason
    return ""


def _offered() -> Offered:
    try:
        return measuring.offered()
    except (TransientError, PermanentError) as error:
        raise _down(error) from error


def _down(error: TransientError | PermanentError) -> DependencyDownError:
    return DependencyDownError(what="model", why="model", reason=error.reason, retry_after=RETRY_SECONDS)


def _shares() -> dict[tuple[str, str], float]:
    arms = settings.current().trial_arms
    total = sum(one.weight for one in arms)
    found: dict[tuple[str, str], float] = {}
    for one in arms:
        key = (one.model_id, one.version)
        found[key] = found.get(key, 0.0) + one.weight / total
    return found


def _shadows() -> set[tuple[str, str]]:
    return {(one.model_id, one.version) for one in settings.current().shadow_arms}
