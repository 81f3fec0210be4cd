"""The gate as it is deployed: web processes, the deployed nginx in front, a real Orthanc behind; all of our own."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import httpx

from app import settings
from app.accounts import services as accounts
from app.core.actor import SYSTEM
from app.core.db import db
from app.settings import ROOT, load
from tests.cast import PASSWORD
from tests.conftest import SECRET, SqliteStage
from tests.pages import TOKEN
from tests.services import nginx
from tests.services.found import NGINX, ORTHANC
from tests.services.private import (
    ORTHANC_KEY,
    ORTHANC_PASSWORD,
    ORTHANC_USER,
    Servers,
    free_port,
)

WEB_SECONDS = 90.0  # the whole house is imported, by each process
HIDDEN_PASSWORD = f'proxy_set_header Authorization "{ORTHANC_KEY}";\n'


@dataclass
class Gate:
    """What runs, and what may be done to it."""

    stage: SqliteStage
    folder: Path
    servers: Servers
    archive: str  # Orthanc's own address
    front: str = ""  # nginx
    behind: str = ""  # the web process itself
    _nginx: "subprocess.Popen[bytes] | None" = None
    _orthanc: "subprocess.Popen[bytes] | None" = None
    _browsers: dict[str, httpx.Client] = field(default_factory=dict)

    def settings(self) -> dict[str, str]:
        """Return how the web process is set."""
        return {
            "APP_ENV": "test",
            "SECRET_KEY": SECRET,
            "DATABASE_URL": f"sqlite:///{self.stage.file}",
            "PUBLIC_URL": "http://127.0.0.1",
            "VAR_DIR": str(self.folder / "var"),
            "LOG_LEVEL": "WARNING",
            "PROXIES": "1",
            "PROCESS_ROLE": "pages",
            "ORTHANC_URL": self.archive,
            "ORTHANC_USER": ORTHANC_USER,
            "ORTHANC_PASSWORD": ORTHANC_PASSWORD,
            "DICOM_DELIVERY": "x-accel",
        }

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Be in the house: its services on its database and its archive."""
        before = settings.current()
        settings.use(load(self.settings()))
        with self.stage.app.app_context():
            yield
            db.session.remove()
            db.engine.dispose()
        settings.use(before)

    def hire_radiology(self) -> None:
        """Let Mia work here, who sees every study. To be called inside."""
        accounts.create_staff("mia", "Mia", "radiology", PASSWORD, by=SYSTEM)

    def asked(self, statement: str) -> list[Any]:
        """Ask the database, or write to it, past the house."""
        with closing(sqlite3.connect(self.stage.file, timeout=10)) as connection, connection:
            return connection.execute(statement).fetchall()

    def browser(self, name: str) -> httpx.Client:
        """Return the browser of somebody, signed in through nginx."""
        if name not in self._browsers:
            opened = httpx.Client(base_url=self.front, timeout=20, trust_env=False)
            if name != "eve":
                token = TOKEN.search(opened.get("/login").text)
                assert token
                form = {"csrf_token": token[1], "username": name, "password": PASSWORD}
                assert opened.post("/login", data=form).status_code == 303
            self._browsers[name] = opened
        return self._browsers[name]

    def ask(self, name: str, path: str, **headers: str) -> httpx.Response:
        """Ask for an address as somebody."""
        return self.browser(name).get(path, headers=headers)

    def close(self) -> None:
        """Let all browsers go."""
        for one in self._browsers.values():
            one.close()
        self._browsers.clear()

    def archive_pid(self) -> int:
        """Return the process that the leash of Orthanc holds."""
        assert self._orthanc is not None
        pid = self._orthanc.pid
        return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])

    def stop_archive(self) -> None:
        """Let the archive end."""
        assert self._orthanc is not None
        self._orthanc.terminate()
        self._orthanc.wait()

    def start_archive(self) -> None:
        """Let the archive run, with what it had before."""
        folder = self.folder / "orthanc"
        asked = Request(f"{self.archive}/system", headers={"Authorization": ORTHANC_KEY})  # noqa: S310 - ours
        self._orthanc = self.servers.run(
            [ORTHANC.path(), str(folder / "orthanc.json")],
            folder / "log",
            lambda: urlopen(asked, timeout=5).close(),  # noqa: S310 - ours
        )

    def start(self, *more: str) -> None:
        """Open: web processes, with more words for gunicorn where a test has some, then nginx before them."""
        web, front = free_port(), free_port()
        command = [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "deploy" / "gunicorn.py"), *more]
        environment = {**self.settings(), "HOST": "127.0.0.1", "PORT": str(web), "THREADS": "16"}
        self.behind, self.front = f"http://127.0.0.1:{web}", f"http://127.0.0.1:{front}"
        self.servers.run(
            ["env", *(f"{name}={value}" for name, value in environment.items()), *command, "wsgi:app"],
            self.folder / "web.log",
            lambda: urlopen(f"{self.behind}/healthz", timeout=WEB_SECONDS).close(),  # noqa: S310 - ours
            seconds=WEB_SECONDS,
        )
        self._nginx = self.servers.run(
            [*_nginx(self.folder, web, front, self.archive), "-g", "daemon off;"],
            self.folder / "nginx.log",
            lambda: urlopen(f"{self.front}/healthz", timeout=5).close(),  # noqa: S310 - ours
        )

    def tell_nginx(self, password_line: str) -> None:
        """Give nginx another password for the archive."""
        (self.folder / "nginx" / "orthanc" / "authorization.conf").write_text(password_line)
        assert self._nginx is not None
        pid = int((self.folder / "nginx" / "nginx.pid").read_text())
        os.kill(pid, signal.SIGHUP)


@contextmanager
def opened(folder: Path) -> Iterator[Gate]:
    """Open a gate in a folder of its own. Raise MissingError."""
    folder.mkdir(parents=True, exist_ok=True)
    servers = Servers()
    shm = Path("/dev/shm")  # noqa: S108 - an audit row should not wait for a disk; the name is this folder's
    file = (shm if shm.is_dir() else folder) / f"annae-gate-{os.getpid()}-{folder.name}.db"
    before = settings.current()
    stage = SqliteStage(file, folder)
    gate = Gate(stage, folder, servers, servers.start("orthanc", folder / "orthanc"))
    gate._orthanc = servers.started[-1]
    settings.use(before)
    try:
        yield gate
    finally:
        gate.close()
        servers.stop()
        stage.close()
        for one in file.parent.glob(f"{file.name}*"):
            with suppress(FileNotFoundError):
                one.unlink()


def _nginx(folder: Path, web: int, front: int, archive: str) -> list[str]:
    own = folder / "nginx"
    (own / "orthanc").mkdir(parents=True)
    (own / "orthanc" / "authorization.conf").write_text(HIDDEN_PASSWORD)
    places: Mapping[str, str] = {
        "web:8000": f"127.0.0.1:{web}",
        "live:8001": f"127.0.0.1:{web}",
        "orthanc:8042": archive.removeprefix("http://"),
        "listen 80 default_server;": f"listen 127.0.0.2:{front};",
        "listen 443 ssl default_server backlog=1024;": f"listen 127.0.0.1:{front};",
        "/srv/annae/var/renditions": str(folder / "var" / "renditions"),
        # Where we are root its workers would be nobody, who may not look into a test's folder.
        "worker_processes auto;": "worker_processes 2;" + " user root;" * (os.geteuid() == 0),
    }
    return [NGINX.path(), "-c", str(nginx.rendered(own, places, is_tls=False)), "-p", str(own)]
