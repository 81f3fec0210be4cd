"""The house's side of the process that reads pictures: a series goes in, a volume comes out, later its documents."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Timer
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from app import settings
from app.inference.apart import ENDED_FOR_TIME, FRUGAL, ROOT
from app.inference.errors import NotAnalysableError, PermanentError, Refusal, TransientError
from app.inference.findings import Result

if TYPE_CHECKING:
    from app.inference.volume import Volume

ARRAY, SEGMENTATION, REPORT = "volume.npy", "segmentation.dcm", "report.dcm"
SECONDS: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A result's documents; there is no segmentation where nothing was marked."""

    segmentation: bytes | None
    report: bytes


class Reader:
    """One process for one series; it ends with this context, or when it takes more than it may.

    `folder` holds the pictures, and what comes of them. Raise TransientError where another try may succeed,
    PermanentError where the pictures have ended the process.
    """

    def __init__(self, folder: Path, *, memory_bytes: int, seconds: int = SECONDS) -> None:
        self._folder, self._seconds = folder, seconds
        self._limits = {"memory_bytes": memory_bytes, "seconds": seconds}

    def __enter__(self) -> Self:
        """Start the process."""
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "app.imaging.apart.child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=ROOT,
                env={**settings.surroundings(), **FRUGAL},
            )
        except OSError as error:  # no process, no memory for one
            raise TransientError(type(error).__name__) from error
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """End it, whatever it is doing."""
        self._process.kill()
        with suppress(BrokenPipeError):
            self._process.communicate()

    def volume(self, names: Sequence[str]) -> "Volume":
        """Return the volume of the files of these names. Raise NotAnalysableError where they make none."""
        import numpy as np  # noqa: PLC0415 - only where something is measured

        from app.inference import handing  # noqa: PLC0415 - as above

        told = self._asked({**self._limits, "folder": str(self._folder), "names": list(names)})
        return handing.read(told["said"], np.load(self._folder / ARRAY, mmap_mode="r", allow_pickle=False))

    def written(self, key: str, result: Result, *, at: datetime) -> Written:
        """Return the documents of a result of the volume that was read before."""
        from app.inference import answers  # noqa: PLC0415 - numpy, only where something is measured

        told = self._asked({"key": key, "at": at.isoformat(), "result": answers.written(result)})
        return Written(
            segmentation=(self._folder / SEGMENTATION).read_bytes() if told["is_marked"] else None,
            report=(self._folder / REPORT).read_bytes(),
        )

    def _asked(self, question: Mapping[str, Any]) -> Any:
        """Send one line and wait for one; a process that is late is ended."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:  # pragma: no cover - both are pipes
            raise AssertionError
        late = Timer(self._seconds, self._process.kill)
        late.daemon = True
        late.start()
        try:
            with suppress(BrokenPipeError):
                stdin.write(json.dumps(question).encode() + b"\n")
                stdin.flush()
            line = stdout.readline()
        finally:
            late.cancel()
        try:
            told = json.loads(line)
        except ValueError:
            raise self._ended() from None
        match told.get("kind"):
            case "refused":
                raise NotAnalysableError(Refusal(told["refusal"]), **told["details"])
            case "permanent":
                raise PermanentError(told["reason"])
        return told

    def _ended(self) -> TransientError | PermanentError:
        code = self._process.wait()
        if code in ENDED_FOR_TIME:
            return TransientError(f"not read after {self._seconds} s")
        return PermanentError(f"the pictures ended the process that reads them ({code})")
