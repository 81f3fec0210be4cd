"""What a model eats and what its answer means, as its card says; the same wherever the model runs."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from app.inference import guards
from app.inference.cards import Card, Tensor
from app.inference.errors import ModelRefusedError, NotAnalysableError, Refusal
from app.inference.findings import Findings, Measure, Region
from app.inference.volume import MOST_VOXELS, Volume

_RANK = 3


def check(card: Card, volume: Volume) -> None:
    """Raise NotAnalysableError for another modality, another part of the body, or units that cannot be had."""
    if volume.modality != card.modality:
        raise NotAnalysableError(Refusal.WRONG_MODALITY, modality=volume.modality)
    if volume.body_part and volume.body_part.upper() != card.body_part.upper():
        raise NotAnalysableError(Refusal.WRONG_BODY_PART, body_part=volume.body_part)
    guards.check_spacing(volume)
    if card.input.units == "HU":
        guards.check_rescale(volume)


def prepare(tensor: Tensor, volume: Volume) -> NDArray[np.float32]:
    """Return the model's input: units, window, spacing and shape as its card says."""
    planes = [
        volume.units(index) if tensor.units == "HU" else volume.stored[index].astype(np.float32)
        for index in range(len(volume.stored))
    ]
    if tensor.window is not None:
        center, width = tensor.window
        planes = [np.clip((one - (center - width / 2)) / width, 0, 1).astype(np.float32) for one in planes]
    block = np.stack(planes)
    if tensor.spacing_mm is not None:
        block = _resampled(block, volume, tensor.spacing_mm)
    if any(said not in (None, have) for said, have in zip(tensor.shape[-_RANK:], block.shape, strict=True)):
        raise NotAnalysableError(Refusal.WRONG_SHAPE, shape=str(block.shape))
    return np.ascontiguousarray(
        block.reshape((1,) * (len(tensor.shape) - _RANK) + block.shape), dtype=np.float32
    )


def _resampled(
    block: NDArray[np.float32], volume: Volume, spacing_mm: tuple[float, float, float]
) -> NDArray[np.float32]:
    """Return the block on an even grid. Slices stand at their true heights, so uneven distances become even."""
    heights = volume.heights_mm - volume.heights_mm[0]
    lengths = (
        heights[-1],
        *((n - 1) * mm for n, mm in zip(block.shape[1:], volume.pixel_spacing_mm, strict=True)),
    )
    counts = [int(length / mm) + 1 for length, mm in zip(lengths, spacing_mm, strict=True)]
    if counts[0] * counts[1] * counts[2] > MOST_VOXELS:
        raise NotAnalysableError(Refusal.TOO_LARGE, frames=counts[0], rows=counts[1], columns=counts[2])
    z = np.interp(np.arange(counts[0]) * spacing_mm[0], heights, np.arange(len(heights)))
    y, x = (
        np.arange(n) * mm / own
        for n, mm, own in zip(counts[1:], spacing_mm[1:], volume.pixel_spacing_mm, strict=True)
    )
    rows, columns = np.meshgrid(y, x, indexing="ij")
    even = np.empty(counts, dtype=np.float32)
    for index, height in enumerate(z):
        low = min(int(height), len(block) - 2)
        share = np.float32(height - low)
        plane = (1 - share) * block[low] + share * block[low + 1]
        even[index] = ndimage.map_coordinates(plane, [rows, columns], order=1, mode="nearest")
    return even


def findings_of(card: Card, answer: NDArray[Any], volume: Volume) -> Findings:
    """Return what a model's first output says. Raise ModelRefusedError where its card promises something else."""
    if card.output == "scores":
        return _scores(card, answer)
    return _label_map(card, answer, volume)


def _scores(card: Card, answer: NDArray[Any]) -> Findings:
    numbers = answer.reshape(-1)
    if len(numbers) != len(card.labels) or not np.isfinite(numbers).all():
        raise ModelRefusedError(f"labels: {len(card.labels)}, and the model gave {answer.shape}")
    return Findings(
        measures=tuple(
            Measure(label, round(float(number), 4), "1")
            for label, number in zip(card.labels, numbers, strict=True)
        )
    )


def _label_map(card: Card, answer: NDArray[Any], volume: Volume) -> Findings:
    """Return a region for each label: 0 is background, 1 the first label. The map has the volume's own pixels."""
    if (
        answer.size != volume.stored.size
        or card.input.spacing_mm is not None
        or not np.isfinite(answer).all()
    ):
        raise ModelRefusedError(f"output: a label map of {answer.shape} does not lie on {volume.shape}")
    labels = np.rint(answer).astype(np.int32).reshape(volume.shape)
    row_mm, column_mm = volume.pixel_spacing_mm
    voxel_ml = volume.extents_mm * row_mm * column_mm / 1000
    regions, masks = [], {}
    for number, label in enumerate(card.labels, start=1):
        mask = labels == number
        masks[label] = mask
        if not mask.any():
            continue
        layers = np.flatnonzero(mask.any(axis=(1, 2)))
        z, y, x = ndimage.center_of_mass(mask)
        left, back, up = volume.place_mm((z, y, x))
        values = [volume.units(int(index))[mask[index]] for index in layers]
        regions.append(
            Region(
                label=label,
                volume_ml=round(float(mask.sum(axis=(1, 2)) @ voxel_ml), 2),
                mean=round(float(np.concatenate(values).mean()), 1),
                centre_mm=(round(left, 1), round(back, 1), round(up, 1)),
                first_slice=int(layers[0]),
                last_slice=int(layers[-1]),
            )
        )
    measures = tuple(Measure(f"{one.label}-volume", one.volume_ml, "mL") for one in regions)
    return Findings(measures=measures, regions=tuple(regions), masks=masks)
