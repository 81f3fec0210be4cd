"""Stored values out of one frame, as the modality wrote them. Imported late: it brings numpy and the codecs.

What a header says is how much room is made: every codec is given an array of that size, and refuses another.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from app.imaging.rules import Family, family_of

Values = NDArray[Any]
BITS_OF_A_BYTE: Final = 8
SIGN_OF_COMPONENT: Final = 42  # of a JPEG 2000 code stream: SIZ's Ssiz, the first bit is the sign


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How the values of a frame are arranged, as its header says."""

    rows: int
    columns: int
    samples: int
    bits_allocated: int
    bits_stored: int
    is_signed: bool
    is_planar: bool

    @classmethod
    def of(cls, header: Dataset) -> "Layout":
        """Return the layout of a file. Raise one of `part10.FAULTS` for a header without it."""
        allocated = int(header.BitsAllocated)
        return cls(
            rows=int(header.Rows),
            columns=int(header.Columns),
            samples=int(header.get("SamplesPerPixel") or 1),
            bits_allocated=allocated,
            bits_stored=int(header.get("BitsStored") or allocated),
            is_signed=int(header.get("PixelRepresentation") or 0) == 1,
            is_planar=int(header.get("PlanarConfiguration") or 0) == 1,
        )

    @property
    def shape(self) -> tuple[int, ...]:
        """Return rows and columns, and samples where there are several."""
        return (self.rows, self.columns) if self.samples == 1 else (self.rows, self.columns, self.samples)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Return what one value is kept in. Raise ValueError for what is no whole number of bytes."""
        if self.bits_allocated not in {8, 16} or not 1 <= self.bits_stored <= self.bits_allocated:
            raise ValueError(f"{self.bits_stored} of {self.bits_allocated} bits")
        return np.dtype(f"<{'i' if self.is_signed else 'u'}{self.bits_allocated // BITS_OF_A_BYTE}")

    @property
    def coded_dtype(self) -> np.dtype[Any]:
        """Return what a codec that knows no sign gives back."""
        return np.dtype("u1" if self.bits_stored <= BITS_OF_A_BYTE else "u2")


def decode(frame: bytes, transfer_syntax: str, layout: Layout) -> Values:
    """Return a frame's stored values. Raise one of `part10.FAULTS`, or NotTakenError for another syntax."""
    return DECODERS[family_of(transfer_syntax)](frame, layout)


def within_stored(values: Values, layout: Layout) -> Values:
    """Return the values without what stands above their stored bits: old files keep overlays there."""
    unused = layout.bits_allocated - layout.bits_stored
    plain = values.astype(f"<u{layout.dtype.itemsize}") << unused
    shifted: Values = plain.view(layout.dtype) >> unused
    return shifted


def _native(frame: bytes, layout: Layout) -> Values:
    values = np.frombuffer(frame, dtype=layout.dtype, count=layout.rows * layout.columns * layout.samples)
    return _arranged(values, layout)


def _rle(frame: bytes, layout: Layout) -> Values:
    """Unpack segment by segment: the samples lie one behind the other, whatever the header says (PS3.5 G.2)."""
    room = bytearray(layout.rows * layout.columns * layout.samples * layout.dtype.itemsize)
    found = np.frombuffer(imagecodecs.dicomrle_decode(frame, layout.dtype, out=room), dtype=layout.dtype)
    return found.reshape(-1, layout.rows, layout.columns).transpose(1, 2, 0).reshape(layout.shape)


def _jpeg(frame: bytes, layout: Layout) -> Values:
    return _signed(imagecodecs.jpeg8_decode(frame, out=np.empty(layout.shape, layout.coded_dtype)), layout)


def _jpeg_ls(frame: bytes, layout: Layout) -> Values:
    return _signed(imagecodecs.jpegls_decode(frame, out=np.empty(layout.shape, layout.coded_dtype)), layout)


def _jpeg_2000(frame: bytes, layout: Layout) -> Values:
    """Decode what says itself whether its values have a sign; OpenJPEG reads HTJ2K as well."""
    sign, deep = frame[SIGN_OF_COMPONENT] >> 7, (frame[SIGN_OF_COMPONENT] & 0x7F) + 1
    room = np.empty(layout.shape, f"{'i' if sign else 'u'}{1 if deep <= BITS_OF_A_BYTE else 2}")
    return _signed(imagecodecs.jpeg2k_decode(frame, out=room), layout)


def _arranged(values: Values, layout: Layout) -> Values:
    if layout.samples > 1 and layout.is_planar:
        return values.reshape(layout.samples, layout.rows, layout.columns).transpose(1, 2, 0)
    return values.reshape(layout.shape)


def _signed(values: Values, layout: Layout) -> Values:
    """Give values the sign that their codec did not know: the highest stored bit is minus."""
    if not layout.is_signed or values.dtype.kind == "i":
        return values.astype(layout.dtype, copy=False)
    return within_stored(values, layout)


DECODERS: Final[Mapping[Family, Callable[[bytes, Layout], Values]]] = {
    Family.NATIVE: _native,
    Family.JPEG: _jpeg,
    Family.JPEG_LS: _jpeg_ls,
    Family.JPEG_2000: _jpeg_2000,
    Family.RLE: _rle,
}
