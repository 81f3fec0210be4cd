"""One DICOM file, read as if it came from an enemy: nothing is unpacked, nothing decoded, no figure believed.

Imported late: pydicom takes 60 ms and 20 MB that a page does not need.
"""

import hashlib
import struct
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from typing import Any, Final

from pydicom import config, dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames, get_frame
from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_dataset
from pydicom.tag import BaseTag

from app.imaging.rules import (
    MOST_FILE_BYTES,
    WITHOUT_PIXELS,
    At,
    Family,
    NotTakenError,
    Reason,
    Shape,
    check_shape,
    family_of,
    is_uid,
)

# What people write into headers is kept as it is; we judge only what we use.
config.settings.reading_validation_mode = config.IGNORE

PREAMBLE_BYTES: Final = 132
META_GROUP: Final = 0x0002
PIXEL_DATA: Final = 0x7FE00010
LARGEST_IN_METADATA: Final = 1024
MOST_READS: Final = 100_000
# Everything that pydicom 3 was seen to raise for files that somebody had cut, mixed up or invented.
FAULTS: Final = (
    InvalidDicomError,
    ValueError,
    AttributeError,
    KeyError,
    IndexError,
    TypeError,
    RuntimeError,
    NotImplementedError,
    MemoryError,
    EOFError,
    OSError,
    struct.error,
)
# pydicom only warns of it, and gives back what it had: often nothing.
CUT: Final = "End of file reached"
# One file at a time in a process: what it may need of memory is what one file needs; and warnings are the process's.
_reading = threading.Lock()
JPEG_START, JPEG_END = b"\xff\xd8", b"\xff\xd9"
JPEG_2000_START: Final = b"\xff\x4f\xff\x51"
RLE_HEADER_BYTES: Final = 64


