"""The pharmacy of the orders' tests."""

import pytest
from flask import Flask

from tests.hospital import Hospital
from tests.integration.orders.pharmacy import Pharmacy


@pytest.fixture
def quick(sqlite_app: Flask, hospital: Hospital) -> Pharmacy:
    """Give the pharmacy on SQLite alone, for what no database decides."""
    return Pharmacy(hospital)


@pytest.fixture
def pharmacy(app: Flask, hospital: Hospital) -> Pharmacy:
    """Give the pharmacy on each database."""
    return Pharmacy(hospital)
