"""Fixtures for private MariaDB, Redis, Chromium, FHIR and Orthanc: one copy per run, started when asked for."""

import os
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pymysql
import pytest

from tests.services import keeper, private
from tests.services.fhir import FhirServer
from tests.services.found import MissingError

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# fixture -> (service, marker that selects its tests)
NEEDS = {
    "mariadb_url": ("mariadb", "mariadb"),
    "redis_url": ("redis", "redis"),
    "chromium_path": ("chromium", "browser"),
    "fhir_url": ("fhir", "fhir"),
    "orthanc_url": ("orthanc", "orthanc"),
}
# Quick answers first: a wrong rule should be known before a browser has started.
ORDER = (
    "unit",
    "conventions",
    "contracts",
    "integration",
    "migrations",
    "web",
    "live",
    "jobs",
    "cli",
    "services",
)
FIRST_OF_ALL = (False, ORDER.index("integration"))
# Each test process has its own: what one subscribes to or stores would be seen by the other.
APART = {"redis", "fhir", "orthanc"}
KEEPER = pytest.StashKey[keeper.Keeper]()
ABSENT = "service is missing: "


def pytest_configure(config: pytest.Config) -> None:
    """Start the keeper in the controller; test processes find its folder in their input."""
    if not hasattr(config, "workerinput"):
        config.stash[KEEPER] = keeper.Keeper()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop everything that was started."""
    if running := config.stash.get(KEEPER, None):
        running.stop()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a test process (xdist) where to ask."""
    node.workerinput["services"] = str(node.config.stash[KEEPER].folder)


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Generator[None, None, None]:
    """Mark tests by what they need, so that `-m` can leave them out; then put quick ones first."""
    for item in items:
        for fixture, (_, marker) in NEEDS.items():
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(marker)
        if house := _house_of(item):  # it stands once, not in each test process
            item.add_marker(pytest.mark.xdist_group(house))
    yield
    items.sort(key=_rank)
    items[:] = _woven(items)
    if getattr(config.option, "loadgroup", False):
        alone = [item for item in items if item.get_closest_marker("xdist_group") and "@" not in item.nodeid]
        assert not alone, f"xdist does not keep groups together with this pytest: {alone[0].nodeid}"


def pytest_collection_finish(session: pytest.Session) -> None:
    """Ask for the services now: they start while the first tests run."""
    is_idle = session.config.option.collectonly or session.config.getoption("numprocesses", None)
    if is_idle and not hasattr(session.config, "workerinput"):
        return
    for fixture, (service, _) in NEEDS.items():
        if any(fixture in getattr(item, "fixturenames", ()) for item in session.items):
            keeper.want(_folder(session.config), _own_name(session.config, service))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Name what was not tested, and why."""
    reports = [
        report for kind in ("skipped", "failed", "error") for report in terminalreporter.stats.get(kind, [])
    ]
    for name, why in sorted(config.stash[KEEPER].missing().items()):
        count = sum(f"{ABSENT}{name}:" in str(report.longrepr) for report in reports)
        terminalreporter.section("not tested", sep="!", red=True)
        terminalreporter.write_line(
            f"{count} tests need {name}: {why}. As root, YES=1 installs it.", red=True
        )


@pytest.fixture(scope="session")
def service(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """Return what gives a service's address; where it is missing the test is skipped, in CI failed."""

    def need(name: str) -> str:
        own = _own_name(request.config, name)
        try:
            return keeper.address(_folder(request.config), own)
        except MissingError as error:
            refuse = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
            refuse(f"{ABSENT}{own}: {error}")

    return need


