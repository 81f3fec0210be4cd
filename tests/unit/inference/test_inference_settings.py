"""Which models answer, and where: what cannot be meant is refused at the start, in a sentence."""

import pytest

from app.settings import SettingsError, load

BASE = {"APP_ENV": "test", "SECRET_KEY": "a key for tests only, 32 signs and more"}


def test_without_a_word_the_built_in_measurement_answers_here() -> None:
    found = load(BASE)
    assert found.inference_url == ""
    assert [(one.model_id, one.version, one.weight) for one in found.trial_arms] == [
        ("head-ct-measurement", "1", 1.0)
    ]
    assert found.shadow_arms == ()


def test_a_trial_names_its_arms_with_their_weights() -> None:
    found = load(
        {**BASE, "INFERENCE_TRIAL": "one:1=90, other:2.1=10.5", "INFERENCE_SHADOWS": "other:3,third:1"}
    )
    assert [(one.model_id, one.version, one.weight) for one in found.trial_arms] == [
        ("one", "1", 90.0),
        ("other", "2.1", 10.5),
    ]
    assert [one.model_id for one in found.shadow_arms] == ["other", "third"]


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"INFERENCE_TRIAL": "one"}, "no model:version=weight"),
        ({"INFERENCE_TRIAL": "one:1=-3"}, "no model:version=weight"),
        ({"INFERENCE_TRIAL": "one:1=0"}, "nobody who answers"),
        ({"INFERENCE_TRIAL": ","}, "nobody who answers"),
        ({"INFERENCE_SHADOWS": "../one:1"}, "no model:version=weight"),
        ({"INFERENCE_URL": "models:8000"}, "must look like"),
        ({"INFERENCE_URL": "http://name:word@models"}, "must look like"),
        ({"INFERENCE_USER": "annae"}, "go together"),
        ({"INFERENCE_URL": "http://models", "INFERENCE_PROTOCOL": "v2"}, "INFERENCE_MODELS_DIR"),
        ({"INFERENCE_PROTOCOL": "v3"}, "INFERENCE_PROTOCOL"),
    ],
    ids=str,
)
def test_what_cannot_be_meant_is_said_at_the_start(said: dict[str, str], sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        load({**BASE, **said})
