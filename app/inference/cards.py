"""The model card: no card, no model. What a model was made for is read before a picture reaches it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.inference.errors import ModelRefusedError
from app.inference.findings import ModelRef

_ID, _SHA256 = re.compile(r"[a-z0-9][a-z0-9-]{0,63}"), re.compile(r"[0-9a-f]{64}")
_BYTES = 64 * 1024
OUTPUTS = ("scores", "label-map")
UNITS = ("HU", "stored")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """What the model eats: z, y, x behind leading ones; None is any length. A window becomes 0…1."""

    name: str
    shape: tuple[int | None, ...]
    units: str
    spacing_mm: tuple[float, float, float] | None
    window: tuple[float, float] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """Who a model is and what it may be asked."""

    id: str
    version: str
    sha256: str
    modality: str
    body_part: str
    input: Tensor
    output: str
    labels: tuple[str, ...]
    intended_use: str
    training_data: str
    licence: str

    @property
    def ref(self) -> ModelRef:
        """What a result names its model by."""
        return ModelRef(self.id, self.version, self.sha256)


def read(path: Path) -> Card:
    """Return the card that lies at a path. Raise ModelRefusedError where it is missing or says too little."""
    try:
        if path.stat().st_size > _BYTES:
            raise ModelRefusedError(f"{path.name}: larger than a card may be")
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise ModelRefusedError(f"{path.name}: there is no such card") from None
    except (OSError, ValueError) as error:
        raise ModelRefusedError(f"{path.name}: cannot be read as JSON ({error})") from None
    return parse(content)


def parse(content: object) -> Card:
    """Return a card from parsed JSON. Raise ModelRefusedError naming the first line that is missing or wrong."""
    given = _object(content, "card")
    tensor = _object(given.get("input"), "input")
    card = Card(
        id=_text(given, "id"),
        version=_text(given, "version"),
        sha256=_text(given, "sha256").lower(),
        modality=_text(given, "modality"),
        body_part=_text(given, "body_part"),
        input=Tensor(
            name=_text(tensor, "name"),
            shape=_shape(tensor.get("shape")),
            units=_one_of(tensor, "units", UNITS),
            spacing_mm=_spacing(tensor.get("spacing_mm")),
            window=_window(tensor.get("window")),
        ),
        output=_one_of(given, "output", OUTPUTS),
        labels=_labels(given.get("labels")),
        intended_use=_text(given, "intended_use"),
        training_data=_text(given, "training_data"),
        licence=_text(given, "licence"),
    )
    if not _ID.fullmatch(card.id):
        raise ModelRefusedError("id: small letters, digits and hyphens")
    if not _SHA256.fullmatch(card.sha256):
        raise ModelRefusedError("sha256: 64 hexadecimal digits")
    return card


def _object(content: object, name: str) -> Mapping[str, object]:
    if not isinstance(content, dict):
        raise ModelRefusedError(f"{name}: missing")
    return content


def _text(given: Mapping[str, object], name: str) -> str:
    match given.get(name):
        case str(text) if text.strip():
            return text.strip()
        case _:
            raise ModelRefusedError(f"{name}: missing")


def _one_of(given: Mapping[str, object], name: str, allowed: tuple[str, ...]) -> str:
    if (text := _text(given, name)) not in allowed:
        raise ModelRefusedError(f"{name}: one of {', '.join(allowed)}")
    return text


def _shape(content: object) -> tuple[int | None, ...]:
    if not isinstance(content, list) or not 3 <= len(content) <= 5:  # noqa: PLR2004 - z, y, x; then channel, then batch
        raise ModelRefusedError("input.shape: three to five lengths")
    *leading, _z, _y, _x = content
    if any(one != 1 for one in leading) or not all(one is None or _is_positive_int(one) for one in content):
        raise ModelRefusedError("input.shape: ones, then three lengths or null")
    return tuple(content)


def _spacing(content: object) -> tuple[float, float, float] | None:
    match content:
        case None:
            return None
        case [int() | float() as z, int() | float() as y, int() | float() as x] if min(z, y, x) > 0:
            return float(z), float(y), float(x)
        case _:
            raise ModelRefusedError("input.spacing_mm: null, or three positive numbers (z, y, x)")


def _window(content: object) -> tuple[float, float] | None:
    match content:
        case None:
            return None
        case {"center": int() | float() as center, "width": int() | float() as width} if _is_positive(width):
            return float(center), float(width)
        case _:
            raise ModelRefusedError("input.window: null, or a center and a positive width")


def _labels(content: object) -> tuple[str, ...]:
    if (
        not isinstance(content, list)
        or not content
        or not all(isinstance(one, str) and one for one in content)
    ):
        raise ModelRefusedError("labels: at least one word")
    if len(set(content)) != len(content):
        raise ModelRefusedError("labels: one of them twice")
    return tuple(content)


def _is_positive_int(content: object) -> bool:
    return isinstance(content, int) and not isinstance(content, bool) and content > 0


def _is_positive(content: object) -> bool:
    return isinstance(content, int | float) and not isinstance(content, bool) and 0 < content < float("inf")
