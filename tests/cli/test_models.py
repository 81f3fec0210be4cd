"""flask models: what there is, what a card says, and whether each would answer."""

import json
from pathlib import Path

import pytest
from flask import Flask

from app import settings
from app.inference import registry
from tests.unit.inference.given import CARD, mean_model, offer

BUILT_IN = f"{registry.BUILT_IN}:1"


@pytest.fixture
def folder(sqlite_app: Flask, tmp_path: Path) -> Path:
    """Give the folder of models: one that runs, one without a card, one that ONNX Runtime refuses."""
    settings.use(settings.current().model_copy(update={"inference_models_dir": tmp_path}))
    offer(tmp_path, "brightness", mean_model())
    (tmp_path / "nobody.onnx").write_bytes(mean_model())
    offer(tmp_path, "broken", b"no model at all", id="broken")
    return tmp_path


def run(app: Flask, *words: str) -> tuple[int, str]:
    done = app.test_cli_runner().invoke(args=["models", *words])
    return done.exit_code, done.output


def asked_for(trial: str, shadows: str = "") -> None:
    update = {"inference_trial": trial, "inference_shadows": shadows}
    settings.use(settings.current().model_copy(update=update))


def test_models_are_listed_with_what_they_are_asked_for(sqlite_app: Flask, folder: Path) -> None:
    asked_for(f"{BUILT_IN}=3,brightness:3=1", "broken:3")
    code, said = run(sqlite_app, "list", "--json")
    assert code == 0
    found = json.loads(said)
    assert {(one["id"], one["share"], one["is_shadow"]) for one in found["models"]} == {
        (registry.BUILT_IN, 0.75, False),
        ("brightness", 0.25, False),
        ("broken", 0.0, True),
    }
    assert list(found["refused"]) == ["nobody.onnx"]
    code, said = run(sqlite_app, "list")
    lines = said.splitlines()
    assert (code, len(lines)) == (0, 4)
    sha256 = registry.built_in_card().sha256
    (own,) = [line for line in lines if line.startswith(registry.BUILT_IN)]
    assert own.split() == [registry.BUILT_IN, "1", sha256[:12], "CT", "answers", "75%"]
    (shadow,) = [line for line in lines if line.startswith("broken")]
    assert shadow.endswith("shadow")
    assert lines[-1].startswith("nobody.onnx  refused: ")


def test_a_card_is_shown_whole(sqlite_app: Flask, folder: Path) -> None:
    code, said = run(sqlite_app, "show", "brightness")
    assert code == 0
    card = json.loads(said)
    assert {name: card[name] for name in ("id", "version", "labels", "licence", "intended_use")} == {
        name: CARD[name] for name in ("id", "version", "labels", "licence", "intended_use")
    }
    assert run(sqlite_app, "show", "brightness:3") == (0, said)
    for unknown in ("brightness:4", "nobody", ""):
        code, said = run(sqlite_app, "show", unknown)
        assert (code, said.count("\n")) == (1, 1), unknown


def test_each_model_is_loaded_and_the_reason_is_named(sqlite_app: Flask, folder: Path) -> None:
    asked_for(f"{BUILT_IN}=1,gone:7=1")
    code, said = run(sqlite_app, "check", "--json")
    assert code == 1
    found = json.loads(said.splitlines()[0])
    assert (found[BUILT_IN], found["brightness:3"]) == (None, None)
    assert "ONNX Runtime" in found["broken:3"]
    assert "card" in found["nobody.onnx"]
    assert "INFERENCE_TRIAL" in found["gone:7"]
    code, said = run(sqlite_app, "check")
    assert code == 1
    assert f"{BUILT_IN}  ready" in said.splitlines()

    for name in ("broken.onnx", "broken.card.json", "nobody.onnx"):
        (folder / name).unlink()
    asked_for(BUILT_IN)
    code, said = run(sqlite_app, "check")
    assert (code, said.splitlines()) == (0, ["brightness:3  ready", f"{BUILT_IN}  ready"])


def test_a_server_that_is_away_is_one_sentence(sqlite_app: Flask, folder: Path) -> None:
    update = {"inference_url": "http://127.0.0.1:9"}  # discard: nobody listens
    settings.use(settings.current().model_copy(update=update))
    for words in (("list",), ("show", "brightness"), ("check",)):
        code, said = run(sqlite_app, *words)
        assert (code, said.count("\n")) == (1, 1), words
        assert "DEPENDENCY_DOWN" in said
