"""A volume over a border: its pixels as a `.npy`, all that gives them meaning as plain values beside it.

Nothing is believed: the header of an array is read, and compared with the bytes that are there, before one is touched.
"""

from collections.abc import Mapping
from io import SEEK_END
from math import prod
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import IO, Any, Final

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from app.inference.errors import NotAVolumeError
from app.inference.volume import MOST_ROWS, MOST_VOXELS, Volume

# Longer headers are refused by NumPy itself: they are parsed as Python's literals.
HEADER_READERS: Final = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
# Pictures are written down as integers; what a program has made of them, as single floats.
DTYPES: Final = frozenset({"i1", "u1", "i2", "u2", "i4", "f4"})
DIMENSIONS: Final = 3


def open_array(file: IO[bytes]) -> NDArray[Any]:
    """Return the array of a `.npy`; its numbers stay on the disk. Raise NotAVolumeError."""
    try:
        shape, is_fortran, dtype = HEADER_READERS[npy.read_magic(file)](file)
    except (ValueError, KeyError, EOFError, TypeError, RecursionError, MemoryError) as error:
        raise NotAVolumeError("npy") from error
    if dtype.hasobject or dtype.str[1:] not in DTYPES:
        raise NotAVolumeError("dtype")
    _check_shape(shape)
    start = file.tell()
    if file.seek(0, SEEK_END) - start != prod(shape) * dtype.itemsize:
        raise NotAVolumeError("length")
    file.seek(start)
    with TemporaryFile() as numbers:  # what was sent may be a part of a file, which cannot be mapped
        copyfileobj(file, numbers)
        numbers.flush()
        return np.memmap(numbers, dtype, "r", 0, shape, "F" if is_fortran else "C")


def array_of(values: object) -> NDArray[Any]:
    """Return the array of nested lists of numbers. Raise NotAVolumeError."""
    try:
        given = np.asarray(values)
    except (ValueError, OverflowError) as error:  # rows of different lengths
        raise NotAVolumeError("shape") from error
    if given.dtype.kind == "f":
        given = given.astype(np.float32)
    elif given.dtype.kind != "i" or abs(int(np.abs(given).max(initial=0))) >= 1 << 31:
        raise NotAVolumeError("dtype")
    else:
        given = given.astype(np.int32)
    _check_shape(given.shape)
    return given


def written(volume: Volume) -> dict[str, Any]:
    """Return what gives a volume's pixels meaning, as JSON has it; a number that is none becomes null."""
    return {
        "modality": volume.modality,
        "body_part": volume.body_part,
        "contrast": volume.contrast,
        "pixel_spacing_mm": list(volume.pixel_spacing_mm),
        "positions_mm": [list(one) for one in volume.positions_mm],
        "orientation": list(volume.orientation),
        "thickness_mm": list(volume.thickness_mm),
        "slope": _number(volume.slope),
        "intercept": _number(volume.intercept),
        "study_instance_uid": volume.study_instance_uid,
        "series_instance_uid": volume.series_instance_uid,
        "sop_instance_uids": list(volume.sop_instance_uids),
    }


def read(said: Mapping[str, Any], array: NDArray[Any]) -> Volume:
    """Return the volume of an array and what was said of it; slices may come in any order.

    Raise NotAVolumeError where the two do not fit, NotAnalysableError for what is one and cannot be judged.
    """
    count = len(array)
    positions = [_reals(one) for one in said["positions_mm"]]
    thickness = said.get("thickness_mm") or [None] * count
    uids = said.get("sop_instance_uids") or [""] * count
    if not count == len(positions) == len(thickness) == len(uids):
        raise NotAVolumeError("slices")
    if array.dtype.kind == "f" and not all(np.isfinite(plane).all() for plane in array):
        raise NotAVolumeError("not-finite")
    orientation = _reals(said["orientation"])
    normal = np.cross(orientation[:3], orientation[3:])
    order = sorted(range(count), key=lambda index: float(np.dot(positions[index], normal)))
    return Volume(
        # In order already, as a rule: then nothing is copied.
        stored=array if order == list(range(count)) else array[order],
        pixel_spacing_mm=_reals(said["pixel_spacing_mm"]),
        positions_mm=tuple(positions[index] for index in order),
        orientation=orientation,
        thickness_mm=tuple(_real(thickness[index]) for index in order),
        slope=_or_nan(said.get("slope")),
        intercept=_or_nan(said.get("intercept")),
        modality=said["modality"],
        body_part=said.get("body_part") or "",
        contrast=said.get("contrast"),
        study_instance_uid=said["study_instance_uid"],
        series_instance_uid=said["series_instance_uid"],
        sop_instance_uids=tuple(uids[index] for index in order),
    )


def _check_shape(shape: tuple[int, ...]) -> None:
    if len(shape) != DIMENSIONS or min(shape) < 1:
        raise NotAVolumeError("shape")
    if max(shape[1:]) > MOST_ROWS or prod(shape) > MOST_VOXELS:
        raise NotAVolumeError("too-large")


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _real(value: float | None) -> float | None:
    return None if value is None else float(value)


def _reals(values: Any) -> Any:
    return tuple(float(one) for one in values)
