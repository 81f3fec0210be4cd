"""Pure rules of imaging: what is taken over and what is not, how much is too much, which addresses the archive has."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from app.core.words import N_, SEPARATOR

MIB: Final = 1024 * 1024
MOST_FILE_BYTES: Final = 256 * MIB
MOST_PIXEL_BYTES: Final = 1024 * MIB  # decoded, all frames together
MOST_SIDE: Final = 16_384
MOST_FRAMES: Final = 4_096
LONGEST_UID: Final = 64
# DICOM's SH: what an AccessionNumber may hold.
ACCESSION_DIGITS: Final = 16
MOST_FRAMES_ASKED: Final = 64

_UID: Final = re.compile(r"[0-9]+(?:\.[0-9]+)+", re.ASCII)


class Family(StrEnum):
    """How the pixels of a transfer syntax are written down."""

    NATIVE = "native"
    JPEG = "jpeg"
    JPEG_LS = "jpeg-ls"
    JPEG_2000 = "jpeg-2000"
    RLE = "rle"


# What is not here is not taken. Deflate is left out on purpose: 400 kB of it made 400 MB (measured).
TRANSFER_SYNTAXES: Final[Mapping[str, Family]] = {
    "1.2.840.10008.1.2": Family.NATIVE,
    "1.2.840.10008.1.2.1": Family.NATIVE,
    "1.2.840.10008.1.2.4.50": Family.JPEG,
    "1.2.840.10008.1.2.4.51": Family.JPEG,
    "1.2.840.10008.1.2.4.57": Family.JPEG,
    "1.2.840.10008.1.2.4.70": Family.JPEG,
    "1.2.840.10008.1.2.4.80": Family.JPEG_LS,
    "1.2.840.10008.1.2.4.81": Family.JPEG_LS,
    "1.2.840.10008.1.2.4.90": Family.JPEG_2000,
    "1.2.840.10008.1.2.4.91": Family.JPEG_2000,
    "1.2.840.10008.1.2.4.201": Family.JPEG_2000,
    "1.2.840.10008.1.2.4.202": Family.JPEG_2000,
    "1.2.840.10008.1.2.4.203": Family.JPEG_2000,
    "1.2.840.10008.1.2.5": Family.RLE,
}
# Documents beside pictures: reports, presentation states, key images.
WITHOUT_PIXELS: Final = frozenset({"SR", "PR", "KO", "DOC", "REG", "RTSTRUCT"})


@dataclass(frozen=True, slots=True)
class Window:
    """Which values become black and white: `width` of them around `centre` (PS3.3 C.11.2.1.2)."""

    centre: float
    width: float


# In Hounsfield units, so for CT alone; the usual ones of head CT.
WINDOWS: Final[Mapping[str, Window]] = {
    "brain": Window(40, 80),
    "subdural": Window(80, 200),
    "bone": Window(480, 2500),
}
HOUNSFIELD: Final = frozenset({"CT"})


class Reason(StrEnum):
    """Why a file is not taken over."""

    EMPTY = "empty"
    NOT_DICOM = "not-dicom"
    UNREADABLE = "unreadable"
    TRANSFER_SYNTAX = "transfer-syntax"
    TOO_LARGE = "too-large"
    NO_IDENTITY = "no-identity"
    NO_PIXELS = "no-pixels"
    CUT_OFF = "cut-off"
    OTHER_PIXELS = "other-pixels"
    OTHER_HEADER = "other-header"
    OTHER_PLACE = "other-place"
    OTHER_PATIENT = "other-patient"
    ARCHIVE_REFUSED = "archive-refused"
    ARCHIVE_DIFFERS = "archive-differs"


SENTENCES: Final[Mapping[Reason, str]] = {
    Reason.EMPTY: N_("The file is empty."),
    Reason.NOT_DICOM: N_("This is no DICOM file."),
    Reason.UNREADABLE: N_("The file cannot be read as DICOM."),
    Reason.TRANSFER_SYNTAX: N_("Its pixels are written down in a way that is not taken over."),
    Reason.TOO_LARGE: N_("The picture is larger than what is taken over."),
    Reason.NO_IDENTITY: N_("It does not say which study, series and picture it is."),
    Reason.NO_PIXELS: N_("It holds no picture, or was cut off before it."),
    Reason.CUT_OFF: N_("The picture is damaged or was cut off."),
    Reason.OTHER_PIXELS: N_("Another picture is kept under the same number already."),
    Reason.OTHER_HEADER: N_("The same picture is kept already, with another description."),
    Reason.OTHER_PLACE: N_("Its series or its number belongs to another study already."),
    Reason.OTHER_PATIENT: N_("Its study belongs to another patient already."),
    Reason.ARCHIVE_REFUSED: N_("The image archive has refused it."),
    Reason.ARCHIVE_DIFFERS: N_("The image archive gives back something else than it was given."),
}


class Unmatched(StrEnum):
    """Why nobody knows yet whose a study is."""

    NO_PATIENT = "no-patient"
    TWO_PATIENTS = "two-patients"  # its order is another patient's


UNMATCHED_SENTENCES: Final[Mapping[Unmatched, str]] = {
    Unmatched.NO_PATIENT: N_("No patient here has this number."),
    Unmatched.TWO_PATIENTS: N_("The patient and the order it names are not the same person's."),
}


# What a sender is told whose file is kept by nobody here: neither taken over nor set aside.
TURNED_AWAY: Final = N_(
    "The quarantine is full, so this file is not kept here. Please keep it and send it again."
)

# Why a series has no measures, by the words of the models (app/inference/errors.py).
REFUSALS: Final[Mapping[str, str]] = {
    "not-ct": N_("This is no CT."),
    "not-head": N_("These are no pictures of a head."),
    "contrast": N_("Contrast agent was given."),
    "rescale-invalid": N_("The pictures do not say how their values become Hounsfield units."),
    "spacing-unknown": N_("The pictures do not say how large their pixels are."),
    "not-axial": N_("The slices do not lie across the body."),
    "too-few-slices": N_("There are too few slices."),
    "missing-slices": N_("Slices are missing."),
    "duplicate-slices": N_("Slices are there twice."),
    "mixed-series": N_("Pictures of several kinds are in one series."),
    "too-large": N_("The series is larger than what is measured."),
    "unreadable": N_("The pictures cannot be read."),
    "brain-volume": N_("What lies inside the bone is not the size of a brain."),
    "head-cut-off": N_("The upper end of the head is missing."),
    "wrong-shape": N_("The pictures do not have the shape that the model asks for."),
    "wrong-modality": N_("The model was not made for this kind of pictures."),
    "wrong-body-part": N_("The model was not made for this part of the body."),
}
# Made from pictures, as what the house measures is: no news for who measures.
DERIVED: Final = frozenset({"SEG"})
MOST_SERIES_BYTES: Final = 1024 * MIB


class NotTakenError(Exception):
    """A file that is not taken over; `detail` is what a technician needs besides, never a patient's data."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(str(reason))
        self.reason, self.detail = reason, detail

    @property
    def sentence(self) -> str:
        """Return what is kept: a msgid, and the detail behind the separator."""
        said = SENTENCES[self.reason]
        return f"{said}{SEPARATOR}{self.detail}" if self.detail else said


