"""The built-in measurement of a plain head CT: what lies inside the bone, how much is dense, how the halves differ.

Classical arithmetic, no learning: bone closed to a ring per slice, its inside filled; dense parts of 55 to 95 HU above
half a millilitre; the picture against its mirror image. It measures. It has no sensitivity or specificity to quote:
on a real head without a known bleed it finds 12.6 mL of dense tissue, most of it near the vertex.
"""

from dataclasses import dataclass
from math import atan2, cos, degrees, sin

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from app.inference import guards
from app.inference.findings import Findings, Measure, Region
from app.inference.volume import Volume

Reals = NDArray[np.float32]
Mask = NDArray[np.bool_]

# Slices are measured in pixels of about this width: noise averages out, and time does not depend on the matrix.
GRID_MM = 0.9
BONE_HU = 200.0
SOFT_HU = (-5.0, 100.0)
DENSE_HU = (55.0, 95.0)
CSF_HU = (-5.0, 18.0)
LEAST_ML = 0.5
# Gaps in the ring (sutures, foramina) are narrower than twice this; necks to the orbits than twice the second.
CLOSE_MM, OPEN_MM = 6.0, 3.0
# Bone blurs into what touches it.
RIM_MM = 2.0
SMOOTH_MM = 0.9
# Lateral ventricles lie at least this far inside; furrows do not.
CENTRAL_MM = 22.0
LEAST_CSF_ML = 2.0


@dataclass(frozen=True, slots=True)
class _Grid:
    """The volume in coarser pixels: smoothed HU, millilitres of a voxel per slice, and how coarse."""

    units: Reals
    voxel_ml: NDArray[np.float64]
    pixel_mm: tuple[float, float]
    factor: tuple[int, int]

    def ml(self, mask: Mask) -> float:
        return float(mask.sum(axis=(1, 2)) @ self.voxel_ml)


def measure(volume: Volume) -> Findings:
    """Return brain volume, dense volume with its regions, and differences of the halves. Raise NotAnalysableError."""
    guards.check_head_ct(volume)
    grid = _grid(volume)
    brain = _brain(grid)
    guards.check_brain(grid.ml(brain))
    guards.check_whole(brain)
    middle = _Middle.of(brain, grid.pixel_mm)
    # Of the two ends of a row, the one that its direction points to is the patient's left, if it points left.
    left = middle.beyond(brain.shape[1:]) * (1 if volume.orientation[0] > 0 else -1)
    depth = np.stack([_away(~ndimage.binary_fill_holes(plane), grid.pixel_mm) for plane in brain])
    regions, dense = _dense(volume, grid, brain, depth, left)
    halves = grid.ml(brain & (left > 0)), grid.ml(brain & (left < 0))
    measures = [
        Measure("brain-volume", round(grid.ml(brain), 1), "mL"),
        Measure("brain-mean", round(float(grid.units[brain].mean()), 1), "[hnsf'U]"),
        Measure("dense-volume", round(_sum(regions, "left") + _sum(regions, "right"), 2), "mL"),
        Measure("dense-volume-left", round(_sum(regions, "left"), 2), "mL"),
        Measure("dense-volume-right", round(_sum(regions, "right"), 2), "mL"),
        Measure("half-difference", round(halves[0] - halves[1], 1), "mL"),
        Measure("mirror-difference", round(middle.mirror_difference(grid.units, brain), 2), "[hnsf'U]"),
        Measure("axis-turn", round(middle.turn_degrees, 1), "deg"),
    ]
    if (offset := _csf_offset(grid, depth, left)) is not None:
        measures.append(Measure("csf-offset-left", round(offset, 1), "mm"))
    return Findings(
        measures=tuple(measures),
        regions=regions,
        masks={"brain": _fine(brain, grid, volume.shape), "dense": _fine(dense, grid, volume.shape)},
    )


