"""A consumer of a test is alone: none of the house, and none of the test before."""

from collections.abc import Iterator

import pytest

from app.core import relay


@pytest.fixture(autouse=True)
def _no_consumer_stays(request: pytest.FixtureRequest) -> Iterator[None]:
    if "app" in request.fixturenames:
        request.getfixturevalue("app")
    relay.clear()
    yield
    relay.clear()
