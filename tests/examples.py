"""How many examples a property is shown: a quarter in `make test`, which leaves the slow out, else all."""

import pytest
from hypothesis import settings

SHARE, FEWEST, USUAL = 4, 20, 100
_is_brief = False


def up_to(full: int) -> int:
    """Return how many of these there is time for in this run."""
    return max(full // SHARE, FEWEST) if _is_brief else full


def pytest_configure(config: pytest.Config) -> None:
    """Look what kind of run it is, before a test is read."""
    global _is_brief  # noqa: PLW0603 - one run, one answer; decorators cannot ask for a fixture
    _is_brief = "not slow" in (config.getoption("markexpr") or "")
    # On a machine with other work an example may take its time: what is slow is measured elsewhere.
    settings.register_profile("annae", settings.default, max_examples=up_to(USUAL), deadline=None)
    settings.load_profile("annae")
