"""Models of this machine, each run in a process of its own: with a limit of memory, of time, and without secrets.

A model that a hospital was given, and a volume that somebody sent, may take what they like: the process that answers
pages neither waits for its own memory nor dies with them. It costs about as much again as a head's measures do
(benchmarks/inference.py).
"""

import json
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from app.inference import registry
from app.inference.engines import Offered
from app.inference.errors import (
    ModelRefusedError,
    NotAnalysableError,
    PermanentError,
    Refusal,
    TransientError,
)
from app.inference.findings import Result
from app.inference.registry import OnnxModel, Registry

if TYPE_CHECKING:
    from app.inference.volume import Volume

ROOT: Final = Path(__file__).parents[2]
# One thread: BLAS keeps 40 MB of address space for each, and arithmetic here is by slice.
FRUGAL: Final = {"OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
KINDS: Final[Mapping[str, type[TransientError | PermanentError]]] = {
    "transient": TransientError,
    "permanent": PermanentError,
    "refused": ModelRefusedError,
}
ENDED_FOR_TIME: Final = (-signal.SIGXCPU, -signal.SIGKILL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """The built-in measurement and the models of a folder; implements Engine.

    `surroundings`: the variables of the environment that a model may know; there are no others.
    """

    folder: Path | None
    seconds: int
    memory_bytes: int
    surroundings: Mapping[str, str] = field(default_factory=dict)
    name: str = "here"
    is_outside: bool = False

    def offered(self) -> Offered:
        """Return the cards of this machine."""
        models = _loaded(self.folder)
        return Offered(cards=models.cards(), refused=models.refused)

    def is_ready(self, model_id: str, version: str | None) -> bool:
        """Whether its file is still the one that was looked at."""
        model = _loaded(self.folder).get(model_id, version)
        return not isinstance(model, OnnxModel) or model.path.is_file()

    def check(self, model_id: str, version: str | None) -> None:
        """Load a model in a process of its own, within the limits of a run."""
        model = _loaded(self.folder).get(model_id, version)
        told = self._told(
            {
                "is_check": True,
                "model": str(model.path) if isinstance(model, OnnxModel) else None,
                "seconds": self.seconds,
                "memory_bytes": self.memory_bytes,
            }
        )
        if told.get("kind") == Refusal.TOO_LARGE:
            raise PermanentError(f"it needs more than {self.memory_bytes >> 20} MB (INFERENCE_MEMORY_MB)")

    def run(self, volume: "Volume", model_id: str, version: str | None) -> Result:
        """Run a model in a process of its own."""
        import numpy as np  # noqa: PLC0415 - only where something is measured

        from app.inference import answers, handing  # noqa: PLC0415 - as above

        model = _loaded(self.folder).get(model_id, version)
        with TemporaryDirectory(prefix="annae-model-") as folder:
            array = Path(folder, "volume.npy")
            np.save(array, volume.stored, allow_pickle=False)
            job = {
                "model": str(model.path) if isinstance(model, OnnxModel) else None,
                "array": str(array),
                "said": handing.written(volume),
                "seconds": self.seconds,
                "memory_bytes": self.memory_bytes,
            }
            told = self._told(job)
            if told.get("kind") == Refusal.TOO_LARGE:
                error = NotAnalysableError(Refusal.TOO_LARGE, frames=len(volume.stored))
                return registry.refused(model.card, volume, error)
            return answers.read(told, volume.shape)

    def _told(self, job: Mapping[str, Any]) -> dict[str, Any]:
        try:
            done = subprocess.run(
                [sys.executable, "-m", "app.inference.child"],
                input=json.dumps(job).encode(),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=ROOT,
                env={**self.surroundings, **FRUGAL},
                timeout=self.seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise TransientError(f"not done after {self.seconds} s") from error
        except OSError as error:  # no process, no memory for one
            raise TransientError(type(error).__name__) from error
        if done.returncode in ENDED_FOR_TIME:
            raise TransientError(f"ended by signal {-done.returncode}")
        try:
            told: dict[str, Any] = json.loads(done.stdout)
        except ValueError as error:
            raise PermanentError(f"the model ended its process ({done.returncode})") from error
        if kind := KINDS.get(told.get("kind", "")):
            raise kind(told["reason"])
        return told


def _loaded(folder: Path | None) -> Registry:
    """Return the models as they lie there; hashed anew where a file has changed."""
    if folder is None or not folder.is_dir():
        return _read(None, ())
    files = sorted(one for one in folder.iterdir() if one.name.endswith((".onnx", ".card.json")))
    return _read(folder, tuple((one.name, (at := one.stat()).st_size, at.st_mtime_ns) for one in files))


@lru_cache(maxsize=1)
def _read(folder: Path | None, _files: tuple[tuple[str, int, int], ...]) -> Registry:
    return registry.load(folder)
