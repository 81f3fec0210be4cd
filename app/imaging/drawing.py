"""One frame as a picture for a screen: rescaled, windowed, made smaller. Imported late: numpy, pydicom, the codecs.

No figure of a header is believed: what is no number, or makes none, is as if it were not there.
"""

from collections.abc import Iterator
from math import isfinite
from typing import Any, Final

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.pixels.processing import apply_color_lut, convert_color_space

from app.imaging.decoding import BITS_OF_A_BYTE, Layout, Values, decode, within_stored
from app.imaging.rules import Family, Window, family_of

MOST_SIDE: Final = 1024
WHITE: Final = 255
FAST: Final = 1
# Their decoders leave colours as they are written down; the others' give RGB.
AS_WRITTEN: Final = frozenset({Family.NATIVE, Family.RLE, Family.JPEG_LS})

# Of what is oblique no one letter tells the side.
MOSTLY: Final = 0.7
POINTS_A_LETTER: Final = 170
# Where each axis of the patient leads to, and where it comes from (PS3.3 C.7.6.1.1.1).
SIDES: Final = (("L", "R"), ("P", "A"), ("H", "F"))
LETTERS: Final = {
    name: np.array([[int(point) for point in row] for row in rows.split()], dtype=np.uint8)
    for name, rows in {
        "L": "10000 10000 10000 10000 10000 10000 11111",
        "R": "11110 10001 10001 11110 10100 10010 10001",
        "P": "11110 10001 10001 11110 10000 10000 10000",
        "A": "01110 10001 10001 11111 10001 10001 10001",
        "H": "10001 10001 10001 11111 10001 10001 10001",
        "F": "11111 10000 10000 11110 10000 10000 10000",
    }.items()
}

Shades = NDArray[np.uint8]
Reals = NDArray[np.float32]


def png(header: Dataset, frame: bytes, number: int, window: Window | None) -> bytes:
    """Return a frame as PNG, at most 1024 to a side; without a window the file's own, else its smallest to its largest.

    Raise one of `part10.FAULTS` for what is no picture.
    """
    layout = Layout.of(header)
    syntax = str(header.file_meta.TransferSyntaxUID)
    values = decode(frame, syntax, layout)
    if layout.samples > 1 or header.get("PhotometricInterpretation") == "PALETTE COLOR":
        shades = _colours(header, values, layout, family_of(syntax))
    else:
        shades = _greys(header, _smaller(within_stored(_thinned(values), layout)), number, window)
    _mark_sides(shades, header, number)
    return bytes(imagecodecs.png_encode(np.ascontiguousarray(shades), level=FAST))


def _greys(header: Dataset, values: Reals, number: int, window: Window | None) -> Shades:
    slope = _said(header, number, "PixelValueTransformationSequence", "RescaleSlope")
    shift = _said(header, number, "PixelValueTransformationSequence", "RescaleIntercept")
    real = values * np.float32(1.0 if slope is None else slope) + np.float32(shift or 0.0)
    shades = _windowed(real, window or _own(header, number) or _whole(real))
    return WHITE - shades if header.get("PhotometricInterpretation") == "MONOCHROME1" else shades


def _windowed(values: Reals, window: Window) -> Shades:
    """Let the window's values run from black to white (PS3.3 C.11.2.1.2.1, LINEAR)."""
    if window.width <= 1:
        share = (values > window.centre - 0.5).astype(np.float32)
    else:
        share = (values - (window.centre - 0.5)) / (window.width - 1) + 0.5
    return np.rint(np.clip(share, 0, 1) * WHITE).astype(np.uint8)


def _own(header: Dataset, number: int) -> Window | None:
    centre = _said(header, number, "FrameVOILUTSequence", "WindowCenter")
    width = _said(header, number, "FrameVOILUTSequence", "WindowWidth")
    return None if centre is None or width is None or width < 1 else Window(centre, width)


def _whole(values: Reals) -> Window:
    least, most = float(values.min()), float(values.max())
    return Window((least + most + 1) / 2, most - least + 1)


