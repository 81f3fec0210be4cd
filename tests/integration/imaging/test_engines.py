"""Where models run: a process apart with its limits, a server of the protocol v2, another Annae; real sockets."""

import dataclasses
import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask
from werkzeug.serving import make_server

from app import settings
from app.accounts import services as accounts
from app.core.actor import SYSTEM
from app.core.relay import breaker
from app.core.transaction import release
from app.imaging.services import engines, measuring
from app.inference import registry
from app.inference.annae import OtherHouse
from app.inference.apart import Apart
from app.inference.errors import (
    ModelRefusedError,
    NoSuchModelError,
    PermanentError,
    Refusal,
    TransientError,
)
from app.inference.reading import volume_of
from app.inference.volume import Volume
from app.settings import load
from tests.cast import PASSWORD
from tests.conftest import SECRET
from tests.servers.oip import Model, ModelServer
from tests.unit.inference.given import CARD, head, mean_model, offer, threshold_model

GIB = 1 << 30
Serve = Callable[..., Model]


@pytest.fixture
def volume() -> Volume:
    return volume_of(head())


def configure(**values: object) -> None:
    """Let the house have these settings besides."""
    had = settings.current()
    base = {"APP_ENV": "test", "SECRET_KEY": SECRET, "DATABASE_URL": had.database_url, "VAR_DIR": had.var_dir}
    settings.use(load({name: str(value) for name, value in {**base, **values}.items()}))


@pytest.fixture
def serve(sqlite_app: Flask, tmp_path: Path) -> Iterator[Serve]:
    """Start a model server and let the house know it, with its model's card."""
    running: list[ModelServer] = []
    assert sqlite_app

    def start(card: dict[str, Any] | None = None, **behaviour: Any) -> Model:
        model = Model(**behaviour)
        server = ModelServer(model)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        running.append(server)
        said = {**CARD, "sha256": "a" * 64, **(card or {})}
        (tmp_path / "brightness.card.json").write_text(json.dumps(said))
        configure(
            INFERENCE_URL=server.url,
            INFERENCE_PROTOCOL="v2",
            INFERENCE_MODELS_DIR=tmp_path,
            INFERENCE_TOKEN=model.token,
            INFERENCE_SECONDS=5,
        )
        return model

    yield start
    for one in running:
        one.shutdown()
        one.server_close()


def test_a_process_of_its_own_says_the_same_to_the_last_bit(volume: Volume) -> None:
    here = Apart(folder=None, seconds=100, memory_bytes=2 * GIB)
    found = here.run(volume, registry.BUILT_IN, None)
    assert found.sha256 == registry.run(registry.load().get(registry.BUILT_IN), volume).sha256
    assert set(found.findings.masks) == {"brain", "dense"}


def test_a_model_of_the_folder_runs_apart_and_a_broken_one_ends_its_own_process(
    volume: Volume, tmp_path: Path
) -> None:
    offer(tmp_path, "mean", mean_model())
    here = Apart(folder=tmp_path, seconds=100, memory_bytes=2 * GIB)
    assert here.is_ready("brightness", "3")
    here.check("brightness", "3")
    score = here.run(volume, "brightness", None)
    assert score.sha256 == registry.run(registry.load(tmp_path).get("brightness"), volume).sha256
    # The registry is asked by name, size and time; the process hashes what it opens.
    known = here.offered()
    changed = tmp_path / "mean.onnx"
    at = changed.stat()
    changed.write_bytes(bytes(reversed(changed.read_bytes())))
    os.utime(changed, ns=(at.st_atime_ns, at.st_mtime_ns))
    assert here.offered() == known
    with pytest.raises(ModelRefusedError, match="sha256"):
        here.run(volume, "brightness", None)
    with pytest.raises(ModelRefusedError, match="sha256"):
        here.check("brightness", None)
    with pytest.raises(NoSuchModelError):
        here.run(volume, "nobody", None)