class _Bounded(BytesIO):
    """A file that is read in so many pieces and no more, however deep they lie.

    Eight bytes are an element, and a megabyte of empty ones took pydicom two seconds.
    """

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self._left = MOST_READS

    def read(self, size: int | None = -1, /) -> bytes:
        """Read a piece. Raise NotTakenError."""
        self._left -= 1
        if self._left < 0:
            raise NotTakenError(Reason.UNREADABLE, f"> {MOST_READS}")
        return super().read(size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What a file says of itself, as far as the house needs it; `pixel_sha256` is None for a document."""

    at: At
    sha256: str
    pixel_sha256: str | None
    size_bytes: int
    transfer_syntax: str
    sop_class_uid: str
    shape: Shape | None
    patient_id: str
    issuer: str
    accession_number: str
    modality: str
    body_part: str
    study_description: str
    series_description: str
    study_date: date | None
    series_number: int | None
    instance_number: int | None


def read(content: bytes) -> Picture:
    """Return what a file is. Raise NotTakenError, whatever the file is."""
    if not content:
        raise NotTakenError(Reason.EMPTY)
    if len(content) > MOST_FILE_BYTES:
        raise NotTakenError(Reason.TOO_LARGE, f"{len(content)} bytes")
    if content[128:PREAMBLE_BYTES] != b"DICM":
        raise NotTakenError(Reason.NOT_DICOM)
    try:
        with _reading, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.filterwarnings("error", message=CUT)
            return _picture(content)
    except Warning as error:
        raise NotTakenError(Reason.CUT_OFF) from error
    except FAULTS as error:
        raise NotTakenError(Reason.UNREADABLE, type(error).__name__) from error


def frame(content: bytes, number: int) -> tuple[bytes, str]:
    """Return one frame as it is written down, the first is 1, and its transfer syntax. Raise IndexError."""
    dataset, found = with_frame(content, number)
    return found, str(dataset.file_meta.TransferSyntaxUID)


def with_frame(content: bytes, number: int) -> tuple[Dataset, bytes]:
    """Return a file's header, and one frame as it is written down; the first is 1. Raise IndexError."""
    dataset = dcmread(BytesIO(content))
    shape = _shape(dataset)
    if not 1 <= number <= shape.frames:
        raise IndexError(number)
    if family_of(str(dataset.file_meta.TransferSyntaxUID)) is Family.NATIVE:
        start = (number - 1) * shape.frame_bytes
        return dataset, bytes(dataset.PixelData[start : start + shape.frame_bytes])
    return dataset, get_frame(dataset.PixelData, number - 1, number_of_frames=shape.frames)


def frames(content: bytes) -> tuple[Dataset, Iterator[bytes]]:
    """Return a file's header, and its frames as they are written down, one after the other."""
    dataset = dcmread(BytesIO(content))
    shape = _shape(dataset)
    if family_of(str(dataset.file_meta.TransferSyntaxUID)) is not Family.NATIVE:
        return dataset, generate_frames(dataset.PixelData, number_of_frames=shape.frames)
    pixels, size = memoryview(dataset.PixelData), shape.frame_bytes
    return dataset, (bytes(pixels[one * size : (one + 1) * size]) for one in range(shape.frames))


def metadata(content: bytes) -> dict[str, Any]:
    """Return a file's header as DICOM JSON, without pixels and whatever else is long (PS3.18 F.2)."""
    dataset = dcmread(BytesIO(content), stop_before_pixels=True)
    found: dict[str, Any] = dataset.to_json_dict(
        bulk_data_threshold=LARGEST_IN_METADATA,
        bulk_data_element_handler=lambda _: "",
        suppress_invalid_tags=True,
    )
    return found


def _picture(content: bytes) -> Picture:
    # pydicom unpacks deflate before anybody is asked, so the syntax is read before the rest is.
    file = _Bounded(content)
    file.seek(PREAMBLE_BYTES)
    meta = read_dataset(file, is_implicit_VR=False, is_little_endian=True, stop_when=_after_meta)
    syntax = _text(meta, "TransferSyntaxUID")
    family = family_of(syntax)
    dataset = dcmread(_Bounded(content))
    at = At(
        study=_text(dataset, "StudyInstanceUID"),
        series=_text(dataset, "SeriesInstanceUID"),
        instance=_text(dataset, "SOPInstanceUID"),
    )
    sop_class = _text(dataset, "SOPClassUID")
    if not all(map(is_uid, (at.study, at.series, at.instance, sop_class))):
        raise NotTakenError(Reason.NO_IDENTITY)
    modality = _code(dataset, "Modality", 16)
    shape, pixels = None, None
    if PIXEL_DATA in dataset or modality not in WITHOUT_PIXELS:
        shape = _shape(dataset)
        check_shape(shape)
        pixels = _pixels(dataset)
        CHECKS[family](pixels, shape)
    return Picture(
        at=at,
        sha256=hashlib.sha256(content).hexdigest(),
        pixel_sha256=None if pixels is None else hashlib.sha256(pixels).hexdigest(),
        size_bytes=len(content),
        transfer_syntax=syntax,
        sop_class_uid=sop_class,
        shape=shape,
        patient_id=_text(dataset, "PatientID")[:64],
        issuer=_text(dataset, "IssuerOfPatientID")[:64],
        accession_number=_text(dataset, "AccessionNumber")[:64],
        modality=modality,
        body_part=_text(dataset, "BodyPartExamined")[:32],
        study_description=_text(dataset, "StudyDescription")[:64],
        series_description=_text(dataset, "SeriesDescription")[:64],
        study_date=_date(_text(dataset, "StudyDate")),
        series_number=_number(dataset, "SeriesNumber"),
        instance_number=_number(dataset, "InstanceNumber"),
    )


def _after_meta(tag: BaseTag, _vr: str | None, _length: int) -> bool:
    return tag.group != META_GROUP


def _shape(dataset: Dataset) -> Shape:
    frames = _number(dataset, "NumberOfFrames")
    return Shape(
        rows=_number(dataset, "Rows") or 0,
        columns=_number(dataset, "Columns") or 0,
        # Absent or empty is one picture (PS3.3 C.7.6.6); a nought is none.
        frames=1 if frames is None else frames,
        samples=_number(dataset, "SamplesPerPixel") or 1,
        bits=_number(dataset, "BitsAllocated") or 0,
    )


def _pixels(dataset: Dataset) -> bytes:
    if PIXEL_DATA not in dataset:
        raise NotTakenError(Reason.NO_PIXELS)
    value = dataset[PIXEL_DATA].value
    if not isinstance(value, bytes) or not value:
        raise NotTakenError(Reason.NO_PIXELS)
    return value


def _check_native(pixels: bytes, shape: Shape) -> None:
    """Count the bytes: one more than needed is a pad, fewer is a picture without its end."""
    if len(pixels) - shape.all_bytes not in {0, 1}:
        raise NotTakenError(Reason.CUT_OFF, f"{len(pixels)} / {shape.all_bytes} bytes")


def _check_each(pixels: bytes, shape: Shape, is_whole: Callable[[bytes, Shape], bool]) -> None:
    count = 0
    for one in generate_frames(pixels, number_of_frames=shape.frames):
        count += 1
        if count > shape.frames or not is_whole(one, shape):
            raise NotTakenError(Reason.CUT_OFF, f"{count} / {shape.frames}")
    if count != shape.frames:
        raise NotTakenError(Reason.CUT_OFF, f"{count} / {shape.frames}")


def _is_whole_jpeg(one: bytes, _shape: Shape) -> bool:
    return one.startswith(JPEG_START) and one.rstrip(b"\0").endswith(JPEG_END)


def _is_whole_jpeg_2000(one: bytes, shape: Shape) -> bool:
    """Compare what the code stream says of its size (SIZ, ISO 15444-1 A.5.1): decoders believe it and make room."""
    if not one.startswith(JPEG_2000_START) or not one.rstrip(b"\0").endswith(JPEG_END):
        return False
    width, height, left, top = struct.unpack(">4I", one[8:24])
    (components,) = struct.unpack(">H", one[40:42])
    return (width - left, height - top, components) == (shape.columns, shape.rows, shape.samples)


def _is_whole_rle(one: bytes, shape: Shape) -> bool:
    """Compare the table of segments (PS3.5 G.5): one for each byte of a pixel, each beginning inside the frame."""
    if len(one) <= RLE_HEADER_BYTES:
        return False
    count, *starts = struct.unpack("<16L", one[:RLE_HEADER_BYTES])
    used = starts[:count]
    return count == shape.samples * ((shape.bits + 7) // 8) and used == sorted(used) and used[-1] < len(one)


CHECKS: Final[dict[Family, Callable[[bytes, Shape], None]]] = {
    Family.NATIVE: _check_native,
    Family.JPEG: lambda pixels, shape: _check_each(pixels, shape, _is_whole_jpeg),
    Family.JPEG_LS: lambda pixels, shape: _check_each(pixels, shape, _is_whole_jpeg),
    Family.JPEG_2000: lambda pixels, shape: _check_each(pixels, shape, _is_whole_jpeg_2000),
    Family.RLE: lambda pixels, shape: _check_each(pixels, shape, _is_whole_rle),
}


def _text(dataset: Dataset, name: str) -> str:
    value = dataset.get(name)
    return "" if value is None else "".join(filter(str.isprintable, str(value))).strip()


def _code(dataset: Dataset, name: str, longest: int) -> str:
    said = _text(dataset, name)
    return said[:longest] if said.isascii() else ""


def _number(dataset: Dataset, name: str) -> int | None:
    """Return a whole number; None for nothing, and for what is no number where that does no harm."""
    value = dataset.get(name)
    with suppress(ValueError, TypeError):
        found = int(str(value))
        return found if abs(found) < 2**31 else 2**31 - 1
    return None


def _date(said: str) -> date | None:
    with suppress(ValueError):
        return datetime.strptime(said, "%Y%m%d").date()  # noqa: DTZ007 - a day on the modality's wall
    return None
