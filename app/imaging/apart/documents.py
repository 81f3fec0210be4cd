"""What a model measured as DICOM: a segmentation, and a structured report by TID 1500, unverified and preliminary.

The same result gives the same bytes and numbers, so that who was stopped in the middle stores nothing twice. Imported
late, by the process that measures: highdicom brings numpy and 60 MB.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING, Final
from uuid import UUID

import numpy as np
from highdicom import AlgorithmIdentificationSequence
from highdicom.seg import Segmentation, SegmentDescription
from highdicom.sr import (
    AlgorithmIdentification,
    CodedConcept,
    Comprehensive3DSR,
    DeviceObserverIdentifyingAttributes,
    Measurement,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    ObservationContext,
    ObserverContext,
    ReferencedSegment,
    SourceSeriesForSegmentation,
    TrackingIdentifier,
    VolumetricROIMeasurementsAndQualitativeEvaluations,
)
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from app.imaging.apart.reader import Written
from app.inference.findings import Measure, ModelRef, Result

if TYPE_CHECKING:
    from app.inference.findings import Masks

MANUFACTURER: Final = "Annae"
SEGMENTATION, REPORT = "segmentation", "report"
NUMBERS: Final[Mapping[str, int]] = {SEGMENTATION: 9001, REPORT: 9002}
SCHEME: Final = "99ANNAE"
CODE_LENGTH: Final = 16  # DICOM's SH
ANATOMY: Final = CodedConcept("123037004", "SCT", "Anatomical Structure")
# Where something lies says nothing about what it is: no label of ours names a disease.
PLACE: Final = CodedConcept("309825002", "SCT", "Spatial and Relational Concept")
KNOWN: Final[Mapping[str, tuple[CodedConcept, CodedConcept]]] = {
    "brain": (ANATOMY, CodedConcept("12738006", "SCT", "Brain")),
}
# May be empty, but not absent (type 2); files without a patient leave them out.
NEVER_ABSENT: Final = (
    "AccessionNumber",
    "PatientBirthDate",
    "PatientID",
    "PatientName",
    "PatientSex",
    "ReferringPhysicianName",
    "StudyDate",
    "StudyID",
    "StudyTime",
)


def written(key: str, result: Result, slices: Sequence[Dataset], *, at: datetime) -> Written:
    """Return a result's documents; `slices` are the volume's pictures in its order, `at` is what both say of time."""
    for one in slices:
        for name in NEVER_ABSENT:
            if name not in one:
                setattr(one, name, "")
    masks = {label: mask for label, mask in result.findings.masks.items() if mask.any()}
    segmentation = _segmentation(key, result.model, slices, masks) if masks else None
    report = _report(key, result, slices, segmentation, tuple(masks))
    for document in (segmentation, report):
        if document is not None:
            document.IssuerOfPatientID = slices[0].get("IssuerOfPatientID", "")  # half of whose it is
            _settle(document, key, at)
    return Written(segmentation=None if segmentation is None else _file(segmentation), report=_file(report))


def uid(key: str, *names: object) -> str:
    """Return the number of a part of a result: a UUID's (PS3.5 B.2), drawn by the result's own key."""
    digest = hashlib.sha256("/".join((key, *map(str, names))).encode()).digest()
    return f"2.25.{UUID(bytes=digest[:16], version=4).int}"


def _segmentation(key: str, model: ModelRef, slices: Sequence[Dataset], masks: "Masks") -> Segmentation:
    algorithm = AlgorithmIdentificationSequence(
        name=model.id,
        version=model.version,
        family=codes.DCM.ArtificialIntelligence,
        source=MANUFACTURER,
        parameters={"sha256": model.sha256},
    )
    return Segmentation(
        source_images=slices,
        pixel_array=np.stack(list(masks.values()), axis=-1).astype(np.uint8),
        segmentation_type="BINARY",
        segment_descriptions=[
            SegmentDescription(
                segment_number=number,
                segment_label=label,
                segmented_property_category=_property(label)[0],
                segmented_property_type=_property(label)[1],
                algorithm_type="AUTOMATIC",
                algorithm_identification=algorithm,
            )
            for number, label in enumerate(masks, start=1)
        ],
        series_instance_uid=uid(key, SEGMENTATION, "series"),
        series_number=NUMBERS[SEGMENTATION],
        sop_instance_uid=uid(key, SEGMENTATION),
        instance_number=1,
        manufacturer=MANUFACTURER,
        manufacturer_model_name=model.id,
        software_versions=model.version,
        device_serial_number=model.sha256,
        content_description=Result.NATURE,
        content_label="MEASUREMENT",
        series_description=_title(model),
    )


def _report(
    key: str,
    result: Result,
    slices: Sequence[Dataset],
    segmentation: Segmentation | None,
    labels: Sequence[str],
) -> Comprehensive3DSR:
    model = result.model
    context = ObservationContext(
        observer_device_context=ObserverContext(
            observer_type=codes.DCM.Device,
            observer_identifying_attributes=DeviceObserverIdentifyingAttributes(
                uid=uid(model.sha256, "device"),
                name=model.id,
                manufacturer_name=MANUFACTURER,
                model_name=f"{model.id} {model.version}",
                serial_number=model.sha256,
            ),
        )
    )
    content = MeasurementReport(
        observation_context=context,
        procedure_reported=codes.LN.CTUnspecifiedBodyRegion,
        imaging_measurements=list(_groups(key, result, segmentation, labels)),
        title=codes.DCM.ImagingMeasurementReport,
    )
    return Comprehensive3DSR(
        evidence=[*slices, *([] if segmentation is None else [segmentation])],
        content=content,
        series_instance_uid=uid(key, REPORT, "series"),
        series_number=NUMBERS[REPORT],
        sop_instance_uid=uid(key, REPORT),
        instance_number=1,
        manufacturer=MANUFACTURER,
        is_complete=True,
        is_final=False,
        is_verified=False,
        series_description=_title(model),
    )


def _groups(
    key: str, result: Result, segmentation: Segmentation | None, labels: Sequence[str]
) -> Iterator[MeasurementsAndQualitativeEvaluations | VolumetricROIMeasurementsAndQualitativeEvaluations]:
    """Give each mask the measures that are named after it; the others are of the whole series."""
    model = result.model
    algorithm = AlgorithmIdentification(
        name=model.id, version=model.version, parameters=[f"sha256={model.sha256}", Result.NATURE]
    )
    left = list(result.findings.measures)
    for number, label in enumerate(labels, start=1):
        own = [one for one in left if one.name.startswith(f"{label}-")]
        left = [one for one in left if one not in own]
        if segmentation is not None and own:
            yield VolumetricROIMeasurementsAndQualitativeEvaluations(
                tracking_identifier=TrackingIdentifier(uid=uid(key, REPORT, label), identifier=label),
                # Built by the numbers: `from_segmentation` wants a frame for every slice, and empty ones are left out.
                referenced_segment=ReferencedSegment(
                    sop_class_uid=segmentation.SOPClassUID,
                    sop_instance_uid=segmentation.SOPInstanceUID,
                    segment_number=number,
                    source_series=SourceSeriesForSegmentation(result.series_instance_uid),
                ),
                finding_type=_property(label)[1],
                algorithm_id=algorithm,
                measurements=[_measurement(one) for one in own],
            )
    if left:
        yield MeasurementsAndQualitativeEvaluations(
            tracking_identifier=TrackingIdentifier(uid=uid(key, REPORT, "series"), identifier=_title(model)),
            algorithm_id=algorithm,
            measurements=[_measurement(one) for one in left],
        )


def _measurement(one: Measure) -> Measurement:
    name = codes.SCT.Volume if one.name.endswith("-volume") else _own(one.name)
    return Measurement(name=name, value=float(one.value), unit=CodedConcept(one.unit, "UCUM", one.unit))


def _property(label: str) -> tuple[CodedConcept, CodedConcept]:
    return KNOWN.get(label, (PLACE, _own(label)))


def _own(word: str) -> CodedConcept:
    """Return a word of ours as a code; a longer one is cut, and told apart by its hash."""
    code = word if len(word) <= CODE_LENGTH else hashlib.sha256(word.encode()).hexdigest()[:CODE_LENGTH]
    return CodedConcept(code, SCHEME, word[:64])


def _title(model: ModelRef) -> str:
    return f"{model.id} {model.version}"[:64]


def _settle(document: Dataset, key: str, at: datetime) -> None:
    """Put what the library drew by the clock or by chance to what the key says."""

    def settle(dataset: Dataset, element: object) -> None:
        match getattr(element, "keyword", ""):
            case "DimensionOrganizationUID":
                dataset.DimensionOrganizationUID = uid(key, "dimensions")
            case "ContentDate" | "InstanceCreationDate" | "SeriesDate" as name:
                setattr(dataset, name, at.strftime("%Y%m%d"))
            case "ContentTime" | "InstanceCreationTime" | "SeriesTime" as name:
                setattr(dataset, name, at.strftime("%H%M%S"))
            case "ContributionDateTime":
                dataset.ContributionDateTime = at.strftime("%Y%m%d%H%M%S")

    document.walk(settle)


def _file(document: Dataset) -> bytes:
    file = BytesIO()
    document.save_as(file, enforce_file_format=True)
    return file.getvalue()