def _grid(volume: Volume) -> _Grid:
    """Average blocks of pixels, slice by slice, so that no second copy of the whole volume is made."""
    down, along = (max(1, round(GRID_MM / length)) for length in volume.pixel_spacing_mm)
    rows, columns = volume.shape[1] // down, volume.shape[2] // along
    units = np.empty((len(volume.stored), rows, columns), dtype=np.float32)
    pixel = (volume.pixel_spacing_mm[0] * down, volume.pixel_spacing_mm[1] * along)
    sigma = [SMOOTH_MM / length for length in pixel]
    for index in range(len(units)):
        plane = np.clip(volume.units(index)[: rows * down, : columns * along], -1024, 3071)
        units[index] = ndimage.gaussian_filter(
            plane.reshape(rows, down, columns, along).mean(axis=(1, 3)), sigma
        )
    return _Grid(units, volume.extents_mm * pixel[0] * pixel[1] / 1000, pixel, (down, along))


def _away(mask: Mask, pixel_mm: tuple[float, float]) -> Reals:
    """Return the distance in mm to a mask; infinite where there is none. Its time does not grow with the reach."""
    if not mask.any():
        return np.full(mask.shape, np.inf, dtype=np.float32)
    away: Reals = ndimage.distance_transform_edt(~mask, sampling=pixel_mm).astype(np.float32)
    return away


def _brain(grid: _Grid) -> Mask:
    """Return the largest connected soft part inside closed bone."""
    soft = np.zeros(grid.units.shape, dtype=bool)
    for index, plane in enumerate(grid.units):
        bone = plane > BONE_HU
        if not bone.any():
            continue
        away = _away(bone, grid.pixel_mm)
        closed = (_away(away > CLOSE_MM, grid.pixel_mm) > CLOSE_MM) | bone
        inside = ndimage.binary_fill_holes(closed) & (away > RIM_MM)
        part = inside & (plane > SOFT_HU[0]) & (plane < SOFT_HU[1])
        core = _away(~part, grid.pixel_mm) > OPEN_MM
        soft[index] = (_away(core, grid.pixel_mm) <= OPEN_MM) & part
    labels, count = ndimage.label(soft)
    if not count:
        return soft
    sizes = ndimage.sum_labels(
        np.broadcast_to(grid.voxel_ml[:, None, None], soft.shape), labels, range(1, count + 1)
    )
    brain: Mask = labels == int(np.argmax(sizes)) + 1
    for index, plane in enumerate(brain):
        bone = grid.units[index] > BONE_HU
        whole = (_away(plane, grid.pixel_mm) <= RIM_MM) & ~bone
        brain[index] = ndimage.binary_fill_holes(plane | (whole & (grid.units[index] < SOFT_HU[1]))) & ~bone
    return brain


