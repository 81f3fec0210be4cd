"""Small DICOM files made here: whole ones, and those that somebody cut, swelled or made up."""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

SIDE = 16
CT = UID("1.2.840.10008.5.1.4.1.1.2")
HTJ2K = UID("1.2.840.10008.1.2.4.201")
JPEG_2000 = UID("1.2.840.10008.1.2.4.90")
DEFLATE = UID("1.2.840.10008.1.2.1.99")


@dataclass
class Pictures:
    """One study's files; every one has another number and another picture."""

    patient_id: str = ""
    accession_number: str = ""
    study: str = field(default_factory=generate_uid)
    series: str = field(default_factory=generate_uid)

    def dataset(self, number: int = 1, **said: Any) -> Dataset:
        """Return a CT slice as a data set; `said` replaces what it says of itself."""
        made = Dataset()
        made.file_meta = FileMetaDataset()
        made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        made.SOPClassUID, made.SOPInstanceUID = CT, generate_uid()
        made.StudyInstanceUID, made.SeriesInstanceUID = self.study, self.series
        made.PatientID, made.PatientName = self.patient_id, "Kim^Minsu"
        made.AccessionNumber, made.StudyDate = self.accession_number, "20260302"
        made.Modality, made.BodyPartExamined, made.InstanceNumber = "CT", "HEAD", number
        made.SeriesNumber, made.RescaleSlope, made.RescaleIntercept = 1, 1, -1024
        made.Rows = made.Columns = SIDE
        made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
        made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 16, 12, 11, 0
        made.PixelData = pixels(number)
        for name, value in said.items():
            setattr(made, name, value)
        return made

    def file(self, number: int = 1, **said: Any) -> bytes:
        """Return a slice as a file."""
        return written(self.dataset(number, **said))


def pixels(number: int) -> bytes:
    """Return a picture that no other number has."""
    return np.full((SIDE, SIDE), number, dtype="<u2").tobytes()


def written(dataset: Dataset, syntax: UID = ExplicitVRLittleEndian) -> bytes:
    """Return a data set as the bytes of a file."""
    dataset.file_meta.TransferSyntaxUID = syntax
    file = BytesIO()
    dataset.save_as(file, enforce_file_format=True)
    return file.getvalue()


def stream(columns: int = SIDE, rows: int = SIDE) -> bytes:
    """Return a JPEG 2000 code stream that says how large it is, and holds next to nothing."""
    size = struct.pack(">HH8IH", 41, 0, columns, rows, 0, 0, columns, rows, 0, 0, 1) + b"\x0b\x01\x01"
    return b"\xff\x4f\xff\x51" + size + b"\0" * 40 + b"\xff\xd9"


def encapsulated(of: Pictures, frame: bytes, syntax: UID = HTJ2K) -> bytes:
    """Return a file whose one frame is written down as `frame`."""
    made = of.dataset()
    made.file_meta.TransferSyntaxUID = syntax
    made.PixelData = encapsulate([frame])
    made["PixelData"].VR = "OB"
    return written(made, syntax)


def without_pixels(of: Pictures) -> bytes:
    """Return a CT slice that has no picture."""
    made = of.dataset()
    del made.PixelData
    return written(made)


def bomb(of: Pictures, megabytes: int = 100) -> bytes:
    """Return a deflated file of a hundredth of what it unpacks to."""
    plain = of.dataset()
    plain.file_meta.TransferSyntaxUID = DEFLATE
    made = BytesIO()
    plain.save_as(made, enforce_file_format=True)
    whole = made.getvalue()
    # The header stays as it was written; what follows it is replaced by noughts that swell.
    length = struct.unpack("<I", whole[140:144])[0]
    packed = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return whole[: 144 + length] + b"".join(
        [*(packed.compress(b"\0" * 1_000_000) for _ in range(megabytes)), packed.flush()]
    )


Made = Callable[[Pictures], bytes]
# By name: what is wrong with it, and the reason that is said.
HOSTILE: dict[str, tuple[Made, str]] = {
    "empty": (lambda _: b"", "empty"),
    "random": (lambda _: bytes(range(256)) * 40, "not-dicom"),
    "a web page": (lambda _: b"<!DOCTYPE html><title>404</title>" + b" " * 400, "not-dicom"),
    "a preamble and no more": (lambda _: b"\0" * 128 + b"DICM", "transfer-syntax"),
    "cut in the header": (lambda of: of.file()[:600], "no-identity"),
    "cut in the picture": (lambda of: of.file()[:-100], "cut-off"),
    "60000 x 60000": (lambda of: of.file(Rows=60_000, Columns=60_000), "too-large"),
    "a million frames": (lambda of: of.file(NumberOfFrames="1000000"), "too-large"),
    "frames that are none": (lambda of: of.file(NumberOfFrames="-3"), "no-pixels"),
    "no picture": (without_pixels, "no-pixels"),
    "half a stream": (lambda of: encapsulated(of, stream()[:50]), "cut-off"),
    "a stream of another size": (lambda of: encapsulated(of, stream(8000, 8000), JPEG_2000), "cut-off"),
    "half a file with a stream": (lambda of: encapsulated(of, stream())[:-30], "cut-off"),
    "a bomb": (bomb, "transfer-syntax"),
    "no number of its own": (lambda of: of.file(StudyInstanceUID="../../etc/passwd"), "no-identity"),
}
