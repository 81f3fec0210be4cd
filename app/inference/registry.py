"""Which models there are, who is asked for a study, and what they answer.

A models folder holds `<name>.onnx` beside `<name>.card.json`. A file without a card, or other than its card says, is
listed as refused with its reason and never run; the others go on working.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from app.inference import cards
from app.inference.cards import Card, Tensor
from app.inference.errors import ModelRefusedError, NoSuchModelError, NotAnalysableError
from app.inference.findings import Findings, Result

if TYPE_CHECKING:
    from app.inference.volume import Volume

BUILT_IN = "head-ct-measurement"
# What the built-in model's numbers depend on: its code is its weights.
_CODE = ("head_ct.py", "guards.py", "volume.py")


class Model(Protocol):
    """Whatever answers for a volume."""

    @property
    def card(self) -> Card:
        """Who it is."""

    def measure(self, volume: "Volume") -> Findings:
        """Return findings, or raise NotAnalysableError."""


@dataclass(frozen=True, slots=True)
class HeadCt:
    """The measurement that is always there."""

    card: Card

    def open(self) -> None:
        """Load what it is made of."""
        from app.inference import head_ct  # noqa: F401, PLC0415 - scipy, only where something is measured

    def measure(self, volume: "Volume") -> Findings:
        """Measure a plain CT of a head."""
        from app.inference import head_ct  # noqa: PLC0415 - scipy, only where something is measured

        return head_ct.measure(volume)


@dataclass(slots=True)
class OnnxModel:
    """A file of the models folder; opened at the first picture, then kept."""

    card: Card
    path: Path
    _session: Any = None

    def open(self) -> None:
        """Load it. Raise ModelRefusedError where the file is not what the card describes."""
        from app.inference import onnx  # noqa: PLC0415 - numpy and ONNX Runtime, only where a model runs

        if self._session is None:
            self._session = onnx.open_session(self.path, self.card)

    def measure(self, volume: "Volume") -> Findings:
        """Ask the model."""
        from app.inference import onnx  # noqa: PLC0415 - as above

        self.open()
        return onnx.measure(self._session, self.card, volume)


@dataclass(frozen=True, slots=True)
class Registry:
    """The models by (id, version), and the files that were refused with the reason."""

    models: Mapping[tuple[str, str], Model]
    refused: Mapping[str, str]

    def get(self, model_id: str, version: str | None = None) -> Model:
        """Return a model; without a version the last one by name. Raise NoSuchModelError."""
        versions = sorted(own for name, own in self.models if name == model_id and version in (None, own))
        if not versions:
            raise NoSuchModelError(f"{model_id} {version or ''}".strip())
        return self.models[model_id, versions[-1]]

    def cards(self) -> list[Card]:
        """Return all cards, in order."""
        return [self.models[key].card for key in sorted(self.models)]


@dataclass(frozen=True, slots=True)
class Arm:
    """One side of a trial: a model and its share of the studies."""

    model_id: str
    version: str
    weight: float


@dataclass(frozen=True, slots=True)
class Plan:
    """Who answers for a study, and who is asked in the shadow: stored beside, shown to nobody who treats."""

    answers: Arm
    shadows: tuple[Arm, ...]


def load(folder: Path | None = None) -> Registry:
    """Return the built-in measurement and what the folder holds. Hashes are compared now, sessions opened later."""
    models: dict[tuple[str, str], Model] = {(card := built_in_card()).ref.key: HeadCt(card)}
    refused: dict[str, str] = {}
    for path in sorted(folder.glob("*.onnx")) if folder and folder.is_dir() else ():
        try:
            model = _offered(path, models)
        except ModelRefusedError as error:
            refused[path.name] = str(error)
        else:
            models[model.card.ref.key] = model
    return Registry(models, refused)


def _offered(path: Path, there: Mapping[tuple[str, str], Model]) -> OnnxModel:
    card = cards.read(path.with_suffix(".card.json"))
    if card.ref.key in there:
        raise ModelRefusedError(f"{card.id} {card.version}: there is one already")
    if _sha256(path) != card.sha256:
        raise ModelRefusedError(f"{path.name}: not the file that its card was written for (sha256)")
    return OnnxModel(card, path)


def run(model: Model, volume: "Volume") -> Result:
    """Return what a model says of a volume; not analysable is an answer with its reason, not an error."""
    try:
        findings = model.measure(volume)
    except NotAnalysableError as error:
        return refused(model.card, volume, error)
    return Result(
        model=model.card.ref,
        study_instance_uid=volume.study_instance_uid,
        series_instance_uid=volume.series_instance_uid,
        input_sha256=volume.sha256(),
        findings=findings,
    )


def refused(card: Card, volume: "Volume", error: NotAnalysableError) -> Result:
    """Return the answer about a volume that cannot be judged."""
    return Result(
        model=card.ref,
        study_instance_uid=volume.study_instance_uid,
        series_instance_uid=volume.series_instance_uid,
        input_sha256=volume.sha256(),
        refusal=error.refusal,
        details=error.details,
    )


def plan(
    study_instance_uid: str, arms: Sequence[Arm], shadows: Sequence[Arm] = (), *, trial: str = ""
) -> Plan:
    """Return who answers for a study: by weight, and for the same study and trial always the same arm.

    The hash draws, not chance: a study that is sent again, or asked for by two workers, meets the same model. Raise
    ValueError without an arm of positive weight.
    """
    total = sum(arm.weight for arm in arms)
    if total <= 0 or any(arm.weight < 0 for arm in arms):
        raise ValueError("weights are positive, or there is no trial")
    digest = hashlib.sha256(f"{trial}\0{study_instance_uid}".encode()).digest()
    drawn = int.from_bytes(digest[:8]) / 2**64 * total
    for arm in arms:
        drawn -= arm.weight
        if drawn < 0:
            return Plan(arm, tuple(shadows))
    return Plan(next(arm for arm in reversed(arms) if arm.weight > 0), tuple(shadows))


@cache
def built_in_card() -> Card:
    """Return the card of the built-in measurement; its hash is that of its code."""
    here = Path(__file__).parent
    digest = hashlib.sha256(b"".join((here / name).read_bytes() for name in _CODE))
    return Card(
        id=BUILT_IN,
        version="1",
        sha256=digest.hexdigest(),
        modality="CT",
        body_part="HEAD",
        input=Tensor(name="volume", shape=(None, None, None), units="HU", spacing_mm=None, window=None),
        output="label-map",
        labels=("brain", "dense"),
        intended_use=(
            "Measures volumes and the difference of the halves on a plain head CT, for a radiologist who looks at "
            "the pictures. It detects nothing, rules nothing out, and its numbers set no priority by themselves."
        ),
        training_data="none: classical arithmetic; checked with balls of known volume in a phantom",
        licence="Apache-2.0",
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