@dataclass(frozen=True, slots=True)
class _Middle:
    """The line that parts the halves, the same in every slice: a point (mm), and how far it is turned (radians)."""

    y: float
    x: float
    turn: float
    pixel_mm: tuple[float, float]

    @classmethod
    def of(cls, brain: Mask, pixel_mm: tuple[float, float]) -> "_Middle":
        """Lay the line along the longer axis of the brain's shadow: a head is longer than wide."""
        shadow = brain.sum(axis=0).astype(np.float64)
        rows, columns = np.indices(shadow.shape)
        y, x = rows * pixel_mm[0], columns * pixel_mm[1]
        weight = shadow / shadow.sum()
        my, mx = float((y * weight).sum()), float((x * weight).sum())
        yy = float((weight * (y - my) ** 2).sum())
        xx = float((weight * (x - mx) ** 2).sum())
        xy = float((weight * (y - my) * (x - mx)).sum())
        return cls(my, mx, 0.5 * atan2(2 * xy, yy - xx), pixel_mm)

    @property
    def turn_degrees(self) -> float:
        """How far the head is turned in the picture."""
        return degrees(self.turn)

    def beyond(self, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """Return the signed distance in mm from the line: positive at the ends of the rows."""
        rows, columns = np.indices(shape)
        y, x = rows * self.pixel_mm[0] - self.y, columns * self.pixel_mm[1] - self.x
        distance: NDArray[np.float64] = x * cos(self.turn) - y * sin(self.turn)
        return distance

    def mirror_difference(self, units: Reals, brain: Mask) -> float:
        """Return the mean absolute difference between tissue and what lies opposite."""
        rows, columns = np.indices(brain.shape[1:])
        away = 2 * self.beyond(brain.shape[1:])
        opposite = np.stack(
            [
                rows + away * sin(self.turn) / self.pixel_mm[0],
                columns - away * cos(self.turn) / self.pixel_mm[1],
            ]
        )
        total, count = 0.0, 0
        for plane, part in zip(units, brain, strict=True):
            if not part.any():
                continue
            there = ndimage.map_coordinates(plane, opposite, order=1, mode="nearest")
            both = part & (ndimage.map_coordinates(part.astype(np.float32), opposite, order=1) > 0.5)  # noqa: PLR2004
            total += float(np.abs(plane[both] - there[both]).sum())
            count += int(both.sum())
        return total / max(count, 1)


def _dense(
    volume: Volume, grid: _Grid, brain: Mask, depth: Reals, left: NDArray[np.float64]
) -> tuple[tuple[Region, ...], Mask]:
    """Return the dense parts, largest first, and where they lie."""
    clear = depth > RIM_MM
    seeds = clear & (grid.units >= DENSE_HU[0]) & (grid.units <= DENSE_HU[1])
    labels, _ = ndimage.label(seeds)
    kept = np.zeros_like(brain)
    regions: list[Region] = []
    level = float(np.median(grid.units[brain]))
    for number, tight in enumerate(ndimage.find_objects(labels), start=1):
        seed = labels[tight] == number
        # By the seed: what reaches half a millilitre only with its edge is noise.
        if seed.sum(axis=(1, 2)) @ grid.voxel_ml[tight[0]] < LEAST_ML:
            continue
        box = tuple(slice(max(0, one.start - 1), one.stop + 1) for one in tight)
        part = _grown(labels[box] == number, grid.units[box], clear[box] & ~kept[box], level)
        volume_ml = float(part.sum(axis=(1, 2)) @ grid.voxel_ml[box[0]])
        kept[box] |= part
        layers = np.flatnonzero(part.any(axis=(1, 2))) + box[0].start
        z, y, x = (one + at.start for one, at in zip(ndimage.center_of_mass(part), box, strict=True))
        halves = np.broadcast_to(left[box[1], box[2]], part.shape)[part]
        fine = ((y + 0.5) * grid.factor[0] - 0.5, (x + 0.5) * grid.factor[1] - 0.5)
        place = volume.place_mm((z, *fine))
        regions.append(
            Region(
                label="dense",
                volume_ml=round(volume_ml, 2),
                mean=round(float(grid.units[box][part].mean()), 1),
                centre_mm=(round(float(place[0]), 1), round(float(place[1]), 1), round(float(place[2]), 1)),
                first_slice=int(layers[0]),
                last_slice=int(layers[-1]),
                side="left" if float(halves.mean()) > 0 else "right",
            )
        )
    return tuple(sorted(regions, key=lambda one: (-one.volume_ml, one.centre_mm))), kept


def _grown(seed: Mask, units: Reals, allowed: Mask, around: float) -> Mask:
    """Return a dense part with its edge: by one voxel, down to the value half-way between it and its surroundings.

    Where it fills half of a voxel it shows half of its density; 55 HU alone would lose a third of 2 mL in 5 mm slices.
    """
    half = (float(np.median(units[seed])) + around) / 2
    near = ndimage.binary_dilation(seed, structure=np.ones((3, 3, 3)))
    grown: Mask = seed | (near & allowed & (units >= half) & (units <= DENSE_HU[1]))
    return grown


def _sum(regions: tuple[Region, ...], side: str) -> float:
    return sum((one.volume_ml for one in regions if one.side == side), 0.0)


def _csf_offset(grid: _Grid, depth: Reals, left: NDArray[np.float64]) -> float | None:
    """Return how far to the patient's left the fluid deep inside lies on average, in mm; None where there is little."""
    csf = depth > CENTRAL_MM
    csf &= (grid.units >= CSF_HU[0]) & (grid.units <= CSF_HU[1])
    if grid.ml(csf) < LEAST_CSF_ML:
        return None
    weights = csf * grid.voxel_ml[:, None, None]
    return float((weights * left[None]).sum() / weights.sum())


def _fine(mask: Mask, grid: _Grid, shape: tuple[int, int, int]) -> Mask:
    """Return a mask in the pixels of the pictures."""
    fine = np.zeros(shape, dtype=bool)
    large = mask.repeat(grid.factor[0], axis=1).repeat(grid.factor[1], axis=2)
    fine[:, : large.shape[1], : large.shape[2]] = large
    return fine