def _said(header: Dataset, number: int, group: str, name: str) -> float | None:
    """Return a figure of the file, or of this frame of it (PS3.3 C.7.6.16); of several the first, None for none."""
    for place in (header, *_groups(header, number, group)):
        value = place.get(name)
        first = (value[0] if value else None) if isinstance(value, MultiValue) else value
        if first is not None and isfinite(float(first)):
            return float(first)
    return None


def _groups(header: Dataset, number: int, group: str) -> Iterator[Dataset]:
    each, shared = (
        header.get("PerFrameFunctionalGroupsSequence"),
        header.get("SharedFunctionalGroupsSequence"),
    )
    for functions in ((each or ())[number - 1 : number], (shared or ())[:1]):
        for one in functions:
            yield from (one.get(group) or ())[:1]


def _colours(header: Dataset, values: Values, layout: Layout, family: Family) -> Shades:
    if layout.samples == 1:
        values = apply_color_lut(values, header)
        unused = values.dtype.itemsize * BITS_OF_A_BYTE - BITS_OF_A_BYTE
    else:
        unused = layout.bits_stored - BITS_OF_A_BYTE
    shades = (values >> max(0, unused)).astype(np.uint8)
    if family in AS_WRITTEN and str(header.PhotometricInterpretation).startswith("YBR_FULL"):
        shades = convert_color_space(shades, "YBR_FULL", "RGB")
    return np.rint(_smaller(_thinned(shades))).astype(np.uint8)


def _mark_sides(shades: Shades, header: Dataset, number: int) -> None:
    """Write at both edges which side of the patient this is: a head turned over looks like any other."""
    along = _direction(header, number)
    size = max(1, shades.shape[1] // POINTS_A_LETTER)
    if along is None or min(shades.shape[:2]) < 4 * LETTERS["R"].shape[0] * size:
        return
    axis = int(np.argmax(np.abs(along)))
    towards, away = SIDES[axis] if along[axis] > 0 else SIDES[axis][::-1]
    for side, is_right in ((towards, True), (away, False)):
        letter = np.kron(np.pad(LETTERS[side], 1), np.ones((size, size), dtype=np.uint8)) * WHITE
        high, wide = letter.shape
        top = (shades.shape[0] - high) // 2
        left = shades.shape[1] - wide - size if is_right else size
        part = shades[top : top + high, left : left + wide]
        part[...] = letter if shades.ndim == 2 else letter[..., None]  # noqa: PLR2004 - grey, not colours


def _direction(header: Dataset, number: int) -> Reals | None:
    """Return where the rows run to in the patient: to the left, the back, the head (PS3.3 C.7.6.2.1.1)."""
    places = (header, *_groups(header, number, "PlaneOrientationSequence"))
    said = next((found for one in places if (found := one.get("ImageOrientationPatient"))), None)
    if said is None or len(said) != 6:  # noqa: PLR2004 - two directions in space
        return None
    along = np.array([float(one) for one in said[:3]], dtype=np.float32)
    return along if np.isfinite(along).all() and np.abs(along).max() > MOSTLY else None


def _thinned(values: Values) -> Values:
    """Leave out rows and columns of what is very large, so that no second copy of it is made."""
    step = max(1, max(values.shape[:2]) // (2 * MOST_SIDE))
    return values[::step, ::step]


def _smaller(values: Values) -> Reals:
    """Return what fits the screen: each point is the mean of those that it stands for."""
    reals: Any = values
    longest = max(values.shape[:2])
    for axis in (0, 1):
        had = values.shape[axis]
        wanted = max(1, had * MOST_SIDE // longest) if longest > MOST_SIDE else had
        if wanted < had:
            starts = np.arange(wanted) * had // wanted
            counts = np.diff(starts, append=had).reshape(
                [-1 if one == axis else 1 for one in range(values.ndim)]
            )
            reals = np.add.reduceat(reals, starts, axis=axis, dtype=np.float64) / counts
    small: Reals = np.asarray(reals, dtype=np.float32)
    return small
