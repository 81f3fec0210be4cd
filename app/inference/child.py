"""The process in which a model runs: one job on its standard input, one answer on its output, then it ends."""

import json
import os
import resource
import sys
from errno import ENOMEM
from pathlib import Path
from typing import Any, Final, TextIO

from app.inference import cards, registry
from app.inference.errors import ModelRefusedError, Refusal, TransientError, reason_of
from app.inference.findings import Result
from app.inference.registry import HeadCt, OnnxModel

TOO_LARGE: Final = str(Refusal.TOO_LARGE)


def main() -> None:
    """Do the job. Whatever a model prints goes nowhere: the answer alone stands on the output."""
    job = json.load(sys.stdin.buffer)
    with output() as out:
        bound(memory_bytes=job["memory_bytes"], seconds=job["seconds"])
        json.dump(_answer(job), out)


def output() -> TextIO:
    """Return the standard output, which from now on nobody else writes to."""
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return out


def bound(*, memory_bytes: int, seconds: int) -> None:
    """Set what this process may take: more ends it, and nothing of it is left on the disk."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes,) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds * (os.cpu_count() or 1), resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _answer(job: dict[str, Any]) -> dict[str, Any]:
    from app.inference import answers  # noqa: PLC0415 - numpy, behind the limits

    try:
        if job.get("is_check"):
            _model(job["model"]).open()
            return {"kind": "loaded"}
        return answers.written(_result(job))
    except Exception as error:  # noqa: BLE001 - the parent says it by its name
        if isinstance(error, MemoryError) or getattr(error, "errno", None) == ENOMEM:
            return {"kind": TOO_LARGE}  # with the same limit it fails again
        reason = reason_of(error)
        if isinstance(reason, ModelRefusedError):
            kind = "refused"
        else:
            kind = "transient" if isinstance(reason, TransientError) else "permanent"
        return {"kind": kind, "reason": reason.reason}


def _result(job: dict[str, Any]) -> Result:
    import numpy as np  # noqa: PLC0415 - as above

    from app.inference import handing  # noqa: PLC0415 - as above

    volume = handing.read(job["said"], np.load(job["array"], mmap_mode="r", allow_pickle=False))
    return registry.run(_model(job["model"]), volume)


def _model(path: str | None) -> HeadCt | OnnxModel:
    if path is None:
        return HeadCt(registry.built_in_card())
    return OnnxModel(cards.read(Path(path).with_suffix(".card.json")), Path(path))


if __name__ == "__main__":
    main()
