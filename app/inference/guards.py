"""What is asked before any number of a head is given. Each refusal has a name; none is an answer about the patient."""

from math import isfinite

import numpy as np
from numpy.typing import NDArray

from app.inference.errors import NotAnalysableError, Refusal
from app.inference.volume import Volume, has_hole

HEADS = frozenset({"HEAD", "BRAIN", "SKULL", "HEADNECK"})
FEWEST_SLICES = 12
# A gantry leans 30 degrees at most; cos 35.
AXIAL = 0.82
BRAIN_ML = (700.0, 2000.0)
PIXEL_MM = (0.1, 2.0)
MOST_GAP_MM = 12.0
LEAST_GAP_MM = 0.05
# The last slice shows this part of the largest one at most.
MOST_LEFT_AT_TOP = 0.5


def check_head_ct(volume: Volume) -> None:
    """Raise NotAnalysableError unless this is a whole plain CT of a head in HU, with known distances."""
    if volume.modality != "CT":
        raise NotAnalysableError(Refusal.NOT_CT, modality=volume.modality)
    # An empty body part is common; then the bone and the brain's volume decide.
    if volume.body_part and volume.body_part.upper() not in HEADS:
        raise NotAnalysableError(Refusal.NOT_HEAD, body_part=volume.body_part)
    if volume.contrast:
        raise NotAnalysableError(Refusal.CONTRAST)
    check_rescale(volume)
    check_spacing(volume)
    if abs(float(volume.normal[2])) < AXIAL:
        raise NotAnalysableError(Refusal.NOT_AXIAL)


def check_rescale(volume: Volume) -> None:
    """Raise NotAnalysableError where stored values cannot be turned into units."""
    if not (isfinite(volume.slope) and isfinite(volume.intercept)) or volume.slope <= 0:
        raise NotAnalysableError(Refusal.RESCALE_INVALID, slope=str(volume.slope))


def check_spacing(volume: Volume) -> None:
    """Raise NotAnalysableError where lengths are unknown, zero or absurd, or where slices are missing or double."""
    low, high = PIXEL_MM
    if not all(low <= length <= high for length in volume.pixel_spacing_mm):
        raise NotAnalysableError(Refusal.SPACING_UNKNOWN, pixel_mm=str(volume.pixel_spacing_mm))
    lengths = (np.linalg.norm(volume.orientation[:3]), np.linalg.norm(volume.orientation[3:]))
    if not np.allclose(lengths, 1.0, atol=0.01) or not np.isfinite(volume.heights_mm).all():
        raise NotAnalysableError(Refusal.SPACING_UNKNOWN, attribute="orientation")
    if len(volume.stored) < FEWEST_SLICES:
        raise NotAnalysableError(Refusal.TOO_FEW_SLICES, slices=len(volume.stored))
    gaps = volume.gaps_mm
    if gaps.min() < LEAST_GAP_MM:
        raise NotAnalysableError(Refusal.DUPLICATE_SLICES, slice=int(gaps.argmin()))
    hole = has_hole(gaps, volume.thickness_mm)
    if hole is None and gaps.max() > MOST_GAP_MM:
        hole = int(gaps.argmax())
    if hole is not None:
        raise NotAnalysableError(Refusal.MISSING_SLICES, slice=hole, gap_mm=round(float(gaps[hole]), 2))


def check_brain(brain_ml: float) -> None:
    """Raise NotAnalysableError where what lies inside the bone is not the size of a brain (a phantom, a part)."""
    low, high = BRAIN_ML
    if not low <= brain_ml <= high:
        raise NotAnalysableError(Refusal.BRAIN_VOLUME, brain_ml=round(brain_ml, 1))


def check_whole(brain: NDArray[np.bool_]) -> None:
    """Raise NotAnalysableError where the upper end of the brain lies outside the pictures."""
    areas = brain.sum(axis=(1, 2))
    if areas[-1] > MOST_LEFT_AT_TOP * areas.max():
        raise NotAnalysableError(Refusal.HEAD_CUT_OFF, slices=len(areas))
