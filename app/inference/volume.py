"""A series as one block of numbers, with everything without which a number of it would mean nothing."""

import hashlib
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from app.inference.errors import NotAnalysableError, Refusal

# 512 slices of 512x512, or 128 of 1024x1024: 268 MB as int16. A head in thin slices has half of that.
MOST_VOXELS = 1 << 27
MOST_ROWS = 2048

Vector = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Volume:
    """Stored values z, y, x, slices sorted along the normal; positions are those of the corner pixel's centre, in mm.

    `contrast` is None where nobody says. The array is made read-only.
    """

    stored: NDArray[np.generic]
    pixel_spacing_mm: tuple[float, float]
    positions_mm: tuple[Vector, ...]
    orientation: tuple[float, float, float, float, float, float]
    thickness_mm: tuple[float | None, ...]
    slope: float
    intercept: float
    modality: str
    body_part: str
    contrast: bool | None
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uids: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.stored.ndim != 3 or self.stored.dtype.kind not in "iuf":  # noqa: PLR2004 - z, y, x
            raise NotAnalysableError(
                Refusal.WRONG_SHAPE, dimensions=self.stored.ndim, dtype=str(self.stored.dtype)
            )
        check_size(*self.stored.shape)
        if {len(self.positions_mm), len(self.thickness_mm), len(self.sop_instance_uids)} != {
            len(self.stored)
        }:
            raise NotAnalysableError(Refusal.WRONG_SHAPE, slices=len(self.stored))
        view = self.stored.view()
        view.flags.writeable = False
        object.__setattr__(self, "stored", view)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Slices, rows, columns."""
        z, y, x = self.stored.shape
        return z, y, x

    @property
    def normal(self) -> NDArray[np.float64]:
        """The direction in which slices follow each other."""
        return np.cross(self.orientation[:3], self.orientation[3:])

    @property
    def heights_mm(self) -> NDArray[np.float64]:
        """Where each slice lies along the normal: with a tilted gantry, less than the table has moved."""
        heights: NDArray[np.float64] = np.array(self.positions_mm, dtype=np.float64) @ self.normal
        return heights

    @property
    def gaps_mm(self) -> NDArray[np.float64]:
        """The true distance from each slice to the next one."""
        return np.diff(self.heights_mm)

    @property
    def extents_mm(self) -> NDArray[np.float64]:
        """How much of the head each slice stands for: half the way to either neighbour, at the ends twice the half."""
        gaps = self.gaps_mm
        extents: NDArray[np.float64] = (np.append(gaps[:1], gaps) + np.append(gaps, gaps[-1:])) / 2
        return extents

    def units(self, index: int) -> NDArray[np.float32]:
        """Return one slice in the modality's units (HU for CT)."""
        plane: NDArray[np.float32] = self.stored[index].astype(np.float32)
        plane *= np.float32(self.slope)
        plane += np.float32(self.intercept)
        return plane

    def place_mm(self, index: tuple[float, float, float]) -> Vector:
        """Return the patient's coordinates (left, back, up) of a point given as slice, row, column."""
        z, y, x = index
        corner = [
            float(np.interp(z, range(len(self.positions_mm)), [one[axis] for one in self.positions_mm]))
            for axis in range(3)
        ]
        row, column = self.orientation[:3], self.orientation[3:]
        down, along = self.pixel_spacing_mm
        one, two, three = (corner[a] + row[a] * along * x + column[a] * down * y for a in range(3))
        return one, two, three

    def sha256(self) -> str:
        """Return a hash over the pixels and all that gives them meaning; integers hash alike in any width."""
        meaning = (
            self.shape,
            self.pixel_spacing_mm,
            self.positions_mm,
            self.orientation,
            self.thickness_mm,
            self.slope,
            self.intercept,
            self.modality,
            self.body_part,
            self.contrast,
            self.study_instance_uid,
            self.series_instance_uid,
            self.sop_instance_uids,
        )
        digest = hashlib.sha256(repr(meaning).encode())
        kind = "<f4" if self.stored.dtype.kind == "f" else "<i4"
        for plane in self.stored:
            digest.update(plane.astype(kind).tobytes())
        return digest.hexdigest()


def check_size(frames: int, rows: int, columns: int) -> None:
    """Raise NotAnalysableError before anything of this size is decoded or allocated."""
    if not (0 < rows <= MOST_ROWS and 0 < columns <= MOST_ROWS and frames > 0):
        raise NotAnalysableError(Refusal.TOO_LARGE, rows=rows, columns=columns, frames=frames)
    if frames * rows * columns > MOST_VOXELS:
        raise NotAnalysableError(Refusal.TOO_LARGE, rows=rows, columns=columns, frames=frames)


def has_hole(gaps_mm: NDArray[np.float64], thickness_mm: tuple[float | None, ...]) -> int | None:
    """Return the first slice behind which tissue was not seen, or None.

    Distances may change within a series (a base in 4 mm, a vertex in 7); what may not is that two neighbours, together,
    are much thinner than the way between them. Where thickness is unknown, the usual distance stands for it.
    """
    usual = float(np.median(gaps_mm))
    for index, (gap, (one, two)) in enumerate(zip(gaps_mm, pairwise(thickness_mm), strict=True)):
        if gap > 1.5 * ((one or usual) + (two or usual)) / 2:
            return index
    return None
