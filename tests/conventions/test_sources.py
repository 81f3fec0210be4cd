"""What imports cannot show: one place commits, one place asks for the time, one place reads the environment."""

from ast import Module, get_docstring
from collections.abc import Callable, Iterator

import pytest

from tests.conventions.sources import attributes, called, coroutines, imported, trees

# Parsing takes seconds: one test process does it for all.
pytestmark = pytest.mark.xdist_group("sources")
TIMES = {
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "time.time",
    "time.monotonic",
    "time.perf_counter",
    "time.sleep",
}
ENTRANCES = {"app/settings/loading.py", "wsgi.py", "app/cli/serve.py", "deploy/gunicorn.py"}
# A second context inside one that is open would have a session of its own: a unit of work in two halves.
CONTEXTS = {
    "worker.py": "each job and the clock begin their own",
    "app/factory.py": "the hub's rounds, each on its own thread",
    "app/web/dicomweb/fetching.py": "the rest of a long answer, fetched when its request is over",
}


def stray(
    what: Callable[[Module], Iterator[tuple[str, int]]], names: set[str], allowed: set[str]
) -> list[str]:
    return [
        f"{path}:{line} {name}"
        for path, tree in trees().items()
        if path not in allowed
        for name, line in what(tree)
        if name in names
    ]


def test_only_the_unit_of_work_commits_and_rolls_back() -> None:
    assert not stray(called, {"commit", "rollback"}, {"app/core/transaction.py"})


def test_only_the_clock_asks_the_machine_for_the_time() -> None:
    assert not stray(attributes, TIMES, {"app/core/clock.py"})
    assert not stray(imported, TIMES | {"time"}, {"app/core/clock.py"})


def test_only_settings_and_the_entrances_read_the_environment() -> None:
    assert not stray(attributes, {"os.environ", "os.getenv", "os.putenv"}, ENTRANCES)
    assert not stray(imported, {"os.environ", "os.getenv"}, set())


def test_only_entrances_open_an_application_context() -> None:
    assert not stray(called, {"app_context", "test_request_context"}, set(CONTEXTS))


def test_every_function_is_plain() -> None:
    """`app/door/house.py` does not ask: a coroutine would be handed to the browser instead of its answer."""
    assert not {path: found for path, tree in trees().items() if (found := list(coroutines(tree)))}


def test_no_room_is_named_after_nothing() -> None:
    nothing = {"utils", "helpers", "common", "misc", "manager"}
    assert not [path for path in trees() if nothing & {*path.removesuffix(".py").split("/")}]


def test_no_file_is_a_house_of_its_own() -> None:
    long = {path: tree.body[-1].end_lineno or 0 for path, tree in trees().items() if tree.body}
    assert not {path: lines for path, lines in long.items() if lines > 500}


def test_every_module_says_what_it_promises() -> None:
    silent = [path for path, tree in trees().items() if not get_docstring(tree)]
    assert not silent
