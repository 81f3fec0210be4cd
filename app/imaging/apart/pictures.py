"""Files of one series as a volume; imported late, behind the limits of its process."""

from collections.abc import Iterable, Sequence
from io import BytesIO
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from app.imaging import decoding, part10
from app.imaging.rules import Family, NotTakenError, family_of
from app.inference import reading
from app.inference.errors import NotAnalysableError, Refusal
from app.inference.volume import Volume, check_size


def volume_of(files: Iterable[Path]) -> Volume:
    """Return the volume of a series. Raise NotAnalysableError by name, before anything too large is decoded."""
    paths = list(files)
    try:
        headers = [_header(path) for path in paths]
        for one in headers:
            check_size(len(headers), int(one.Rows), int(one.Columns))
        return reading.volume_of([_decoded(path) for path in paths])
    except NotTakenError as error:
        raise NotAnalysableError(Refusal.UNREADABLE, why=str(error.reason)) from error
    except MemoryError as error:
        raise NotAnalysableError(Refusal.TOO_LARGE, frames=len(paths)) from error
    except part10.FAULTS as error:
        raise NotAnalysableError(Refusal.UNREADABLE, why=type(error).__name__) from error


def in_order(volume: Volume, files: Sequence[Path]) -> list[Dataset]:
    """Return the headers of a volume's pictures in its order."""
    headers = {str(one.SOPInstanceUID): one for one in map(_header, files)}
    return [headers[uid] for uid in volume.sop_instance_uids]


def _header(path: Path) -> Dataset:
    return dcmread(path, stop_before_pixels=True)


def _decoded(path: Path) -> Dataset:
    """Return a picture with its pixels written down plainly, whatever codec they came in."""
    content = path.read_bytes()
    dataset = dcmread(BytesIO(content))
    syntax = str(dataset.file_meta.TransferSyntaxUID)
    if family_of(syntax) is not Family.NATIVE and int(dataset.get("NumberOfFrames") or 1) == 1:
        frame, _ = part10.frame(content, 1)
        values = decoding.decode(frame, syntax, decoding.Layout.of(dataset))
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.PixelData = values.tobytes()
        dataset["PixelData"].VR = "OW"
    return dataset
