"""A volume over a border and back: nothing is lost, nothing is believed, and the order of slices does not matter."""

import json
from io import BytesIO
from math import isnan
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.imaging.wording import MEASURES
from app.inference import answers, handing, registry
from app.inference.errors import NotAVolumeError, PermanentError
from app.inference.findings import Result
from app.inference.reading import volume_of
from app.inference.volume import Volume
from tests.unit.inference.given import changed, head


@pytest.fixture(scope="module")
def volume() -> Volume:
    return volume_of(head(15.0))


@pytest.fixture(scope="module")
def result(volume: Volume) -> Result:
    return registry.run(registry.load().get(registry.BUILT_IN), volume)


def npy(array: Any) -> BytesIO:
    """Return an array as a file."""
    file = BytesIO()
    np.save(file, array)
    file.seek(0)
    return file


@pytest.mark.parametrize("dtype", ["<i2", ">i2", "<i4"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_volume_comes_back_the_same_however_it_is_written_down(
    volume: Volume, dtype: str, order: str
) -> None:
    said = json.loads(json.dumps(handing.written(volume)))
    array = handing.open_array(npy(np.asarray(volume.stored, dtype=dtype, order=order)))  # type: ignore[call-overload]
    assert isinstance(array, np.memmap)
    assert handing.read(said, array).sha256() == volume.sha256()
    assert handing.read(said, handing.array_of(volume.stored.tolist())).sha256() == volume.sha256()


@given(st.permutations(range(len(head()))))
def test_slices_come_in_any_order(order: list[int]) -> None:
    volume = volume_of(head())
    said = handing.written(volume)
    for name in ("positions_mm", "thickness_mm", "sop_instance_uids"):
        said[name] = [said[name][index] for index in order]
    assert handing.read(said, volume.stored[order]).sha256() == volume.sha256()


def test_a_rescale_that_is_missing_stays_missing() -> None:
    def forget(one: object) -> None:
        del one.RescaleSlope  # type: ignore[attr-defined]

    volume = changed(forget)
    said = json.loads(json.dumps(handing.written(volume)))
    assert said["slope"] is None
    assert isnan(handing.read(said, volume.stored).slope)


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ([[[1], [1, 2]]], "shape"),
        ([[1, 2]], "shape"),
        ([[[]]], "shape"),
        ([[["1"]]], "dtype"),
        ([[[True]]], "dtype"),
        ([[[1 << 31]]], "dtype"),
        ([[[10**40]]], "dtype"),
        ([], "shape"),
    ],
    ids=str,
)
def test_lists_that_are_no_volume(values: object, fault: str) -> None:
    with pytest.raises(NotAVolumeError) as refused:
        handing.array_of(values)
    assert refused.value.reason == fault


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader(content: bytes) -> None:
    for given_ in (content, b"\x93NUMPY\x01\x00" + content):
        with pytest.raises(NotAVolumeError):
            handing.open_array(BytesIO(given_))


def test_a_result_comes_back_with_its_masks(volume: Volume, result: Result) -> None:
    found = answers.read(json.loads(json.dumps(answers.written(result))), volume.shape)
    assert found == result
    assert found.sha256 == result.sha256
    for name, mask in result.findings.masks.items():
        assert (found.findings.masks[name] == mask).all()


@pytest.mark.parametrize(
    "change",
    [
        lambda said: said.pop("model"),
        lambda said: said["measures"][0].update(value=1.0),
        lambda said: said.update(refusal="unknown"),
        lambda said: said["mask_bits"].pop("brain"),
        lambda said: said["mask_bits"].update(brain="eJwDAAAAAAE="),
        lambda said: said["mask_bits"].update(brain="no base64"),
        lambda said: said["regions"][0].update(centre_mm=[1]),
        lambda said: said.update(result_sha256="0"),
    ],
)
def test_a_result_that_was_touched_is_none(volume: Volume, result: Result, change: object) -> None:
    said = json.loads(json.dumps(answers.written(result)))
    change(said)  # type: ignore[operator]
    with pytest.raises(PermanentError):
        answers.read(said, volume.shape)


def test_every_measure_of_ours_has_a_name_for_people(result: Result) -> None:
    assert {one.name for one in result.findings.measures} <= MEASURES.keys()
