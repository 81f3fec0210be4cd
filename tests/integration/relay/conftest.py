"""No consumer of one test receives the promises of the next."""

from collections.abc import Iterator

import pytest

from app.core import relay


@pytest.fixture(autouse=True)
def _no_consumer_stays() -> Iterator[None]:
    yield
    relay.clear()
