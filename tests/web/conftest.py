"""Every request of a page test begins with an empty `g`, as in the house itself."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import g, request_started


@pytest.fixture(autouse=True)
def _fresh_requests() -> Iterator[None]:
    """Empty `g`: the application context of a test stays open, and Flask would lend it to all its requests."""

    def empty(_app: Any, **_more: Any) -> None:
        for name in list(g):
            g.pop(name)

    with request_started.connected_to(empty):
        yield
