"""Servers under test: started on free ports on one core, awaited, ended by their own process ids."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from app.cli import leash
from app.core.clock import monotonic, pause
from app.settings import ROOT
from benchmarks import machine
from tests.services.private import Servers, free_port

OURS = Path(sys.executable)
PEERS = ROOT / ".venv-bench" / "bin" / "python"
START_SECONDS, STOP_SECONDS = 40.0, 10.0


class NotStartedError(RuntimeError):
    """A server that did not come up, with its last words."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    port: int
    pid: int

    @property
    def pids(self) -> list[int]:
        """Return the processes that serve."""
        return machine.family(self.pid)


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """Run a private Redis beside the clients; yield its address."""
    services = Servers()
    try:
        with machine.beside(servers=False):
            yield services.start("redis", folder / "redis")
    finally:
        services.stop()


@contextmanager
def serving(command: Callable[[int], Sequence[str | Path]], *, log: Path, **environ: str) -> Iterator[Server]:
    """Run `command(port)`, wait until it listens, and end it afterwards."""
    port = free_port()
    with log.open("wb") as words, machine.beside(servers=True):
        process = subprocess.Popen(
            leash.holding([str(part) for part in command(port)]),
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", **environ},
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
            start_new_session=True,
        )
    try:
        _await(process, port, log)
        yield Server(port, _served_by(process.pid))
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def gunicorn(python: Path, application: str, *options: str) -> Callable[[int], Sequence[str | Path]]:
    """Return the command of one gthread process with the product's settings, for us and for peers."""
    return lambda port: [
        *(python, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--worker-class", "gthread"),
        *("--workers", "1", "--keep-alive", "15", "--log-level", "warning", *options, application),
    ]


def _await(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = monotonic() + START_SECONDS
    while monotonic() < end and process.poll() is None:
        # A master listens before its worker can serve: only an answer, whatever it says, is a sign of life.
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=START_SECONDS) as line:
            line.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            if line.recv(1):
                return
        pause(0.05)
    raise NotStartedError(log.read_text(errors="replace")[-800:])


def _served_by(pid: int) -> int:
    """Return the process that the leash holds."""
    held = machine.family(pid)
    return held[1] if len(held) > 1 else held[0]
