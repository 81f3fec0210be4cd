"""Child processes that are started again when they fall, and that never stay behind."""

import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from app.cli import leash
from app.core.clock import monotonic, pause

SETTLED_SECONDS = 30
LONGEST_PAUSE_SECONDS = 10.0
FIRST_PAUSE_SECONDS = 0.3
STEP_SECONDS = 0.02
LOG_BYTES = 5_000_000


class Child:
    """One process of the house, on a leash, with a log of its own."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        cwd: Path,
        environ: Mapping[str, str],
        log: Path,
        patience: float,
    ) -> None:
        self.name = name
        self.command = command
        self.cwd = cwd
        self.environ = environ
        self.log = log
        self.patience = patience
        self.falls = 0
        self.due: float | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._born = 0.0

    def start(self) -> None:
        """Start the process in a session of its own, so that Ctrl-C reaches the supervisor alone."""
        self.due = None
        self._born = monotonic()
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                leash.holding(self.command),
                cwd=self.cwd,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def code(self) -> int | None:
        """The exit code, or None while it runs or before it was started."""
        return self._process.poll() if self._process else None

    def tend(self) -> bool:
        """Start a fallen child again after a pause that doubles; return True when it has just fallen."""
        if self.due is not None:
            if monotonic() >= self.due:
                self.start()
            return False
        if self.code is None:
            return False
        self._sweep()
        self.falls = 1 if monotonic() - self._born > SETTLED_SECONDS else self.falls + 1
        self.due = monotonic() + self.pause_seconds
        return True

    @property
    def pause_seconds(self) -> float:
        """Seconds until the next start, after the falls so far."""
        return float(min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** (self.falls - 1)))

    def ask_to_stop(self) -> None:
        """Send TERM."""
        if self._process and self._process.poll() is None:
            self._process.terminate()

    def wait_until_stopped(self, is_hurried: Callable[[], bool]) -> None:
        """Wait as long as this child deserves, or until hurried; then KILL it with all that it started."""
        if not self._process:
            return
        end = monotonic() + self.patience
        while self._process.poll() is None and monotonic() < end and not is_hurried():
            pause(STEP_SECONDS)
        self._sweep()
        self._process.wait()

    def last_words(self) -> str:
        """Return the last line of its log."""
        with suppress(OSError):
            lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            return lines[-1] if lines else ""
        return ""

    def _sweep(self) -> None:
        # A worker of a fallen master would keep the port: its whole group goes before the next one starts.
        if self._process:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
