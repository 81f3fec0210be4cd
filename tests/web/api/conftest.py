"""Partners at the API, on the small hospital; the same with a pharmacy."""

import pytest
from flask import Flask

from tests.hospital import Hospital
from tests.web.api.partner import Partners
from tests.web.api.pharmacy import ApiPharmacy


@pytest.fixture
def partners(sqlite_app: Flask, hospital: Hospital) -> Partners:
    """Give those who come with tokens, on SQLite."""
    return Partners(sqlite_app, hospital)


@pytest.fixture
def shop(sqlite_app: Flask, hospital: Hospital) -> ApiPharmacy:
    """Give the pharmacy and its partners, on SQLite."""
    return ApiPharmacy(sqlite_app, hospital)


@pytest.fixture
def each_shop(app: Flask, hospital: Hospital) -> ApiPharmacy:
    """Give the pharmacy and its partners, on each database."""
    return ApiPharmacy(app, hospital)
