"""A whole house for browsers: gunicorn on a free port, a database of its own, the small hospital inside."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from flask import Flask

from app import settings
from app.core.clock import monotonic, pause
from app.core.db import db
from app.factory import create_app
from app.journey import services as journey
from tests.cast import PASSWORD
from tests.hospital import Hospital, build
from tests.services import private

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, StorageState

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS, END_SECONDS, STEP_SECONDS = 90, 8, 0.02
# A page calls itself live before its socket speaks, for it was current when it was rendered.
HEARD = "document.addEventListener('annae:beat', () => { window.isHeard = true; });"
LOCALES = {"ko": "ko-KR", "en": "en-GB"}


@dataclass
class House:
    """A running hospital, and how people come in with their browsers."""

    url: str
    process: subprocess.Popen[bytes]
    app: Flask
    settings: settings.Settings
    hospital: Hospital
    kept: dict[str, "StorageState"] = field(default_factory=dict)

    @contextmanager
    def inside(self) -> Iterator[Hospital]:
        """Act in the house's database from the test's process; its screens follow by the hub's next look."""
        settings.use(self.settings)
        with self.app.app_context():
            yield self.hospital
            db.session.remove()

    def waiting(self, *names: str) -> list[UUID]:
        """Let patients wait for a consultation; return their visits."""
        with self.inside() as hospital:
            return [hospital.waiting("consult", name=name) for name in names]

    def link(self, visit: UUID) -> str:
        """Return the address that opens a visit on a phone."""
        with self.inside() as hospital:
            return f"{self.url}/l/{journey.issue_link(visit, by=hospital.cast.henry)}"

    @property
    def worker(self) -> int:
        """Return the process that serves."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return int(children.split()[0])


@dataclass
class Visitors:
    """Browsers in one house; whatever a page complains about is kept."""

    house: House
    browser: "Browser"
    stack: ExitStack
    complaints: list[str] = field(default_factory=list)

    def page(
        self, *, language: str = "ko", size: tuple[int, int] = (1920, 1080), keeps: str | None = None
    ) -> "Page":
        """Open a page; `keeps` names cookies that somebody brought home before."""
        context: BrowserContext = self.browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            locale=LOCALES[language],
            storage_state=self.house.kept.get(keeps) if keeps else None,
        )
        self.stack.callback(context.close)
        page = context.new_page()
        page.add_init_script(HEARD)
        page.on("console", self._listen)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def _listen(self, said: "ConsoleMessage") -> None:
        if said.type == "error":
            self.complaints.append(said.text)

    def staff(self, name: str, path: str, *, language: str = "ko") -> "Page":
        """Open a page as somebody of the cast."""
        page = self.page(language=language, keeps=name)
        if name not in self.house.kept:
            page.goto(f"{self.house.url}/login")
            page.fill("[name=username]", name)
            page.fill("[name=password]", PASSWORD)
            with page.expect_navigation():
                page.press("[name=password]", "Enter")
            self.house.kept[name] = page.context.storage_state()
        return self.live(page, path)

    def board(self) -> "Page":
        """Open the ward's board on its screen."""
        page = self.page(keeps="board")
        if "board" not in self.house.kept:
            page.goto(f"{self.house.url}/pair/{self.house.hospital.board_code}")
            with page.expect_navigation():
                page.click("main button[type=submit]")
            self.house.kept["board"] = page.context.storage_state()
        return self.live(page, f"/board/{self.house.hospital.consult}")

    def phone(self, visit: UUID) -> "Page":
        """Open a visit on the patient's phone."""
        page = self.page(size=(390, 844))
        page.goto(self.house.link(visit))
        with page.expect_navigation():
            page.click("main button[type=submit]")
        return self.live(page, "/me")

    def live(self, page: "Page", path: str) -> "Page":
        """Go to a live page and wait until its socket speaks."""
        page.goto(f"{self.house.url}{path}")
        until(page, "window.isHeard")
        return page


def until(page: "Page", is_true: str, seconds: float = 20) -> float:
    """Wait until an expression is true in the page, without eval by the page; return how long it took."""
    begin = monotonic()
    while not page.evaluate(f"() => Boolean({is_true})"):
        assert monotonic() - begin < seconds, f"waited in vain for {is_true}"
        pause(STEP_SECONDS)
    return monotonic() - begin


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Open a house for this file's tests."""
    with opened(tmp_path_factory.mktemp("house")) as house:
        yield house


@contextmanager
def opened(folder: Path) -> Iterator[House]:
    """Build the small hospital in a folder and serve it until the end."""
    port = private.free_port()
    environ = {
        "APP_ENV": "test",
        "SECRET_KEY": "a key for tests only, 32 signs and more",
        "DATABASE_URL": f"sqlite:///{folder / 'house.db'}",
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "VAR_DIR": str(folder),
        "HOST": "127.0.0.1",
        "PORT": str(port),
    }
    chosen = settings.load(environ)
    app = create_app(chosen)
    with app.app_context():
        db.create_all()
        hospital = build()
        db.session.remove()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.py", "wsgi:app"],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], **environ},
            stdout=log,
            stderr=log,
        )
    try:
        _wait_for(port, folder / "log")
        yield House(environ["PUBLIC_URL"], process, app, chosen, hospital)
    finally:
        with app.app_context():
            db.engine.dispose()
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(END_SECONDS)
        process.kill()
        process.wait()


@pytest.fixture
def visitors(house: House, browser: "Browser") -> Iterator[Visitors]:
    """Give browsers in the house; at the end no page may have complained (a strict policy is loud)."""
    with ExitStack() as stack:
        coming = Visitors(house, browser, stack)
        yield coming
    assert coming.complaints == []


def _wait_for(port: int, log: Path) -> None:
    begin = monotonic()
    while True:
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pause(0.05)
        finally:
            connection.close()
        assert monotonic() - begin < START_SECONDS, log.read_text(encoding="utf-8")[-2000:]
