"""Heads made by arithmetic and models made by hand: what the tests of inference measure."""

import hashlib
import json
from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset

from app.demo.head_ct import EVEN, phantom_study
from app.inference.reading import volume_of
from app.inference.volume import Volume


@cache
def head(
    lesion_ml: float = 0.0,
    places: tuple[str, ...] = ("left_deep",),
    gaps_mm: tuple[float, ...] = EVEN,
    tilt_degrees: float = 0.0,
    shift_mm: float = 0.0,
    *,
    with_skull: bool = True,
) -> tuple[Dataset, ...]:
    """Give the slices of a series; tests that change one take it through `changed`."""
    return tuple(
        phantom_study(
            1,
            lesion_ml,
            place=places,
            gaps_mm=gaps_mm,
            tilt_degrees=tilt_degrees,
            shift_mm=shift_mm,
            rows=192,
            with_skull=with_skull,
        )
    )


def changed(change: Callable[[Dataset], None]) -> Volume:
    """Give a head without a lesion, each of whose slices says something else."""
    slices = [copied(one) for one in head()]
    for one in slices:
        change(one)
    return volume_of(slices)


def copied(one: Dataset) -> Dataset:
    """Give a slice that may be changed: a shallow copy shares its elements with the one that is kept."""
    return deepcopy(one)


CARD: dict[str, Any] = {
    "id": "brightness",
    "version": "3",
    "modality": "CT",
    "body_part": "HEAD",
    "input": {
        "name": "volume",
        "shape": [1, None, None, None],
        "units": "HU",
        "spacing_mm": None,
        "window": {"center": 40, "width": 80},
    },
    "output": "scores",
    "labels": ["bright"],
    "intended_use": "proves that a model of the models folder runs",
    "training_data": "none",
    "licence": "Apache-2.0",
}


def offer(folder: Path, name: str, model: bytes, **lines: object) -> Path:
    """Lay a model and its card into a folder."""
    (folder / f"{name}.onnx").write_bytes(model)
    card = {**CARD, "sha256": hashlib.sha256(model).hexdigest(), **lines}
    path = folder / f"{name}.card.json"
    path.write_text(json.dumps({key: value for key, value in card.items() if value is not None}))
    return path


def mean_model() -> bytes:
    """ONNX: one number, the mean of all voxels."""
    return _model([_node("ReduceMean", ["volume"], ["mean"], keepdims=0)], "mean", rank=0)


def threshold_model() -> bytes:
    """ONNX: 1 where a voxel is above 0.7, else 0."""
    least = _field(1, 1) + _field(2, 1) + _field(8, b"least") + _field(4, b"\x33\x33\x33\x3f")
    nodes = [_node("Greater", ["volume", "least"], ["above"]), _node("Cast", ["above"], ["map"], to=1)]
    return _model(nodes, "map", rank=4, initializer=least)


def _model(nodes: Sequence[bytes], output: str, *, rank: int, initializer: bytes = b"") -> bytes:
    graph = b"".join(_field(1, node) for node in nodes) + _field(2, b"by hand")
    graph += _field(5, initializer) if initializer else b""
    shape: list[int | str] = [1, "z", "y", "x"]
    graph += _field(11, _value("volume", shape)) + _field(12, _value(output, shape[:rank]))
    return _field(1, 8) + _field(7, graph) + _field(8, _field(1, b"") + _field(2, 13))


def _node(operator: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: int) -> bytes:
    node = b"".join(_field(1, name.encode()) for name in inputs)
    node += b"".join(_field(2, name.encode()) for name in outputs)
    node += _field(4, operator.encode())
    for name, number in attributes.items():
        node += _field(5, _field(1, name.encode()) + _field(3, number) + _field(20, 2))
    return node


def _value(name: str, shape: Sequence[int | str]) -> bytes:
    lengths = b"".join(
        _field(1, _field(1, one) if isinstance(one, int) else _field(2, one.encode())) for one in shape
    )
    return _field(1, name.encode()) + _field(2, _field(1, _field(1, 1) + _field(2, lengths)))


def _field(number: int, content: int | bytes) -> bytes:
    """Encode a field of a protocol buffer: a number, or bytes with their length."""
    if isinstance(content, int):
        return _varint(number << 3) + _varint(content)
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    taken = bytearray()
    while number > 0x7F:
        taken.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*taken, number])
