"""A hospital's own model in ONNX Runtime: the bytes that were hashed are those that run, on CUDA where there is one."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from app.inference import tensors
from app.inference.cards import Card
from app.inference.errors import ModelRefusedError
from app.inference.findings import Findings
from app.inference.volume import Volume

MOST_BYTES = 2 << 30
# ORT names a tensor's type so; integers would lose the window.
_FLOATS = "tensor(float)"


def open_session(path: Path, card: Card) -> Any:
    """Return a session. Raise ModelRefusedError where file, hash or input are other than the card says."""
    import onnxruntime  # noqa: PLC0415 - 60 MB that a process without a model never loads

    if path.stat().st_size > MOST_BYTES:
        raise ModelRefusedError(f"{path.name}: larger than a model may be")
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != card.sha256:
        raise ModelRefusedError(f"{path.name}: not the file that its card was written for (sha256)")
    wanted = ("CUDAExecutionProvider", "CPUExecutionProvider")
    providers = [one for one in wanted if one in onnxruntime.get_available_providers()]
    try:
        session = onnxruntime.InferenceSession(content, providers=providers)
    except Exception as error:  # ORT's own classes stand in a private module
        raise ModelRefusedError(f"{path.name}: ONNX Runtime refuses it ({type(error).__name__})") from error
    _check_input(session, card)
    return session


def _check_input(session: Any, card: Card) -> None:
    inputs = {one.name: one for one in session.get_inputs()}
    given = inputs.get(card.input.name)
    if given is None or len(inputs) != 1:
        raise ModelRefusedError(f"input.name: the model has {', '.join(sorted(inputs))}")
    if given.type != _FLOATS:
        raise ModelRefusedError(f"input: {given.type}, not {_FLOATS}")
    fixed = [one if isinstance(one, int) else None for one in given.shape]
    if len(fixed) != len(card.input.shape) or any(
        have is not None and said is not None and have != said
        for have, said in zip(fixed, card.input.shape, strict=True)
    ):
        raise ModelRefusedError(f"input.shape: the model has {given.shape}")


def measure(session: Any, card: Card, volume: Volume) -> Findings:
    """Return what the model says. Raise NotAnalysableError where the volume is not what its card was written for."""
    tensors.check(card, volume)
    given = tensors.prepare(card.input, volume)
    # The first output is read; a batch of one goes in and comes out.
    answer = np.asarray(session.run(None, {card.input.name: given})[0])
    return tensors.findings_of(card, answer, volume)
