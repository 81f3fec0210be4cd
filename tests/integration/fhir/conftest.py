"""No target of one test receives the promises of the next."""

from collections.abc import Iterator

import pytest

from app.core import relay


@pytest.fixture(autouse=True)
def _no_target_stays() -> Iterator[None]:
    yield
    relay.clear()
