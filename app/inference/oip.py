"""A model server that speaks the Open Inference Protocol v2 (KServe, Triton): tensors as bytes behind the JSON.

The protocol knows tensors, no patients: what a model eats and what its answer means, its card in the models folder
says. The card's sha256 is the hospital's word for what runs there; no server tells it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from app.inference import cards, registry
from app.inference.asking import OK, Ask, object_of, taken
from app.inference.cards import Card
from app.inference.engines import Engine, Offered
from app.inference.errors import ModelRefusedError, NoSuchModelError, PermanentError
from app.inference.findings import Findings, Result

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from app.inference.volume import Volume

LENGTH: Final = "Inference-Header-Content-Length"
# What a card's label map or scores may come in; NumPy's names for them.
DATATYPES: Final = {
    "BOOL": "?",
    "UINT8": "<u1",
    "INT8": "<i1",
    "UINT16": "<u2",
    "INT16": "<i2",
    "INT32": "<i4",
    "INT64": "<i8",
    "FP16": "<f2",
    "FP32": "<f4",
    "FP64": "<f8",
}


@dataclass(frozen=True, slots=True)
class Served:
    """One model by its card; implements registry.Model."""

    card: Card
    ask: Ask

    def measure(self, volume: "Volume") -> Findings:
        """Bring the volume into the model's form, ask, and read its first output."""
        from app.inference import tensors  # noqa: PLC0415 - scipy, only where something is measured

        tensors.check(self.card, volume)
        self.check_metadata()
        content, headers = infer_request(self.card.input.name, tensors.prepare(self.card.input, volume))
        reply = taken(self.ask("POST", f"{path_of(self.card)}/infer", content=content, headers=headers))
        answer = first_output(reply.body, reply.headers.get(LENGTH.lower(), ""))
        return tensors.findings_of(self.card, answer, volume)

    def check_metadata(self) -> None:
        """Compare what the server says of this version with the card. Raise ModelRefusedError."""
        said = object_of(taken(self.ask("GET", path_of(self.card))).body)
        inputs = {str(one.get("name")): one for one in said.get("inputs", ()) if isinstance(one, dict)}
        given = inputs.get(self.card.input.name)
        if given is None or len(inputs) != 1:
            raise ModelRefusedError(f"input.name: the server has {', '.join(sorted(inputs))}")
        if given.get("datatype") != "FP32":
            raise ModelRefusedError(f"input: {given.get('datatype')}, not FP32")
        if len(given.get("shape", ())) != len(self.card.input.shape):
            raise ModelRefusedError(f"input.shape: the server has {given.get('shape')}")


@dataclass(frozen=True, slots=True)
class ModelServer:
    """The models of a server that have a card in our folder, and beside them what runs here; implements Engine."""

    ask: Ask
    folder: Path
    here: Engine
    name: str = "inference"
    is_outside: bool = True

    def offered(self) -> Offered:
        """Return the cards; the built-in measurement is always there."""
        found, refused = self._cards()
        own = [card for card in self.here.offered().cards if card.id == registry.BUILT_IN]
        return Offered(cards=[*own, *(found[key] for key in sorted(found))], refused=refused)

    def is_ready(self, model_id: str, version: str | None) -> bool:
        """Ask the server about this version."""
        if model_id == registry.BUILT_IN:
            return self.here.is_ready(model_id, version)
        return self.ask("GET", f"{path_of(self._card(model_id, version))}/ready").status == OK

    def check(self, model_id: str, version: str | None) -> None:
        """Ask whether the server has loaded it, and compare what it says of it with the card."""
        if model_id == registry.BUILT_IN:
            return self.here.check(model_id, version)
        if not self.is_ready(model_id, version):
            raise PermanentError("the server says that it is not ready")
        return Served(self._card(model_id, version), self.ask).check_metadata()

    def run(self, volume: "Volume", model_id: str, version: str | None) -> Result:
        """Ask the server, or measure here where the model is the built-in one."""
        if model_id == registry.BUILT_IN:
            return self.here.run(volume, model_id, version)
        return registry.run(Served(self._card(model_id, version), self.ask), volume)

    def _card(self, model_id: str, version: str | None) -> Card:
        found, _ = self._cards()
        versions = sorted(own for name, own in found if name == model_id and version in (None, own))
        if not versions:
            raise NoSuchModelError(f"{model_id} {version or ''}".strip())
        return found[model_id, versions[-1]]

    def _cards(self) -> tuple[dict[tuple[str, str], Card], dict[str, str]]:
        found: dict[tuple[str, str], Card] = {}
        refused: dict[str, str] = {}
        for path in sorted(self.folder.glob("*.card.json")):
            try:
                card = cards.read(path)
            except ModelRefusedError as error:
                refused[path.name] = error.reason
            else:
                found.setdefault(card.ref.key, card)
        return found, refused


def path_of(card: Card) -> str:
    """Return where a version of a model is asked."""
    return f"/v2/models/{quote(card.id, safe='')}/versions/{quote(card.version, safe='')}"


def infer_request(name: str, tensor: "NDArray[np.float32]") -> tuple[bytes, Mapping[str, str]]:
    """Return the body of a request in the binary form, and its headers."""
    given = {
        "name": name,
        "shape": list(tensor.shape),
        "datatype": "FP32",
        "parameters": {"binary_data_size": tensor.nbytes},
    }
    head = json.dumps({"inputs": [given], "parameters": {"binary_data_output": True}}).encode()
    headers = {"Content-Type": "application/octet-stream", LENGTH: str(len(head))}
    return head + tensor.astype("<f4", copy=False).tobytes(), headers


def first_output(body: bytes, said_length: str) -> "NDArray[Any]":
    """Return the first tensor of an answer, in the binary form or as a list. Raise PermanentError."""
    import numpy as np  # noqa: PLC0415 - only where something is measured

    length = int(said_length) if said_length.isascii() and said_length.isdecimal() else len(body)
    try:
        output = object_of(body[:length])["outputs"][0]
        dtype = np.dtype(DATATYPES[output["datatype"]])
        size = (output.get("parameters") or {}).get("binary_data_size")
        flat = (
            np.asarray(output["data"], dtype)
            if size is None
            else np.frombuffer(body[length : length + int(size)], dtype)
        )
        return flat.reshape([int(one) for one in output["shape"]])
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise PermanentError("the answer is not understood") from error
