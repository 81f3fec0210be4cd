"""What a run brings back: measures and regions with their model, or why there are none."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from app.inference.errors import Refusal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Masks = Mapping[str, NDArray[np.bool_]]

NO_MASKS: Masks = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Measure:
    """One number; the unit is UCUM's (`mL`, `mm`, `[hnsf'U]`, `1`)."""

    name: str
    value: float
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """One connected part: how much, how dense, where. Slices count from 0 along the normal; `side` is the patient's."""

    label: str
    volume_ml: float
    mean: float
    centre_mm: tuple[float, float, float]
    first_slice: int
    last_slice: int
    side: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a model says of a volume. A mask has the volume's shape: True where the label lies."""

    measures: tuple[Measure, ...] = ()
    regions: tuple[Region, ...] = ()
    masks: Masks = field(default_factory=lambda: NO_MASKS, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ModelRef:
    """Which model, to the byte."""

    id: str
    version: str
    sha256: str

    @property
    def key(self) -> tuple[str, str]:
        """What a registry finds it by."""
        return self.id, self.version


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A run's answer. Where `refusal` is set there are no findings: not analysable is not the same as normal."""

    NATURE: ClassVar[str] = "measurement, not a diagnosis"

    model: ModelRef
    study_instance_uid: str
    series_instance_uid: str
    input_sha256: str
    findings: Findings = field(default_factory=Findings)
    refusal: Refusal | None = None
    details: Mapping[str, float | str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def is_analysed(self) -> bool:
        """Whether there is anything to read."""
        return self.refusal is None

    def as_json(self) -> dict[str, object]:
        """Return plain values without the masks, and the hash over all of it."""
        return {**self._body(), "result_sha256": self.sha256}

    @property
    def sha256(self) -> str:
        """The same model on the same pixels gives the same hash, by whatever way the pixels came."""
        return hashlib.sha256(json.dumps(self._body(), sort_keys=True).encode()).hexdigest()

    def _body(self) -> dict[str, object]:
        return {
            "nature": self.NATURE,
            "model": asdict(self.model),
            "study_instance_uid": self.study_instance_uid,
            "series_instance_uid": self.series_instance_uid,
            "input_sha256": self.input_sha256,
            "analysed": self.is_analysed,
            "refusal": self.refusal,
            "details": dict(self.details),
            "measures": [asdict(one) for one in self.findings.measures],
            "regions": [asdict(one) for one in self.findings.regions],
            "masks": {name: _digest(mask) for name, mask in sorted(self.findings.masks.items())},
        }


def _digest(mask: NDArray[np.bool_]) -> str:
    import numpy as np  # noqa: PLC0415 - results without masks are read by web processes, which load no numpy

    return hashlib.sha256(f"{mask.shape}".encode() + np.packbits(mask).tobytes()).hexdigest()
