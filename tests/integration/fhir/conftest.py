"""No target of one test receives the promises of the next."""

from collections.abc import Iterator

import pytest

from app.core import relay
from app.fhir.relay import capability


@pytest.fixture(autouse=True)
def _no_target_stays() -> Iterator[None]:
    yield
    relay.clear()
    capability._asked_in_vain.clear()  # the next test's server has the same address
