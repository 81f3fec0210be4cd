"""What is to be measured: an array with what gives it meaning, or a series that is kept here."""

from typing import Annotated

from pydantic import BaseModel, Field

from app.web.api.asked.base import Asked

MOST_SLICES = 8192
ModelId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
ModelVersion = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
Uid = Annotated[str, Field(pattern=r"^[0-9.]{0,64}$")]
GivenUid = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)+$", max_length=64)]
Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9_ ]{0,32}$")]
# A head is 0.3 m long, and a table 2 m: longer lengths are typing errors, and overflow later.
Real = Annotated[float, Field(ge=-1e6, le=1e6, allow_inf_nan=False)]
Vector = tuple[Real, Real, Real]


class ModelWanted(Asked):
    """Which model; without a version the last one by name."""

    id: ModelId
    version: ModelVersion | None = None


class ModelAsked(BaseModel):
    """Which version of a model; without one the last by name."""

    version: ModelVersion | None = None


class StudyRef(Asked):
    """A series that is kept here."""

    study_instance_uid: GivenUid
    series_instance_uid: GivenUid


class VolumeSaid(Asked):
    """Without which a number of the array would mean nothing; DICOM's words, lengths in mm, a slice each in order."""

    modality: Annotated[str, Field(pattern=r"^[A-Z]{2,16}$")]
    body_part: Code = ""
    contrast: bool | None = None
    pixel_spacing_mm: tuple[Real, Real]
    positions_mm: Annotated[tuple[Vector, ...], Field(min_length=1, max_length=MOST_SLICES)]
    orientation: tuple[Real, Real, Real, Real, Real, Real]
    thickness_mm: Annotated[tuple[Real | None, ...], Field(max_length=MOST_SLICES)] = ()
    slope: Real | None
    intercept: Real | None
    study_instance_uid: Uid = ""
    series_instance_uid: Uid = ""
    sop_instance_uids: Annotated[tuple[Uid, ...], Field(max_length=MOST_SLICES)] = ()


class Measuring(Asked):
    """Which model measures what; `masks`: give back where each label lies, as packed bits."""

    model: ModelWanted | None = None
    metadata: VolumeSaid | None = None
    masks: bool = False


class MeasureWanted(Measuring):
    """`image_array` (slices by rows by columns, 2 MB at most) with its `metadata`, or a `study_ref`: one of them."""

    image_array: list[list[list[int | float]]] | None = None
    study_ref: StudyRef | None = None


class MeasureForm(Asked):
    """The two parts: `request` as JSON with the `metadata`, and the array as a `.npy` (application/x-npy)."""

    request: Measuring
    image_array: Annotated[bytes, Field(json_schema_extra={"contentMediaType": "application/x-npy"})]