def test_memory_that_is_used_up_is_a_refusal_and_time_a_reason_to_come_back(volume: Volume) -> None:
    little = Apart(folder=None, seconds=100, memory_bytes=300 << 20)
    large = dataclasses.replace(
        volume, stored=np.zeros((len(volume.stored), 2048, 2048), np.int16), pixel_spacing_mm=(0.12, 0.12)
    )
    assert little.run(large, registry.BUILT_IN, None).refusal is Refusal.TOO_LARGE
    with pytest.raises(PermanentError):
        Apart(folder=None, seconds=100, memory_bytes=64 << 20).check(registry.BUILT_IN, None)
    hurried = Apart(folder=None, seconds=0, memory_bytes=2 * GIB)
    with pytest.raises(TransientError, match="not done"):
        hurried.run(volume, registry.BUILT_IN, None)


def test_the_process_gets_no_secret_of_the_house(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "a secret")
    monkeypatch.setenv("DATABASE_URL", "mysql://user:password@host/db")
    assert not {"SECRET_KEY", "DATABASE_URL"} & settings.surroundings().keys()


@pytest.mark.parametrize("is_binary", [True, False], ids=["binary", "list"])
def test_a_server_of_the_protocol_gives_what_the_same_model_gives_here(
    serve: Serve,
    volume: Volume,
    tmp_path: Path,
    is_binary: bool,  # noqa: FBT001 - a table
) -> None:
    model = serve(is_binary=is_binary, token="word")
    found = measuring.measure(volume, "brightness", "3")
    (tmp_path / "here").mkdir()
    offer(tmp_path / "here", "mean", mean_model())
    expected = registry.run(registry.load(tmp_path / "here").get("brightness"), volume)
    assert found.findings.measures[0].value == pytest.approx(expected.findings.measures[0].value, abs=1e-3)
    assert found.model.sha256 == "a" * 64
    assert model.asked == [f"GET {model.path}", f"POST {model.path}/infer"]
    assert measuring.is_ready("brightness", "3")
    measuring.check("brightness", "3")
    model.is_ready = False
    assert not measuring.is_ready("brightness", "3")
    with pytest.raises(PermanentError, match="not ready"):
        measuring.check("brightness", "3")


def test_a_servers_label_map_becomes_a_mask(serve: Serve, volume: Volume, tmp_path: Path) -> None:
    given = {**CARD["input"], "window": {"center": 360, "width": 1000}}
    serve({"output": "label-map", "labels": ["bone"], "input": given}, is_map=True)
    found = measuring.measure(volume, "brightness")
    (tmp_path / "here").mkdir()
    offer(tmp_path / "here", "bone", threshold_model(), output="label-map", labels=["bone"], input=given)
    expected = registry.run(registry.load(tmp_path / "here").get("brightness"), volume)
    assert (found.findings.masks["bone"] == expected.findings.masks["bone"]).all()
    assert found.findings.regions == expected.findings.regions


def test_what_a_model_was_not_made_for_is_never_sent(serve: Serve, volume: Volume) -> None:
    model = serve({"modality": "MR"})
    assert measuring.measure(volume, "brightness").refusal is Refusal.WRONG_MODALITY
    assert model.asked == []


def test_the_built_in_measurement_stays_here(serve: Serve) -> None:
    model = serve()
    offered = measuring.offered()
    assert [card.id for card in offered.cards] == [registry.BUILT_IN, "brightness"]
    assert measuring.is_ready(registry.BUILT_IN)
    assert model.asked == []


