"""What a codec gives back is what the modality wrote: every depth, every sign, every way of writing it down."""

import imagecodecs
import numpy as np
import pytest
from imagecodecs import (
    htj2k_encode,
    jpeg2k_decode,
    jpeg2k_encode,
    jpeg8_encode,
    jpegls_encode,
)
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import get_frame
from pydicom.pixels.utils import compress
from pydicom.uid import ExplicitVRLittleEndian, RLELossless

from app.imaging import part10
from app.imaging.decoding import Layout, decode, within_stored
from app.imaging.renditions import coding
from app.imaging.renditions.places import BOUNDARY, HEAD, TAIL

SHAPE = (37, 53)
# What is kept of a value, how many of its bits are meant, and the smallest and largest of them.
DEPTHS = {
    "unsigned 8": ("<u1", 8, 0, 255),
    "signed 8": ("<i1", 8, -128, 127),
    "unsigned 12 in 16": ("<u2", 12, 0, 4095),
    "signed 12 in 16": ("<i2", 12, -2048, 2047),
    "unsigned 16": ("<u2", 16, 0, 65_535),
    "signed 16": ("<i2", 16, -32_768, 32_767),
}
NATIVE, RLE = str(ExplicitVRLittleEndian), str(RLELossless)
JPEG_LOSSLESS, JPEG_LS, JPEG_2000, HTJ2K = (f"1.2.840.10008.1.2.4.{number}" for number in (70, 80, 90, 201))


def noise(depth: str, shape: tuple[int, ...] = SHAPE) -> NDArray[np.generic]:
    """Return every kind of value there is, the smallest and the largest included."""
    kept, _, least, most = DEPTHS[depth]
    made = np.random.default_rng(1).integers(least, most, shape, endpoint=True).astype(kept)
    made.flat[:2] = least, most
    return made


def layout(depth: str, **said: int | bool) -> Layout:
    kept, meant, *_ = DEPTHS[depth]
    dtype = np.dtype(kept)
    values = {
        "rows": SHAPE[0],
        "columns": SHAPE[1],
        "samples": 1,
        "bits_allocated": dtype.itemsize * 8,
        "bits_stored": meant,
        "is_signed": dtype.kind == "i",
        "is_planar": False,
    }
    return Layout(**{**values, **said})  # type: ignore[arg-type]


def unsigned(values: NDArray[np.generic], bits: int) -> NDArray[np.generic]:
    """Return the values as codecs take them that know no sign: the stored bits, and noughts above."""
    plain = values.view(f"<u{values.itemsize}")
    meant: NDArray[np.generic] = plain & np.array(2**bits - 1, dtype=plain.dtype)
    return meant


def by_rle(values: NDArray[np.generic], of: Layout) -> bytes:
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.SOPClassUID, made.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.7", "1.2.3"
    made.Rows, made.Columns, made.SamplesPerPixel = of.rows, of.columns, of.samples
    made.PhotometricInterpretation = "MONOCHROME2" if of.samples == 1 else "RGB"
    if of.samples > 1:
        made.PlanarConfiguration = 0
    made.BitsAllocated, made.BitsStored, made.HighBit = of.bits_allocated, of.bits_stored, of.bits_stored - 1
    made.PixelRepresentation = int(of.is_signed)
    made.PixelData = values.tobytes()
    compress(made, RLELossless)
    return get_frame(made.PixelData, 0, number_of_frames=1)


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_rendition_is_the_original_bit_for_bit(depth):
    values = noise(depth)
    file = coding.written(values)
    assert file.startswith(HEAD)
    assert file.endswith(TAIL)
    stream = file.removeprefix(HEAD).removesuffix(TAIL)
    again = decode(stream, HTJ2K, layout(depth))
    assert again.tobytes() == values.tobytes()
    # Another codec than the one that wrote it reads the same.
    assert jpeg2k_decode(stream).tobytes() == values.tobytes()


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (3, 2), (513, 2)])
def test_no_frame_is_too_small_for_it(shape):
    values = noise("signed 16", shape) if np.prod(shape) > 1 else np.array([[-5]], dtype="<i2")
    stream = coding.written(values).removeprefix(HEAD).removesuffix(TAIL)
    assert jpeg2k_decode(stream).reshape(shape).tobytes() == values.tobytes()


def test_a_rendition_says_by_itself_where_it_ends():
    file = coding.written(noise("unsigned 16"))
    assert file.count(f"--{BOUNDARY}".encode()) == 2
    assert b"\r\nContent-Type: image/jphc; transfer-syntax=1.2.840.10008.1.2.4.201\r\n\r\n\xff\x4f" in file


