"""The ward page: pages per second against the same page in Django, /healthz as the limit, and its statements."""

import json
import subprocess
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from app.settings import ROOT
from benchmarks import house, machine
from benchmarks.house import NURSE
from benchmarks.report import Section
from benchmarks.servers import OURS, PEERS, Server, gunicorn, serving
from tests.cast import PASSWORD
from tests.pages import TOKEN

CLIENTS, WAITING, ROOMS = 8, 30, 3
OWN_STATEMENTS, ALL_STATEMENTS = 3, 7
THREADS = 256
WARM_UP_SECONDS = 0.5
LOAD_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Page:
    """One page under load: where, whose sessions, and a word that shows that it is the right one."""

    name: str
    server: Server
    path: str
    cookies: tuple[str, ...]
    marker: str


def ward_page(folder: Path, *, seconds: float, repetitions: int) -> Section:
    """Measure pages in turn, all servers on one core, all clients on the others."""
    section = Section(
        "ward page",
        f"/ward with {WAITING} waiting, {CLIENTS} signed-in keep-alive clients, one process, SQLite",
    )
    with ExitStack() as running:
        pages = [*_annae(folder, running), *_django(folder, running)]
        for page in pages:
            _load(page, WARM_UP_SECONDS)
        for turn in range(repetitions):
            for page in pages[turn % len(pages) :] + pages[: turn % len(pages)]:
                section.add(page.name, **_load(page, seconds))
    section.compare("pages per second: annae / django", "annae", "django", "per_second", at_least=1.5)
    section.compare(
        "pages per second: annae / django with audit row", "annae", "django, audit row", "per_second"
    )
    section.compare("pages per second: annae / its own healthz", "annae", "annae healthz", "per_second")
    section.compare("CPU per page: annae / django", "annae", "django", "cpu_ms_per_page")
    section.compare(
        "CPU per page: annae / django with audit row", "annae", "django, audit row", "cpu_ms_per_page"
    )
    section.compare("p99: annae / django", "annae", "django", "p99_ms")
    section.notes.append(
        "Every view of our page writes who saw whom (a transaction of its own) before the answer leaves; "
        "plain Django writes nothing, `django, audit row` inserts one row as we do."
    )
    section.notes.append(
        "Django's template has no translations, no URL reversing and its icons inline; ours has gettext and macros."
    )
    return section


def statements(folder: Path, *, crowds: tuple[int, ...]) -> Section:
    """Count the ward page's statements, however many wait."""
    section = Section("statements", "SQL statements of the ward page")
    counted = house.elsewhere(house.statements, f"sqlite:///{folder / 'counted.db'}", folder, crowds)
    for crowd, (own, whole) in counted.items():
        section.add(f"{crowd} waiting", own=own, with_session_and_audit=whole)
        if own > OWN_STATEMENTS or whole > ALL_STATEMENTS:
            section.faults.append(f"{own} of its own and {whole} in all with {crowd} waiting")
    section.notes.append(
        f"At most {OWN_STATEMENTS} of its own and {ALL_STATEMENTS} in all, however many wait."
    )
    return section


def _annae(folder: Path, running: ExitStack) -> list[Page]:
    url = f"sqlite:///{folder / 'annae.db'}"
    prepared = house.elsewhere(house.prepare, url, folder, WAITING, ROOMS)
    command = gunicorn(OURS, "wsgi:app", "-c", "deploy/gunicorn.py")
    environ = {**house.environment(url, folder), "THREADS": str(THREADS)}
    server = running.enter_context(serving(command, log=folder / "annae.log", **environ))
    cookies = tuple(_signed_in(server.port) for _ in range(CLIENTS))
    return [
        Page("annae", server, f"/ward/{prepared.queue}", cookies, "data-row"),
        Page("annae healthz", server, "/healthz", cookies, "ok"),
    ]


def _django(folder: Path, running: ExitStack) -> list[Page]:
    environ = {"BENCH_SQLITE": str(folder / "django.db"), "PYTHONPATH": str(ROOT)}
    command: Sequence[str | Path] = [PEERS, "-m", "benchmarks.peers.django_site", str(WAITING), str(CLIENTS)]
    made = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    if made.returncode:
        raise RuntimeError(made.stderr[-800:])
    queue, *cookies = made.stdout.split()
    threads = ("--threads", str(THREADS), "--worker-connections", str(THREADS + 1000))
    server = running.enter_context(
        serving(
            gunicorn(PEERS, "benchmarks.peers.django_site:application", *threads),
            log=folder / "django.log",
            **environ,
        )
    )
    return [
        Page("django", server, f"/ward/{queue}", tuple(cookies), "data-row"),
        Page("django, audit row", server, f"/audited/{queue}", tuple(cookies), "data-row"),
    ]


def _signed_in(port: int) -> str:
    """Sign a nurse in as a browser does; return the cookies."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as browser:
        token = TOKEN.search(browser.get("/login").text)
        if token is None:
            raise RuntimeError("the log-in page carries no CSRF token")
        form = {"csrf_token": token[1], "username": NURSE, "password": PASSWORD}
        browser.post("/login", data=form)
        return "; ".join(f"{name}={value}" for name, value in browser.cookies.items())


def _load(page: Page, seconds: float) -> dict[str, float]:
    asked: dict[str, Any] = {
        "port": page.server.port,
        "pids": page.server.pids,
        "paths": [page.path],
        "cookies": page.cookies,
        "marker": page.marker,
        "seconds": seconds,
    }
    command: Sequence[str | Path] = [OURS, "-m", "benchmarks.load", json.dumps(asked)]
    with machine.beside(servers=False):
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=LOAD_SECONDS + seconds, check=False
        )
    if done.returncode:
        raise RuntimeError(f"{page.name}: {done.stderr[-600:]}")
    return dict(json.loads(done.stdout))
