"""The built-in measurement: right within a fifth where the truth is known, and silent where it cannot judge."""

import os
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from app.demo.head_ct import PLACES
from app.inference import registry
from app.inference.errors import NotAnalysableError, Refusal
from app.inference.findings import Result
from app.inference.reading import volume_of
from app.inference.volume import MOST_VOXELS, Volume, check_size
from tests.unit.inference.given import changed, copied, head

REAL = os.environ.get("ANNAE_TEST_DICOM_DIR", "")


def measured(volume: Volume) -> Result:
    return registry.run(registry.load().get(registry.BUILT_IN), volume)


def values(result: Result) -> dict[str, float]:
    assert result.is_analysed, (result.refusal, result.details)
    return {one.name: one.value for one in result.findings.measures}


@pytest.mark.parametrize(
    "lesion_ml",
    [2.0, 40.0, *(pytest.param(ml, marks=pytest.mark.slow) for ml in (5.0, 15.0))],
    ids=lambda ml: f"{ml:g} mL",
)
def test_a_lesion_is_measured_within_a_fifth_wherever_it_lies(lesion_ml: float) -> None:
    result = measured(volume_of(head(lesion_ml, tuple(PLACES))))
    assert 1250 < values(result)["brain-volume"] < 1350
    assert len(result.findings.regions) == len(PLACES)
    for name, place in PLACES.items():
        near = [
            one for one in result.findings.regions if np.linalg.norm(np.subtract(one.centre_mm, place)) < 3
        ]
        assert [one.side for one in near] == [name.split("_")[0]]
        assert near[0].volume_ml == pytest.approx(lesion_ml, rel=0.2)


def test_true_distances_count_where_slices_are_uneven_and_the_gantry_leans() -> None:
    gaps = (4.0,) * 15 + (2.5,) + (7.0,) * 10
    volume = volume_of(head(15.0, ("left_deep",), gaps, 18.5))
    assert volume.gaps_mm == pytest.approx(gaps, abs=1e-3)
    # The table moved further than the slices lie apart.
    assert volume.positions_mm[1][2] - volume.positions_mm[0][2] == pytest.approx(4.218, abs=1e-3)
    result = measured(volume)
    assert values(result)["dense-volume-left"] == pytest.approx(15.0, rel=0.2)
    assert values(result)["brain-volume"] == pytest.approx(1300, rel=0.05)
    assert result.findings.masks["dense"].shape == volume.shape


def test_fluid_that_moved_to_one_side_is_measured_in_millimetres() -> None:
    straight, moved = (values(measured(volume_of(head(shift_mm=shift)))) for shift in (0.0, 6.0))
    assert straight["csf-offset-left"] == pytest.approx(0.0, abs=0.5)
    assert moved["csf-offset-left"] == pytest.approx(6.0, abs=1.0)
    assert moved["mirror-difference"] > straight["mirror-difference"]
    assert straight["dense-volume"] == 0


def says(**attributes: object) -> Callable[[Dataset], None]:
    def change(one: Dataset) -> None:
        for name, value in attributes.items():
            setattr(one, name, value)

    return change


@pytest.mark.parametrize(
    ("attributes", "refusal"),
    [
        ({"Modality": "MR"}, Refusal.NOT_CT),
        ({"BodyPartExamined": "CHEST"}, Refusal.NOT_HEAD),
        ({"ContrastBolusAgent": "IOHEXOL"}, Refusal.CONTRAST),
        ({"RescaleSlope": "0"}, Refusal.RESCALE_INVALID),
        ({"RescaleSlope": None}, Refusal.RESCALE_INVALID),
        ({"PixelSpacing": ["0", "0"]}, Refusal.SPACING_UNKNOWN),
        ({"ImageOrientationPatient": [0, 1, 0, 0, 0, -1]}, Refusal.DUPLICATE_SLICES),
        # A plastic head: closed bone, and no brain inside.
        ({"RescaleIntercept": "-924"}, Refusal.BRAIN_VOLUME),
    ],
    ids=lambda one: str(one) if isinstance(one, Refusal) else "-".join(one),
)
def test_what_cannot_be_judged_is_not_analysable_by_name(
    attributes: dict[str, object], refusal: Refusal
) -> None:
    result = measured(changed(says(**attributes)))
    assert result.refusal is refusal
    assert not result.findings.measures
    assert not result.findings.regions


