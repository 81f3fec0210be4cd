"""`make run`: one supervisor that opens the house, keeps it open and leaves nothing behind."""

import fcntl
import http.client
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from app.cli import gate
from app.cli.children import Child
from app.cli.embedded import House, furnish, set_aside_redis_data, write_env
from app.cli.greeting import greeting
from app.core.clock import monotonic
from app.settings import ROOT, SettingsError

TICK_SECONDS = 0.1
WEB = (sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.py", "wsgi:app")
FALLS_BEFORE_GIVING_UP = 3
PATIENCE_SECONDS = {"web": 5.0, "worker": 4.0, "clock": 3.0, "demo": 2.0, "redis": 4.0}


class RefusedStartError(Exception):
    """A start that ends in one clear sentence."""

    def __init__(self, korean: str, english: str) -> None:
        super().__init__(f"{korean}  {english}")


class Supervisor:
    """Starts the children in order, starts the fallen again, stops them in reverse with Redis last."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.children: list[Child] = []
        self.stopping = threading.Event()
        self.impatient = False
        self.ready = False

    def run(self) -> None:
        """Open, watch until a signal asks to stop, close. Raise RefusedStartError when it cannot open."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._asked_to_stop)
        began = monotonic()
        try:
            if self.house.redis_command:
                self._start("redis", self.house.redis_command)
            # Loading the app costs as much as preparing does: the web loads meanwhile and waits at the gate.
            path = self.house.settings.var_dir / "gate"
            with gate.shut(path):
                self._start("web", WEB, {gate.VARIABLE: str(path)})
                self._prepare()
            for name, command in self._residents():
                self._start(name, command)
            while not self.stopping.wait(TICK_SECONDS):
                self._tend()
                if not self.ready and self._answers():
                    self.ready = True
                    self._greet(monotonic() - began)
        finally:
            self._close()

    def _residents(self) -> Iterator[tuple[str, Sequence[str]]]:
        if self.stopping.is_set():
            return
        yield "clock", _python("worker.py", "--clock")
        if self.house.settings.redis_url:
            yield "worker", _python("worker.py")
        if self.house.settings.demo_day:
            yield "demo", _python("-m", "flask", "demo", "day")

    def _prepare(self) -> None:
        """Migrate and load the demo in a child: the supervisor itself stays small."""
        child = self._start("prepare", _python("worker.py", "--prepare"))
        while child.code is None and not self.stopping.wait(TICK_SECONDS / 4):
            pass
        if child.code:
            raise RefusedStartError(
                f"데이터베이스를 준비하지 못했습니다: {child.last_words()}",
                f"The database could not be prepared; see {child.log}.",
            )
        if child.code == 0:
            self.children.remove(child)

    def _start(self, name: str, command: Sequence[str], environ: Mapping[str, str] | None = None) -> Child:
        child = Child(
            name,
            command,
            cwd=ROOT,
            environ={**self.house.environ, **(environ or {})},
            log=self.house.settings.var_dir / "log" / f"{name}.log",
            patience=PATIENCE_SECONDS.get(name, 2.0),
        )
        self.children.append(child)
        child.start()
        return child

    def _tend(self) -> None:
        for child in self.children:
            code = child.code
            if not child.tend():
                continue
            if child.name == "redis" and child.falls == FALLS_BEFORE_GIVING_UP:
                set_aside_redis_data(self.house.settings.var_dir)
            if child.name == "web" and not self.ready and child.falls == FALLS_BEFORE_GIVING_UP:
                raise RefusedStartError(
                    f"화면 서버가 시작되지 않습니다: {child.last_words()}",
                    f"The web server does not start; see {child.log}.",
                )
            wait = f"{child.pause_seconds:.1f}"
            say(
                f"{child.name} 프로세스가 멈췄습니다({code}). {wait}초 뒤 다시 시작합니다.",
                f"{child.name} ended ({code}) and starts again in {wait} s; see {child.log}.",
            )

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(_reachable(self.house), self.house.settings.port, timeout=1)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _greet(self, seconds: float) -> None:
        now = self.house.settings
        demo_file = now.var_dir / "demo.json" if now.demo else Path(os.devnull)
        say(greeting(now.public_url, demo_file, seconds=seconds, with_redis=bool(now.redis_url)))

    def _asked_to_stop(self, number: int, _frame: object) -> None:
        # A second Ctrl-C means: now. (A closing terminal sends HUP and TERM; that is not impatience.)
        self.impatient = number == signal.SIGINT and self.stopping.is_set()
        self.stopping.set()

    def _close(self) -> None:
        # All are asked at once, newest first: the slowest decides how long it takes. Redis outlasts them.
        guests = [child for child in reversed(self.children) if child.name != "redis"]
        hosts = [child for child in self.children if child.name == "redis"]
        for group in (guests, hosts):
            for child in group:
                child.ask_to_stop()
            for child in group:
                child.wait_until_stopped(lambda: self.impatient)


@contextmanager
def alone(var: Path) -> Iterator[None]:
    """Hold `var/` for this supervisor: two on one folder would share one append-only file unknowingly."""
    with (var / "supervisor.lock").open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise RefusedStartError(
                f"이미 실행 중입니다({var}). 먼저 끝내거나 VAR_DIR을 다르게 지정하세요.",
                f"Already running on {var}: stop it first, or set another VAR_DIR.",
            ) from error
        yield


def probe_port(house: House) -> None:
    """Refuse a port that somebody else holds, before anything is started."""
    host, port = house.settings.host, house.settings.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError as error:
            raise RefusedStartError(
                f"{port}번 포트는 관리자만 쓸 수 있습니다. 1024 이상을 지정하세요. 예: PORT=8000 make run",
                f"Port {port} needs an administrator: choose one above 1023, as in PORT=8000.",
            ) from error
        except OSError as error:
            raise RefusedStartError(
                f"{port}번 포트를 쓸 수 없습니다({host}: {error.strerror}). "
                f"다른 포트를 지정하세요. 예: PORT={port + 1} make run",
                f"Port {port} of {host} is not free: choose another, as in PORT={port + 1} make run.",
            ) from error


def say(*sentences: str) -> None:
    """Print sentences on one line, at once."""
    sys.stdout.write("  ".join(sentences) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Open the house of this environment."""
    try:
        house = furnish(os.environ)
        (house.settings.var_dir / "log").mkdir(mode=0o700, exist_ok=True)
        with alone(house.settings.var_dir):
            probe_port(house)
            write_env(house)
            Supervisor(house).run()
    except SettingsError as refused:
        sys.exit(f"설정을 확인해 주세요.  Check the settings: {refused}")
    except RefusedStartError as refused:
        sys.exit(str(refused))


def _python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]


def _reachable(house: House) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(house.settings.host, house.settings.host)  # noqa: S104


if __name__ == "__main__":
    main()
