"""The engine on its own server: started on a free port, ended by its process id."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(is_true: Callable[[], bool], seconds: float = 10) -> float:
    """Wait; return how long it took."""
    begin = time.monotonic()
    while not is_true():
        assert time.monotonic() - begin < seconds, "waited in vain"
        time.sleep(0.02)
    return time.monotonic() - begin


@dataclass
class Stage:
    """A running server."""

    process: subprocess.Popen[bytes]
    port: int

    @property
    def ws(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws"

    def post(self, path: str) -> dict[str, Any]:
        return self._ask("POST", path)

    def get(self, path: str = "/") -> dict[str, Any]:
        return self._ask("GET", path)

    def is_up(self) -> bool:
        with suppress(OSError):
            self.get()
            return True
        return False

    def _ask(self, method: str, path: str) -> dict[str, Any]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            assert answer.status == 200, answer.status
            return dict(json.loads(answer.read()))
        finally:
            connection.close()


@contextmanager
def staged(var: Path, *options: str, **environ: str) -> Iterator[Stage]:
    """Run the stage under gunicorn as the product does."""
    port = free_port()
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "gunicorn",
            "-c",
            "deploy/gunicorn.py",
            *options,
            "--pythonpath",
            "tests/live",
            "stage:app",
        ],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "APP_ENV": "test",
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "VAR_DIR": str(var),
            "THREADS": "96",
            **environ,
        },
    )
    stage = Stage(process, port)
    try:
        wait_until(stage.is_up)
        yield stage
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(8)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
