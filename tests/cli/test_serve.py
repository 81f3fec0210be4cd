"""`make run` opens a house, keeps it open, and leaves nothing behind, however it ends."""

import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from app.core.clock import monotonic, pause
from app.settings import ROOT

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("supervisor")]
OPEN_SECONDS = 40.0
GONE_SECONDS = 3.5  # the supervisor's promise after kill -9
STEP_SECONDS = 0.02
SETTINGS = sorted(str(one.relative_to(ROOT)) for one in (ROOT / "app/settings").glob("*.py"))
FACTORY = """
import json
from flask import Flask
from app.core.db import db
from app.settings import current

def create_app():
    app, now = Flask(__name__), current()
    app.config["SQLALCHEMY_DATABASE_URI"] = now.database
    db.init_app(app)
    app.add_url_rule("/readyz", view_func=lambda: "ready", endpoint="readyz")
    demo = app.cli.group("demo")(lambda: None)
    staff = [{"role": "nurse", "username": "nurse-of-the-demo", "password": "shown"}]
    shown = now.var_dir / "demo.json"
    demo.command("load")(lambda: shown.write_text(json.dumps({"staff": staff})) and None)
    demo.command("day")(lambda: __import__("signal").pause())
    app.cli.group("db")(lambda: None).command("upgrade")(lambda: None)
    return app
"""
GUNICORN = """
from app.cli import leash
from app.settings import from_environment
now = from_environment()
bind, worker_class, threads, graceful_timeout = f"{now.host}:{now.port}", "gthread", 4, 3
control_socket_disable = True
post_worker_init = lambda worker: leash.tie(parent=worker.ppid)
"""


class House:
    """A small house with the real supervisor: its app only says that it is ready."""

    def __init__(self, root: Path, port: int) -> None:
        self.var = root / "var"
        self.port = port
        self.root = root
        self.started: list[subprocess.Popen[str]] = []
        for folder in ("app/jobs", "deploy"):
            (root / folder).mkdir(parents=True)
        for shared in ("app/cli", "app/core"):
            (root / shared).symlink_to(ROOT / shared)
        for own in ("app/__init__.py", *SETTINGS, "wsgi.py", "worker.py"):
            (root / own).parent.mkdir(exist_ok=True)
            (root / own).write_text((ROOT / own).read_text(encoding="utf-8"), encoding="utf-8")
        (root / "app/factory.py").write_text(FACTORY)
        (root / "app/jobs/clock.py").write_text("import signal\n\ndef run(enter):\n    signal.pause()\n")
        (root / "deploy/gunicorn.py").write_text(GUNICORN)

    def start(self, **more: str) -> "subprocess.Popen[str]":
        """Start the supervisor on this house."""
        environ = {
            name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli.serve"],
            cwd=self.root,
            env=environ | {"VAR_DIR": str(self.var), "PORT": str(self.port)} | more,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.started.append(process)
        return process

    def is_open(self) -> bool:
        """Whether the web answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=1)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def processes(self) -> dict[int, str]:
        """Return every process that lives in this house: pid and command."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:  # the folder tells them apart: Redis writes its title over its environment
                if (folder / "cwd").readlink().is_relative_to(self.root):
                    found[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
            except OSError:
                continue
        return {pid: command for pid, command in found.items() if command}


@pytest.fixture
def house(tmp_path: Path, free_port: int) -> Iterator[House]:
    here = House(tmp_path / "house", free_port)
    yield here
    for pid in here.processes():
        os.kill(pid, signal.SIGKILL)
    for process in here.started:
        with process:
            process.kill()


def wait_for(what: Callable[[], object], seconds: float = OPEN_SECONDS) -> float:
    """Return the seconds until something holds; fail when it does not."""
    began = monotonic()
    while not what():
        assert monotonic() - began < seconds
        pause(STEP_SECONDS)
    return monotonic() - began


def test_opens_greets_refuses_a_second_and_stops_on_ctrl_c(house: House) -> None:
    supervisor = house.start()
    wait_for(house.is_open)
    wait_for(lambda: any("demo day" in command for command in house.processes().values()))

    second = house.start()
    said, _ = second.communicate()
    assert second.returncode == 1
    assert "이미 실행 중입니다" in said
    assert len(said.splitlines()) == 1

    written = (house.var / "env").read_text(encoding="utf-8")
    assert (house.var / "env").stat().st_mode & 0o777 == 0o600
    assert all(f"{name}=" in written for name in ("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "PUBLIC_URL"))

    pause(0.5)  # the greeting follows the first answer
    supervisor.send_signal(signal.SIGINT)
    said, _ = supervisor.communicate()
    assert supervisor.returncode == 0
    assert not house.processes()
    assert f"http://localhost:{house.port}" in said
    assert "nurse-of-the-demo" in said


def test_leaves_nothing_behind_when_killed(house: House) -> None:
    supervisor = house.start()
    wait_for(house.is_open)
    wait_for(lambda: sum("worker.py" in command for command in house.processes().values()) > 1)
    supervisor.kill()
    supervisor.communicate()
    wait_for(lambda: not house.processes(), GONE_SECONDS)


def test_starts_a_killed_web_and_redis_again(house: House) -> None:
    supervisor = house.start()
    wait_for(house.is_open)
    for name in ("gunicorn", "valkey-server"):
        before = {pid: command for pid, command in house.processes().items() if name in command}
        os.kill(min(pid for pid, command in before.items() if "leash.py" not in command), signal.SIGKILL)
        wait_for(partial(_is_renewed, house, name, before))
    wait_for(house.is_open)
    supervisor.terminate()
    said, _ = supervisor.communicate()
    assert "web ended" in said
    assert "redis ended" in said
    assert not house.processes()


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ({"PORT": "eight"}, "Check the settings"),
        ({"APP_ENV": "production"}, "SECRET_KEY must be your own"),
    ],
)
def test_refuses_bad_settings_in_one_sentence(house: House, setting: dict[str, str], sentence: str) -> None:
    supervisor = house.start(**setting)
    said, _ = supervisor.communicate()
    assert supervisor.returncode == 1
    assert sentence in said
    assert len(said.splitlines()) == 1


def test_refuses_a_port_in_use_in_one_sentence(house: House) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", house.port))
        other.listen()
        supervisor = house.start()
        said, _ = supervisor.communicate()
    assert supervisor.returncode == 1
    assert f"{house.port}번 포트" in said
    assert len(said.splitlines()) == 1
    assert not house.processes()


def test_a_database_that_cannot_be_prepared_ends_in_one_sentence(house: House) -> None:
    factory = house.root / "app/factory.py"
    fine, broken = 'command("upgrade")(lambda: None)', 'command("upgrade")(lambda: 1 / 0)'
    factory.write_text(factory.read_text().replace(fine, broken))
    supervisor = house.start()
    said, _ = supervisor.communicate()
    assert supervisor.returncode == 1
    assert "ZeroDivisionError" in said
    assert len(said.splitlines()) == 1
    assert not house.processes()


def _is_renewed(house: House, name: str, before: dict[int, str]) -> bool:
    now = {pid for pid, command in house.processes().items() if name in command and "leash.py" not in command}
    return bool(now) and not now & before.keys()