@pytest.mark.parametrize(
    ("kept", "refusal"),
    [
        ([*range(12), *range(14, 28)], Refusal.MISSING_SLICES),
        ([*range(28), 5], Refusal.DUPLICATE_SLICES),
        (range(8), Refusal.TOO_FEW_SLICES),
        (range(14), Refusal.HEAD_CUT_OFF),
    ],
    ids=str,
)
def test_slices_that_miss_or_come_twice_are_not_analysable(kept: list[int], refusal: Refusal) -> None:
    whole = head()
    assert measured(volume_of([whole[index] for index in kept])).refusal in {refusal, Refusal.BRAIN_VOLUME}


def test_a_head_without_bone_is_not_analysable() -> None:
    assert measured(volume_of(head(with_skull=False))).refusal is Refusal.BRAIN_VOLUME


def test_slices_of_two_series_are_no_volume() -> None:
    other = copied(head()[3])
    other.SeriesInstanceUID = "1.2.3"
    with pytest.raises(NotAnalysableError) as refused:
        volume_of([*head()[:3], other])
    assert refused.value.refusal is Refusal.MIXED_SERIES


def test_a_header_that_lies_is_refused_before_its_pixels_are_decoded() -> None:
    for rows, refusal in ((60_000, Refusal.TOO_LARGE), (2_000, Refusal.UNREADABLE)):
        with pytest.raises(NotAnalysableError) as refused:
            changed(says(Rows=rows))
        assert refused.value.refusal is refusal
    with pytest.raises(NotAnalysableError):
        check_size(MOST_VOXELS // (512 * 512) + 1, 512, 512)


def test_the_same_pixels_give_the_same_hash_by_whatever_way_they_came() -> None:
    slices = head(5.0, tuple(PLACES))
    volume = volume_of(slices)
    fields = {name: getattr(volume, name) for name in Volume.__dataclass_fields__}
    by_list = Volume(**{**fields, "stored": np.array(volume.stored.tolist(), dtype=np.int32)})
    assert volume.sha256() == volume_of(slices[::-1]).sha256() == by_list.sha256()
    first = measured(volume)
    assert first.sha256 == measured(by_list).sha256
    assert first.as_json()["nature"] == "measurement, not a diagnosis"
    assert volume.sha256() != volume_of(head()).sha256()


def test_a_volume_is_never_changed_by_who_measures_it() -> None:
    volume = volume_of(head())
    with pytest.raises(ValueError, match="read-only"):
        volume.stored[0] = 0


@pytest.mark.skipif(not REAL, reason="ANNAE_TEST_DICOM_DIR is not set")
def test_a_real_head_is_measured_and_a_plastic_one_is_not() -> None:
    folder = Path(REAL)
    volume = volume_of([pydicom.dcmread(path) for path in sorted((folder / "ct_head_ge").glob("*.dcm"))])
    assert {round(gap) for gap in volume.gaps_mm} == {1, 4, 7}
    assert all(low < high for low, high in pairwise(volume.heights_mm))
    found = values(measured(volume))
    assert 1250 < found["brain-volume"] < 1400
    assert 28 < found["brain-mean"] < 36
    # No bleed is known of: these are false positives, and the reason why nothing here is called a detection.
    assert 5 < found["dense-volume"] < 20
    plastic = volume_of(
        [pydicom.dcmread(path) for path in sorted((folder / "phantom_ct_philips").glob("*.dcm"))]
    )
    assert measured(plastic).refusal is Refusal.TOO_FEW_SLICES
