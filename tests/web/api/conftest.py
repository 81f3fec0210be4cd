"""Partners at the API, on the small hospital."""

import pytest
from flask import Flask

from tests.hospital import Hospital
from tests.web.api.partner import Partners


@pytest.fixture
def partners(sqlite_app: Flask, hospital: Hospital) -> Partners:
    """Give those who come with tokens, on SQLite."""
    return Partners(sqlite_app, hospital)
