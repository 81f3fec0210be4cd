"""All frames of one file as renditions, one at a time in memory. Imported late: numpy, pydicom and the codecs."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final
from uuid import uuid4

import structlog
from pydicom.dataset import Dataset

from app.core.observability import metrics
from app.imaging import part10
from app.imaging.decoding import Layout, decode
from app.imaging.renditions.coding import NotMadeError, written
from app.imaging.renditions.places import DRAFT, LEFT_ALONE, LeftAlone, folder, instance_folder, place_of
from app.imaging.rules import MIB, At, NotTakenError

log = structlog.get_logger(__name__)

# What a modality has already written with a loss would only grow, and look as if nothing were missing.
LOSSLESS: Final = frozenset(
    {
        "1.2.840.10008.1.2",
        "1.2.840.10008.1.2.1",
        "1.2.840.10008.1.2.4.57",
        "1.2.840.10008.1.2.4.70",
        "1.2.840.10008.1.2.4.80",
        "1.2.840.10008.1.2.4.90",
        "1.2.840.10008.1.2.4.201",
        "1.2.840.10008.1.2.4.202",
        "1.2.840.10008.1.2.5",
    }
)
GREY: Final = frozenset({"MONOCHROME1", "MONOCHROME2"})
DEPTHS: Final = frozenset({8, 16})
# Encoding and looking again take about four times a frame; a mammogram has 27 MiB.
MOST_FRAME_BYTES: Final = 64 * MIB
# What a codec or a reader raises for bytes that it does not understand; a full disk is no such thing.
UNREADABLE: Final = tuple(one for one in part10.FAULTS if one is not OSError)
# The web server in front reads the files by its group, and nobody else does.
FOLDER_MODE, FILE_MODE = 0o750, 0o640


def write(at: At, content: bytes, *, is_over: Callable[[], bool]) -> bool:
    """Write what is missing of a file's frames; False where the time was over before all were there.

    What cannot be made is left alone, counted and said beside it. Raise OSError where nothing can be written.
    """
    try:
        return _write(at, content, is_over)
    except (NotMadeError, NotTakenError, *UNREADABLE) as error:
        log.warning("rendition_not_made", instance=at.instance, reason=str(error)[:80])
        _leave_alone(at, LeftAlone.CODEC)
        return True


def _write(at: At, content: bytes, is_over: Callable[[], bool]) -> bool:
    header, frames = part10.frames(content)
    layout = Layout.of(header)
    if (why := _left_alone(header, layout)) is not None:
        _leave_alone(at, why)
        return True
    syntax = str(header.file_meta.TransferSyntaxUID)
    for number, frame in enumerate(frames, start=1):
        place = place_of(at, number)
        if place.is_file():
            continue
        if is_over():
            return False
        _keep(place, written(decode(frame, syntax, layout)))
        metrics.RENDITIONS.labels("made").inc()
    return True


def _left_alone(header: Dataset, layout: Layout) -> LeftAlone | None:
    if layout.samples != 1 or header.get("PhotometricInterpretation") not in GREY:
        return LeftAlone.COLOUR
    if layout.bits_allocated not in DEPTHS:
        return LeftAlone.DEPTH
    if str(header.file_meta.TransferSyntaxUID) not in LOSSLESS:
        return LeftAlone.LOSSY
    if layout.rows * layout.columns * layout.bits_allocated // 8 > MOST_FRAME_BYTES:
        return LeftAlone.LARGE
    return None


def _leave_alone(at: At, why: LeftAlone) -> None:
    metrics.RENDITIONS.labels(str(why)).inc()
    _keep(instance_folder(at) / LEFT_ALONE, why.encode())


def _keep(place: Path, content: bytes) -> None:
    """Write a file beside its place and give it its name when it is whole, also after a power cut."""
    folder().mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = place.with_name(f"{uuid4().hex}{DRAFT}")
    try:
        with draft.open("xb") as file:
            os.fchmod(file.fileno(), FILE_MODE)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(place)
    finally:
        draft.unlink(missing_ok=True)
