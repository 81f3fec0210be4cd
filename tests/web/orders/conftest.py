"""The ward of the tests of orders' pages."""

import pytest
from flask import Flask

from tests.hospital import Hospital
from tests.web.orders.scenes import Ward


@pytest.fixture
def ward(sqlite_app: Flask, hospital: Hospital) -> Ward:
    """Give the ward with its catalogue, on SQLite alone: what the database decides is tested below the pages."""
    return Ward(hospital)
