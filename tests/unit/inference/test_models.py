"""Models: none without its card, none other than its card says, and each study meets the same one."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from app.inference import registry
from app.inference.errors import (
    ModelRefusedError,
    NoSuchModelError,
    NotAnalysableError,
    Refusal,
    is_transient,
    is_transient_status,
)
from app.inference.reading import volume_of
from app.inference.registry import Arm
from tests.unit.inference.given import CARD, head, mean_model, offer, threshold_model


def test_a_model_of_the_folder_runs_and_is_named_in_its_result(tmp_path: Path) -> None:
    offer(tmp_path, "mean", mean_model())
    models = registry.load(tmp_path)
    assert [one.id for one in models.cards()] == ["brightness", registry.BUILT_IN]
    model = models.get("brightness")
    result = registry.run(model, volume_of(head()))
    (score,) = result.findings.measures
    assert (score.name, score.unit) == ("bright", "1")
    assert 0.0 < score.value < 0.5
    assert result.model == model.card.ref
    assert result.sha256 == registry.run(model, volume_of(head())).sha256


def test_a_label_map_becomes_millilitres_and_a_mask(tmp_path: Path) -> None:
    # 0.7 of this window is 560 HU, half-way from what touches bone to bone.
    given = {**CARD["input"], "window": {"center": 360, "width": 1000}}
    offer(tmp_path, "bone", threshold_model(), id="bone", output="label-map", labels=["bone"], input=given)
    volume = volume_of(head())
    (bone,) = registry.run(registry.load(tmp_path).get("bone"), volume).findings.regions
    shell = 4.18879 * ((77 * 93 * 63.3) - (70 * 86 * 56.3)) / 1000
    assert bone.volume_ml == pytest.approx(shell, rel=0.1)
    assert bone.centre_mm == pytest.approx((0, 0, 0), abs=1)


def test_pictures_are_brought_to_the_spacing_of_the_card(tmp_path: Path) -> None:
    even = {"name": "volume", "shape": [1, None, None, None], "units": "HU", "spacing_mm": [2.0, 2.0, 2.0]}
    offer(tmp_path, "even", mean_model(), input=even)
    offer(tmp_path, "own", mean_model(), id="own", input={**even, "spacing_mm": None})
    models, volume = registry.load(tmp_path), volume_of(head())
    resampled, own = (
        registry.run(models.get(name), volume).findings.measures[0].value for name in ("brightness", "own")
    )
    assert resampled == pytest.approx(own, rel=0.1)


def test_a_model_without_its_card_is_refused_and_the_others_go_on(tmp_path: Path) -> None:
    (tmp_path / "lonely.onnx").write_bytes(mean_model())
    offer(tmp_path, "other", mean_model(), sha256="0" * 64)
    offer(tmp_path, "silent", mean_model(), intended_use=None)
    offer(tmp_path, "well", mean_model(), id="well")
    offer(tmp_path, "well-again", mean_model(), id="well")
    models = registry.load(tmp_path)
    assert {one.id for one in models.cards()} == {"well", registry.BUILT_IN}
    assert "no such card" in models.refused["lonely.onnx"]
    assert "sha256" in models.refused["other.onnx"]
    assert models.refused["silent.onnx"] == "intended_use: missing"
    assert "one already" in models.refused["well.onnx"]
    with pytest.raises(NoSuchModelError):
        models.get("lonely")


def test_a_file_that_was_exchanged_after_the_start_does_not_run(tmp_path: Path) -> None:
    offer(tmp_path, "mean", mean_model())
    model = registry.load(tmp_path).get("brightness")
    (tmp_path / "mean.onnx").write_bytes(threshold_model())
    with pytest.raises(ModelRefusedError, match="sha256"):
        model.measure(volume_of(head()))


def test_a_model_that_takes_something_else_than_its_card_says_does_not_run(tmp_path: Path) -> None:
    shape = {"name": "image", "shape": [None, None, None], "units": "HU", "spacing_mm": None, "window": None}
    offer(tmp_path, "name", mean_model(), id="name", input=shape)
    offer(tmp_path, "rank", mean_model(), id="rank", input={**shape, "name": "volume"})
    offer(tmp_path, "noise", b"not a model", id="noise")
    models = registry.load(tmp_path)
    for name in ("name", "rank", "noise"):
        with pytest.raises(ModelRefusedError):
            models.get(name).measure(volume_of(head()))


def test_a_model_is_asked_only_about_what_it_was_made_for(tmp_path: Path) -> None:
    offer(tmp_path, "mr", mean_model(), modality="MR")
    result = registry.run(registry.load(tmp_path).get("brightness"), volume_of(head()))
    assert result.refusal is Refusal.WRONG_MODALITY


def test_studies_are_shared_by_weight_and_each_keeps_its_model() -> None:
    arms = [Arm("a", "1", 70), Arm("b", "1", 20), Arm("b", "2", 10)]
    studies = [f"2.25.{number}" for number in range(10_000)]
    drawn = [registry.plan(study, arms, trial="spring").answers for study in studies]
    shares = Counter(drawn)
    for arm in arms:
        assert shares[arm] / 100 == pytest.approx(arm.weight, abs=1.5)
    assert drawn == [registry.plan(study, arms, trial="spring").answers for study in studies]
    # Another trial draws anew: who was in one arm is not in the same arm again.
    assert drawn != [registry.plan(study, arms, trial="autumn").answers for study in studies]


def test_who_works_in_the_shadow_never_answers() -> None:
    silent = Arm("b", "2", 0)
    plans = [registry.plan(f"2.25.{number}", [Arm("a", "1", 1), silent], [silent]) for number in range(500)]
    assert {plan.answers.model_id for plan in plans} == {"a"}
    assert {plan.shadows for plan in plans} == {(silent,)}
    with pytest.raises(ValueError, match="weights"):
        registry.plan("2.25.1", [silent])


@pytest.mark.parametrize(
    ("error", "later"),
    [
        (ConnectionRefusedError(), True),
        (TimeoutError(), True),
        (RuntimeError("CUDA failure 2: out of memory"), True),
        (RuntimeError("codestream ends early"), False),
        (ValueError("pixel data too short"), False),
        (MemoryError(), False),
        (NotAnalysableError(Refusal.NOT_CT), False),
        (ModelRefusedError("out of memory"), False),
    ],
    ids=repr,
)
def test_only_what_may_pass_is_tried_again(error: Exception, later: bool) -> None:  # noqa: FBT001 - a truth table
    assert is_transient(error) is later


def test_a_model_servers_answer_says_whether_to_come_back() -> None:
    assert [one for one in (400, 404, 413, 415, 422, 429, 502, 503, 504) if is_transient_status(one)] == [
        429,
        502,
        503,
        504,
    ]


def test_a_process_that_shows_pages_loads_no_arrays() -> None:
    code = (
        "import sys; from app.inference import cards, errors, findings, registry; registry.load();"
        "print(sorted({'numpy', 'scipy', 'onnxruntime', 'pydicom'} & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
