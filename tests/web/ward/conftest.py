"""Anne's page of a queue where three people wait."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.hospital import Hospital
from tests.web.ward.nurse import Ward

Browser = Callable[[str], FlaskClient]


@pytest.fixture
def ward(browser_of: Browser, hospital: Hospital) -> Ward:
    """Give Anne's page of a queue where three people wait."""
    for _ in range(3):
        hospital.waiting()
    return Ward(browser_of("anne"), hospital)