@pytest.fixture(scope="session")
def mariadb_url(service: Callable[[str], str], request: pytest.FixtureRequest) -> str:
    """Return an empty database of this test process's own, on the run's private MariaDB."""
    server = urlsplit(service("mariadb"))
    name = f"annae_{_process_name(request.config)}"
    with (
        pymysql.connect(host=server.hostname, port=server.port or 0, user="root") as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(f"CREATE DATABASE `{name}`")
    return f"{server.geturl()}/{name}?charset=utf8mb4"


@pytest.fixture(scope="session")
def redis_url(service: Callable[[str], str]) -> str:
    """Return a Redis of this test process's own: channels are not shared, and a start costs 40 ms."""
    return service("redis")


@pytest.fixture(scope="session")
def chromium_path(service: Callable[[str], str]) -> str:
    """Return the browser's program."""
    return service("chromium")


@pytest.fixture(scope="session")
def fhir_url(service: Callable[[str], str]) -> Iterator[str]:
    """Yield the FHIR server of this test process; when all is over, fail for each invalid resource it was sent."""
    address = service("fhir")
    yield address
    server = FhirServer(address)
    judged = server.judged()
    server.close()
    assert not judged["wrong"], f"of {judged['sent']} resources sent, invalid: {judged['wrong'][:5]}"


@pytest.fixture(scope="session")
def orthanc_url(service: Callable[[str], str]) -> str:
    """Return an Orthanc of this test process's own, with DICOMweb; its user stands in `private`."""
    return service("orthanc")


@pytest.fixture
def fhir_server(fhir_url: str) -> Iterator[FhirServer]:
    """Give the EMR: empty, healthy, and asking for no log-in."""
    server = FhirServer(fhir_url)
    server.wipe()
    yield server
    server.reset()
    server.close()


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator["Browser"]:
    """Yield a running Chromium; it goes with its file, for its loop would be in the way of another's."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - 0.5 s that only browser tests should pay

    arguments = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium_path, args=arguments)
        yield running
        running.close()


@pytest.fixture
def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    return private.free_port()


def _rank(item: pytest.Item) -> tuple[bool, int]:
    needs = {mark.name for mark in item.iter_markers()} & {marker for _, marker in NEEDS.values()}
    parts = item.path.parts
    folder = parts[parts.index("tests") + 1] if "tests" in parts[:-1] else ""
    return bool(needs), ORDER.index(folder) if folder in ORDER else len(ORDER)


def _woven(items: list[pytest.Item]) -> list[pytest.Item]:
    """Strew the files that have a house of their own among the others, the longest first.

    While one waits for its house, others compute; in a heap at the end they fought for the cores.
    """
    houses: dict[str, list[pytest.Item]] = {}
    quick: list[pytest.Item] = []
    others: list[pytest.Item] = []
    for item in items:
        if house := _house_of(item):
            houses.setdefault(house, []).append(item)
        else:
            (quick if _rank(item) < FIRST_OF_ALL else others).append(item)
    step = -(-len(others) // (len(houses) + 1))
    woven = quick
    for place, longest in enumerate(sorted(houses.values(), key=_patience)):
        woven += longest + others[place * step : (place + 1) * step]
    return woven + others[len(houses) * step :]


def _house_of(item: pytest.Item) -> str | None:
    if item.get_closest_marker("browser") or item.get_closest_marker("processes"):
        group = item.get_closest_marker("xdist_group")
        return str(group.args[0]) if group else item.path.stem
    return None


def _patience(house: list[pytest.Item]) -> tuple[float, int]:
    """Return what puts the house first whose tests may take longest."""
    waits = [mark.args[0] for item in house if (mark := item.get_closest_marker("timeout"))]
    return -max(waits, default=0), -len(house)


def _folder(config: pytest.Config) -> Path:
    return (
        Path(config.workerinput["services"])
        if hasattr(config, "workerinput")
        else config.stash[KEEPER].folder
    )


def _process_name(config: pytest.Config) -> str:
    return str(config.workerinput["workerid"]) if hasattr(config, "workerinput") else "main"


def _own_name(config: pytest.Config, service: str) -> str:
    return f"{service}-{_process_name(config)}" if service in APART else service
