"""Where renditions lie, and what one looks like as a file: an answer of WADO-RS, ready to be sent as it is."""

import hashlib
import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from app import settings
from app.core import clock
from app.imaging.rules import At, is_uid

TRANSFER_SYNTAX: Final = "1.2.840.10008.1.2.4.201"
# Constant, for the files outlive the process; a codestream that holds it is not kept.
BOUNDARY: Final = "annae-frame-7c1f0b0d9f5e4b6f"
CONTENT_TYPE: Final = f'multipart/related; type="image/jphc"; boundary={BOUNDARY}'
HEAD: Final = f"--{BOUNDARY}\r\nContent-Type: image/jphc; transfer-syntax={TRANSFER_SYNTAX}\r\n\r\n".encode()
TAIL: Final = f"\r\n--{BOUNDARY}--\r\n".encode()
NAME: Final = "renditions"
SUFFIX: Final = ".jphc"
DRAFT: Final = ".draft"
DRAFT_SECONDS: Final = 3600
# Beside the frames of an instance, or instead of them: why some or all of it has no rendition.
LEFT_ALONE: Final = "left-alone"


class LeftAlone(StrEnum):
    """Why an instance has no rendition: its originals are handed out."""

    COLOUR = "colour"
    DEPTH = "depth"
    LOSSY = "lossy"
    LARGE = "large"
    CODEC = "codec"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """How many frames have a rendition, and how many instances were left alone."""

    frames: int
    left_alone: int


def folder() -> Path:
    """Return where all renditions lie: `var/renditions`."""
    return settings.current().var_dir / NAME


def address_of(at: At, frame: int) -> str | None:
    """Return where the file of a frame lies within the folder of all, the first frame is 1.

    None where there is none, and the archive's own is handed out. Asked with every frame, so text and no paths: making
    those took longer than the look at the disk.
    """
    if not all(map(is_uid, (at.study, at.series, at.instance))):
        return None
    within = f"{_study(at.study)}/{at.series}/{at.instance}/{frame}{SUFFIX}"
    return within if os.path.isfile(f"{settings.current().var_dir}/{NAME}/{within}") else None  # noqa: PTH113


def place_of(at: At, frame: int) -> Path:
    """Return where a frame's file lies, or would; UIDs are digits and dots, so none leads out of the folder."""
    return instance_folder(at) / f"{frame}{SUFFIX}"


def instance_folder(at: At) -> Path:
    """Return the folder of an instance's frames."""
    return folder() / _study(at.study) / at.series / at.instance


def is_done(at: At, frames: int) -> bool:
    """Whether all frames of an instance are there, or it is known why not."""
    kept = instance_folder(at)
    if not kept.is_dir():
        return False
    names = {one.name for one in kept.iterdir()}
    return LEFT_ALONE in names or sum(name.endswith(SUFFIX) for name in names) >= frames


def remove(study: str) -> None:
    """Take away all that was made of a study, and what was said of it."""
    shutil.rmtree(folder() / _study(study), ignore_errors=True)


def try_again(at: At) -> None:
    """Forget that a codec has failed for an instance."""
    marker = instance_folder(at) / LEFT_ALONE
    if marker.is_file() and marker.read_text() == LeftAlone.CODEC:
        marker.unlink(missing_ok=True)


def sweep_drafts() -> None:
    """Take away what somebody who was stopped has left half written; what is young may still be worked on."""
    before = clock.utcnow().timestamp() - DRAFT_SECONDS
    for draft in folder().rglob(f"*{DRAFT}"):
        with suppress(FileNotFoundError):
            if draft.stat().st_mtime < before:
                draft.unlink()


def count() -> Counted:
    """Walk through all folders and count."""
    frames = left_alone = 0
    for _, _, names in os.walk(folder()):
        frames += sum(name.endswith(SUFFIX) for name in names)
        left_alone += LEFT_ALONE in names
    return Counted(frames=frames, left_alone=left_alone)


def _study(study: str) -> str:
    """Return where a study's folder lies, in one of 256: a year's studies in one are slow to look through."""
    return f"{hashlib.sha256(study.encode()).hexdigest()[:2]}/{study}"