@dataclass(frozen=True, slots=True, kw_only=True)
class At:
    """Where one instance stands, by the UIDs of its study, its series and itself."""

    study: str
    series: str
    instance: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How large the pixels of an instance are, as its header says."""

    rows: int
    columns: int
    frames: int
    samples: int
    bits: int

    @property
    def frame_bytes(self) -> int:
        """Return what one frame takes when it is written down plainly."""
        return (self.rows * self.columns * self.samples * self.bits + 7) // 8

    @property
    def all_bytes(self) -> int:
        """Return what all frames take."""
        return (self.rows * self.columns * self.samples * self.bits * self.frames + 7) // 8


def is_analysed(modality: str) -> bool:
    """Whether a model is asked about such pictures; documents and what was made from pictures are none."""
    return modality not in DERIVED | WITHOUT_PIXELS


def is_uid(said: str) -> bool:
    """Whether this is a UID: digits and dots, at most 64; so it may be part of a path."""
    return len(said) <= LONGEST_UID and _UID.fullmatch(said) is not None


def check_shape(shape: Shape) -> None:
    """Look at the figures before anything is made that large. Raise NotTakenError."""
    if min(shape.rows, shape.columns, shape.frames, shape.samples, shape.bits) < 1:
        raise NotTakenError(Reason.NO_PIXELS, f"{shape.columns} x {shape.rows} x {shape.frames}")
    if (
        max(shape.rows, shape.columns) > MOST_SIDE
        or shape.frames > MOST_FRAMES
        or shape.all_bytes > MOST_PIXEL_BYTES
    ):
        raise NotTakenError(Reason.TOO_LARGE, f"{shape.columns} x {shape.rows} x {shape.frames}")


def family_of(transfer_syntax: str) -> Family:
    """Return how its pixels are written down. Raise NotTakenError for what is not on the list."""
    found = TRANSFER_SYNTAXES.get(transfer_syntax)
    if found is None:
        raise NotTakenError(
            Reason.TRANSFER_SYNTAX, transfer_syntax[:LONGEST_UID] if is_uid(transfer_syntax) else ""
        )
    return found


def accession_number(order_id: UUID) -> str:
    """Return the number under which an order is known at the modality: 64 bit of its id, as DICOM's SH holds them."""
    return order_id.hex[:ACCESSION_DIGITS].upper()


