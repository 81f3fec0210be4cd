"""A result over a border: plain values, its masks as packed bits, and back; what comes back is compared first."""

import base64
import binascii
import zlib
from collections.abc import Mapping
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.inference.errors import PermanentError, Refusal
from app.inference.findings import Findings, Measure, ModelRef, Region, Result

BITS: Final = "mask_bits"
Shape = tuple[int, int, int]


def written(result: Result) -> dict[str, Any]:
    """Return a result as JSON has it, with the bits of its masks."""
    bits = {name: _packed(mask) for name, mask in sorted(result.findings.masks.items())}
    return {**result.as_json(), BITS: bits}


def read(said: object, shape: Shape) -> Result:
    """Return the result that was written for a volume of this shape. Raise PermanentError where it is none."""
    try:
        result = _read(said, shape)
    except (AttributeError, KeyError, TypeError, ValueError, binascii.Error, zlib.error) as error:
        raise PermanentError("the answer is not understood") from error
    if not isinstance(said, dict) or result.sha256 != said.get("result_sha256"):
        raise PermanentError("the answer is not what its hash was made of")
    return result


def _read(said: Any, shape: Shape) -> Result:
    refusal = said["refusal"]
    return Result(
        model=ModelRef(**said["model"]),
        study_instance_uid=said["study_instance_uid"],
        series_instance_uid=said["series_instance_uid"],
        input_sha256=said["input_sha256"],
        findings=Findings(
            measures=tuple(Measure(one["name"], one["value"], one["unit"]) for one in said["measures"]),
            regions=tuple(_region(one) for one in said["regions"]),
            masks={name: _unpacked(bits, shape) for name, bits in (said.get(BITS) or {}).items()},
        ),
        refusal=None if refusal is None else Refusal(refusal),
        details=said["details"],
    )


def _region(said: Mapping[str, Any]) -> Region:
    left, back, up = said["centre_mm"]
    return Region(**{**said, "centre_mm": (left, back, up)})


def _packed(mask: NDArray[np.bool_]) -> str:
    return base64.b64encode(zlib.compress(np.packbits(mask).tobytes(), 1)).decode()


def _unpacked(bits: str, shape: Shape) -> NDArray[np.bool_]:
    """Return a mask; nothing longer than the volume's own bits is ever unpacked."""
    length = (prod(shape) + 7) // 8
    content = zlib.decompressobj().decompress(base64.b64decode(bits, validate=True), length + 1)
    if len(content) != length:
        raise ValueError(len(content))
    flat = np.unpackbits(np.frombuffer(content, np.uint8), count=prod(shape))
    return flat.view(np.bool_).reshape(shape)