FAULTY = {
    "cut short": lambda values: htj2k_encode(values, reversible=True)[:200],
    "another picture": lambda values: htj2k_encode(values ^ 1, reversible=True),
    "with a loss": lambda values: htj2k_encode(values, level=0.05, reversible=False),
    "another depth": lambda values: htj2k_encode(values.astype("u1"), reversible=True),
    "nothing": lambda _: b"",
}


@pytest.mark.parametrize("way", FAULTY)
def test_a_codec_that_fails_makes_no_rendition(way, monkeypatch):
    monkeypatch.setattr(imagecodecs, "htj2k_encode", lambda values, **_: FAULTY[way](values))
    with pytest.raises(coding.NotMadeError):
        coding.written(noise("unsigned 16"))


@pytest.mark.parametrize("depth", DEPTHS)
def test_every_way_of_writing_without_loss_is_read(depth):
    values, of = noise(depth), layout(depth)
    plain = unsigned(values, of.bits_stored)
    jpeg = jpeg8_encode(plain, lossless=True, bitspersample=of.bits_stored)
    ways = {
        NATIVE: values.tobytes(),
        RLE: by_rle(values, of),
        JPEG_LOSSLESS: jpeg,
        JPEG_LS: jpegls_encode(plain),
        JPEG_2000: jpeg2k_encode(values, level=0, codecformat="j2k", reversible=True),
        HTJ2K: bytes(htj2k_encode(values, reversible=True)),
    }
    for syntax, frame in ways.items():
        found = decode(bytes(frame), syntax, of)
        assert found.dtype == values.dtype, syntax
        assert found.tobytes() == values.tobytes(), syntax


@pytest.mark.parametrize("syntax", [NATIVE, RLE])
@pytest.mark.parametrize("is_planar", [False, True])
def test_colours_come_back_as_pixels(syntax, is_planar):
    values = noise("unsigned 8", (*SHAPE, 3))
    of = layout("unsigned 8", samples=3, is_planar=is_planar)
    lying = values.transpose(2, 0, 1) if is_planar and syntax == NATIVE else values
    frame = np.ascontiguousarray(lying).tobytes() if syntax == NATIVE else by_rle(values, of)
    assert np.array_equal(decode(bytes(frame), syntax, of), values)


def test_bits_above_the_stored_ones_are_no_part_of_a_value():
    """An overlay that somebody hid there twenty years ago must not turn tissue into bone."""
    values = noise("signed 12 in 16")
    spoilt = ((values.view("<u2") & 0x0FFF) | 0x5000).view("<i2")
    assert np.array_equal(within_stored(spoilt, layout("signed 12 in 16")), values)


def larger(frame: bytes, start: bytes, at: int, figures: bytes) -> bytes:
    """Let a stream say that it is larger than the header of its file."""
    place = frame.index(start) + at
    return frame[:place] + figures + frame[place + len(figures) :]


def test_a_frame_that_swells_is_refused_before_room_is_made(peak_megabytes):
    of, values = layout("unsigned 8"), noise("unsigned 8")
    huge = (30_000).to_bytes(2, "big") * 2
    lossless = larger(bytes(jpeg8_encode(values, lossless=True)), b"\xff\xc3", 5, huge)
    ls = larger(bytes(jpegls_encode(values)), b"\xff\xf7", 5, huge)
    baseline = larger(bytes(jpeg8_encode(values)), b"\xff\xc0", 5, huge)
    two = larger(
        bytes(jpeg2k_encode(values, level=0, codecformat="j2k")),
        b"\xff\x51",
        6,
        (30_000).to_bytes(4, "big") * 2,
    )
    before = peak_megabytes()
    for frame, syntax in (
        (lossless, JPEG_LOSSLESS),
        (baseline, "1.2.840.10008.1.2.4.50"),
        (ls, JPEG_LS),
        (two, JPEG_2000),
        (two, HTJ2K),
        (by_rle(np.zeros((370, 530), dtype="u1"), layout("unsigned 8", rows=370, columns=530)), RLE),
        (values.tobytes()[:-1], NATIVE),
    ):
        with pytest.raises(part10.FAULTS):
            decode(bytes(frame), syntax, of)
    assert peak_megabytes() - before < 64


@pytest.fixture
def peak_megabytes():
    resource = pytest.importorskip("resource")
    return lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
