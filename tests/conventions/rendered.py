"""Which fragments a whole run has rendered: test processes report the names, the controller says what is missing."""

from typing import Any

import jinja2
import pytest

from tests.conventions.sources import fragments

SEEN = pytest.StashKey[set[str]]()
MISSING = pytest.StashKey[list[str]]()
WHOLE = {"", "not slow"}


def pytest_configure(config: pytest.Config) -> None:
    """Note each template that is fetched to be rendered, included or imported."""
    seen: set[str] = set()
    config.stash[SEEN] = seen
    fetch = jinja2.Environment.get_template

    def note(self: jinja2.Environment, name: Any, *args: Any, **kwargs: Any) -> jinja2.Template:
        if isinstance(name, str):
            seen.add(name)
        return fetch(self, name, *args, **kwargs)

    jinja2.Environment.get_template = note  # type: ignore[method-assign]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a test process has rendered."""
    node.config.stash[SEEN].update(getattr(node, "workeroutput", {}).get("rendered", ()))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Report to the controller, or fail a whole run that left a fragment out."""
    config = session.config
    seen = config.stash[SEEN]
    if hasattr(config, "workerinput"):
        config.workeroutput["rendered"] = sorted(seen)  # type: ignore[attr-defined]
    elif exitstatus == pytest.ExitCode.OK and is_whole(config):
        config.stash[MISSING] = sorted(fragments() - seen)
        if config.stash[MISSING]:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Name the fragments that no test has rendered."""
    for name in config.stash.get(MISSING, ()):
        terminalreporter.write_line(f"FAILED no test renders templates/{name}", red=True)


def is_whole(config: pytest.Config) -> bool:
    """Whether everything was asked for, and not a part of it."""
    chosen = config.getoption("keyword") or config.getoption("deselect") or config.getoption("lf")
    return (
        not chosen
        and not config.getoption("collectonly")
        and config.getoption("markexpr") in WHOLE
        and config.args == config.getini("testpaths")
    )
