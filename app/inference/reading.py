"""DICOM in, a volume out: looks at sizes before it decodes, and says by name what it cannot take.

Takes pydicom's datasets and imports nothing of pydicom, so any object with the same attributes will do.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from app.inference.errors import NotAnalysableError, Refusal
from app.inference.volume import Volume, check_size

# What decoders raise for bytes that are not what their header says.
_BROKEN = (
    ValueError,
    AttributeError,
    RuntimeError,
    NotImplementedError,
    MemoryError,
    TypeError,
    KeyError,
    OverflowError,
)
_ALIKE = (
    "SeriesInstanceUID",
    "Modality",
    "Rows",
    "Columns",
    "PixelSpacing",
    "RescaleSlope",
    "RescaleIntercept",
)
_SAME_DIRECTION = 1e-3


def volume_of(datasets: Sequence[Any]) -> Volume:
    """Return the volume of one series, single-frame images in any order. Raise NotAnalysableError by name."""
    if not datasets:
        raise NotAnalysableError(Refusal.TOO_FEW_SLICES, slices=0)
    try:
        return _volume_of(datasets)
    except _BROKEN as error:
        raise NotAnalysableError(Refusal.UNREADABLE, why=type(error).__name__) from error


def _volume_of(datasets: Sequence[Any]) -> Volume:
    first = datasets[0]
    for name in _ALIKE:
        if any(one.get(name) != first.get(name) for one in datasets):
            raise NotAnalysableError(Refusal.MIXED_SERIES, attribute=name)
    if int(first.get("NumberOfFrames") or 1) != 1 or int(first.get("SamplesPerPixel") or 1) != 1:
        raise NotAnalysableError(Refusal.WRONG_SHAPE, why="frames or colours")
    check_size(len(datasets), int(first.Rows), int(first.Columns))
    orientation = _numbers(first, "ImageOrientationPatient", 6)
    normal = np.cross(orientation[:3], orientation[3:])
    for one in datasets:
        if (
            np.abs(np.subtract(_numbers(one, "ImageOrientationPatient", 6), orientation)).max()
            > _SAME_DIRECTION
        ):
            raise NotAnalysableError(Refusal.MIXED_SERIES, attribute="ImageOrientationPatient")
    ordered = sorted(
        datasets, key=lambda one: float(np.dot(_numbers(one, "ImagePositionPatient", 3), normal))
    )
    return Volume(
        stored=np.stack([one.pixel_array for one in ordered]),
        pixel_spacing_mm=_numbers(first, "PixelSpacing", 2),
        positions_mm=tuple(_numbers(one, "ImagePositionPatient", 3) for one in ordered),
        orientation=orientation,
        thickness_mm=tuple(float(one.get("SliceThickness") or 0) or None for one in ordered),
        slope=_number(first, "RescaleSlope"),
        intercept=_number(first, "RescaleIntercept"),
        modality=str(first.get("Modality") or ""),
        body_part=str(first.get("BodyPartExamined") or ""),
        contrast=_contrast(ordered),
        study_instance_uid=str(first.get("StudyInstanceUID") or ""),
        series_instance_uid=str(first.get("SeriesInstanceUID") or ""),
        sop_instance_uids=tuple(str(one.SOPInstanceUID) for one in ordered),
    )


def _numbers(one: Any, name: str, count: int) -> Any:
    values = one.get(name)
    if values is None or len(values) != count:
        raise NotAnalysableError(Refusal.SPACING_UNKNOWN, attribute=name)
    return tuple(float(value) for value in values)


def _number(one: Any, name: str) -> float:
    """Return a number of the rescale; NaN where it is missing, which the guards refuse for what needs units."""
    value = one.get(name)
    return float("nan") if value is None or value == "" else float(value)


def _contrast(datasets: Sequence[Any]) -> bool | None:
    """Return True where any slice names an agent, False where the module is there and empty, None where nobody says."""
    agents = [one.get("ContrastBolusAgent") for one in datasets]
    if any(str(agent).strip() for agent in agents if agent is not None):
        return True
    return None if all(agent is None for agent in agents) else False
