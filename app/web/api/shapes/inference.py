"""Models and what they say: measurements, never a diagnosis."""

from typing import Annotated, Literal

from pydantic import Field

from app.web.api.shapes.base import Told

Vector = tuple[float, float, float]


class ModelRefShape(Told):
    """Which model, to the byte."""

    id: str
    version: str
    sha256: str


class MeasureShape(Told):
    """One number; the unit is UCUM's."""

    name: str
    text: Annotated[str, Field(description="the name for people, in the language of Accept-Language")]
    value: float
    unit: str


class RegionShape(Told):
    """One connected part. Slices count from 0 along the normal; the centre is the patient's (left, back, up)."""

    label: str
    volume_ml: float
    mean: float
    centre_mm: Vector
    first_slice: int
    last_slice: int
    side: str


class ResultShape(Told):
    """What a model says of a volume. `analysed: false` is an answer: not analysable is not the same as normal."""

    nature: Literal["measurement, not a diagnosis"]
    notice: Annotated[str, Field(description="the same for people, in the language of Accept-Language")]
    model: ModelRefShape
    study_instance_uid: str
    series_instance_uid: str
    input_sha256: Annotated[str, Field(description="of the volume; empty where the pictures make none")]
    analysed: bool
    refusal: str | None
    reason: Annotated[str | None, Field(description="the refusal for people")]
    details: dict[str, int | float | str]
    measures: list[MeasureShape]
    regions: list[RegionShape]
    masks: Annotated[dict[str, str], Field(description="sha256 of each label's mask")]
    mask_bits: Annotated[
        dict[str, str] | None,
        Field(description="each mask as bits in C order (numpy.packbits), zlib, base64; where asked for"),
    ]
    result_sha256: str


class WindowShape(Told):
    """What becomes 0…1."""

    center: float
    width: float


class TensorShape(Told):
    """What a model eats; null is any length."""

    name: str
    shape: list[int | None]
    units: str
    spacing_mm: Vector | None
    window: WindowShape | None


class ModelShape(Told):
    """A model's card."""

    id: str
    version: str
    sha256: str
    modality: str
    body_part: str
    input: TensorShape
    output: str
    labels: list[str]
    intended_use: str
    training_data: str
    licence: str


class RefusedModelShape(Told):
    """A file that is not used, and why."""

    name: str
    reason: str


class ModelsShape(Told):
    """The models that may be asked for."""

    models: list[ModelShape]
    refused: list[RefusedModelShape]


class ReadyShape(Told):
    """Whether this version would answer now."""

    id: str
    version: str
    ready: bool