@pytest.mark.parametrize(
    "behaviour",
    [{"datatype": "INT8"}, {"rank": 3}],
    ids=str,
)
def test_a_server_whose_model_is_another_one_is_not_asked(
    serve: Serve, volume: Volume, behaviour: dict[str, Any]
) -> None:
    model = serve(**behaviour)
    with pytest.raises(ModelRefusedError):
        measuring.measure(volume, "brightness")
    assert model.asked == [f"GET {model.path}"]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        *((status, TransientError) for status in (408, 429, 500, 502, 503, 504, 401, 403)),
        *((status, PermanentError) for status in (400, 404, 405, 413, 415, 422, 302)),
    ],
)
def test_what_a_status_means(
    serve: Serve, volume: Volume, status: int, error: type[TransientError | PermanentError]
) -> None:
    serve(fails_with=status)
    with pytest.raises(error) as met:
        measuring.measure(volume, "brightness")
    standing = breaker.state_of("inference")
    release()
    if isinstance(met.value, TransientError):
        assert met.value.retry_after_seconds == (7 if status == 503 else 0)
        assert standing.recent.endswith("x") or standing.open_until
        # Who is not let in will not be with another picture either.
        assert (standing.open_until is not None) is (status in {401, 403})
    else:
        assert standing.recent.endswith(".")


@pytest.mark.parametrize(
    "says",
    [
        b"<html>",
        b"[]",
        b"{}",
        b'{"outputs": []}',
        b'{"outputs": [{"datatype": "BYTES", "shape": [1], "data": ["x"]}]}',
        b'{"outputs": [{"datatype": "FP32", "shape": [2], "data": [1]}]}',
        b'{"outputs": [{"datatype": "FP32", "shape": [1], "parameters": {"binary_data_size": 4}}]}',
        b'{"outputs": [{"datatype": "FP32", "shape": [-1, -1], "data": [1]}]}',
        b'{"outputs": [{"datatype": "FP32", "shape": [1], "data": ["nan"]}]}',
        b"[" * 100_000,
    ],
)
def test_an_answer_that_is_none_is_permanent(serve: Serve, volume: Volume, says: bytes) -> None:
    serve(says=says)
    with pytest.raises(PermanentError):
        measuring.measure(volume, "brightness")


def test_a_server_that_is_away_is_left_alone_and_one_bad_picture_is_no_reason(
    serve: Serve, volume: Volume
) -> None:
    model = serve(fails_with=422)
    for _ in range(6):
        with pytest.raises(PermanentError):
            measuring.measure(volume, "brightness")
    model.fails_with = 503
    for _ in range(5):
        with pytest.raises(TransientError):
            measuring.measure(volume, "brightness")
    asked = len(model.asked)
    with pytest.raises(TransientError, match="left alone"):
        measuring.measure(volume, "brightness")
    assert len(model.asked) == asked


def test_nobody_behind_the_address_is_transient(serve: Serve, volume: Volume, tmp_path: Path) -> None:
    serve()
    configure(INFERENCE_URL="http://127.0.0.1:9", INFERENCE_PROTOCOL="v2", INFERENCE_MODELS_DIR=tmp_path)
    with pytest.raises(TransientError):
        measuring.measure(volume, "brightness")


@pytest.mark.timeout(120)
def test_another_annae_measures_and_gives_the_masks_back(sqlite_app: Flask, volume: Volume) -> None:
    accounts.create_staff("mia", "Mia", "radiology", PASSWORD, by=SYSTEM)
    release()
    server = make_server("127.0.0.1", 0, sqlite_app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        ask = engines._BySession(engines._Way(f"http://127.0.0.1:{server.server_port}", 100), "mia", PASSWORD)
        there = OtherHouse(ask)
        (card,) = there.offered().cards
        assert card == registry.built_in_card()
        assert there.is_ready(card.id, card.version)
        there.check(card.id, card.version)
        found = there.run(volume, card.id, None)
        expected = registry.run(registry.load().get(card.id), volume)
        assert found.sha256 == expected.sha256
        assert (found.findings.masks["brain"] == expected.findings.masks["brain"]).all()
        ask.token = "of a session that has ended"
        assert there.is_ready(card.id, card.version)
        for name in ("nobody", "no/body"):
            with pytest.raises(NoSuchModelError):
                there.is_ready(name, None)
        ask.token, ask.password = "", "wrong"
        with pytest.raises(TransientError) as refused:
            there.offered()
        assert refused.value.opens
    finally:
        server.shutdown()
        server.server_close()