def orders_by_accession(said: str) -> tuple[UUID, UUID] | None:
    """Return the first and the last id that an order with this number may have; None where it is none of ours."""
    digits = said.strip().replace("-", "").lower()
    if not re.fullmatch(rf"[0-9a-f]{{{ACCESSION_DIGITS}}}|[0-9a-f]{{32}}", digits, re.ASCII):
        return None
    rest = 32 - len(digits)
    return UUID(digits + "0" * rest), UUID(digits + "f" * rest)


class Part(StrEnum):
    """What of a study may be asked for over DICOMweb."""

    SERIES_LIST = "series"
    INSTANCE_LIST = "instances"
    METADATA = "metadata"
    CONTENT = "content"
    FRAMES = "frames"
    RENDERED = "rendered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A DICOMweb address that may be asked, taken apart; its study decides who may."""

    part: Part
    study: str
    series: str | None = None
    instance: str | None = None
    frames: tuple[int, ...] = ()


_UID_PART: Final = r"[0-9.]{1,64}"
_DICOMWEB: Final = re.compile(
    rf"studies/(?P<study>{_UID_PART})"
    r"(?:/(?P<list>series|instances)|/(?P<study_part>metadata)"
    rf"|/series/(?P<series>{_UID_PART})"
    r"(?:/(?P<series_list>instances)|/(?P<series_part>metadata)"
    rf"|/instances/(?P<instance>{_UID_PART})"
    r"(?:/(?P<instance_part>metadata|rendered)|/frames/(?P<frames>[0-9,]{1,400})(?:/(?P<frame_part>rendered))?)?)?)?",
    re.ASCII,
)


def asked_of(path: str) -> Asked | None:
    """Take a path below `/dicom-web/` apart; None for everything that is not on the list.

    Left out on purpose: the list of all studies (ours to answer), `/series` and `/instances` of everybody, STOW, bulk
    data by address, and whatever else an archive offers.
    """
    found = _DICOMWEB.fullmatch(path)
    if found is None:
        return None
    uids = [found["study"], found["series"], found["instance"]]
    if not all(is_uid(uid) for uid in uids if uid is not None):
        return None
    frames: tuple[int, ...] = ()
    if found["frames"] is not None:
        said = found["frames"].split(",")
        if len(said) > MOST_FRAMES_ASKED or not all(one and 0 < int(one) <= MOST_FRAMES for one in said):
            return None
        frames = tuple(int(one) for one in said)
    return Asked(part=_part(found), study=found["study"], series=uids[1], instance=uids[2], frames=frames)


def _part(found: re.Match[str]) -> Part:
    if found["frame_part"] or found["instance_part"] == "rendered":
        return Part.RENDERED
    if found["frames"]:
        return Part.FRAMES
    if found["study_part"] or found["series_part"] or found["instance_part"]:
        return Part.METADATA
    if found["list"] == "series":
        return Part.SERIES_LIST
    if found["list"] or found["series_list"]:
        return Part.INSTANCE_LIST
    return Part.CONTENT
