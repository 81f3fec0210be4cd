"""The stage of the journey's tests."""

import pytest
from flask import Flask

from tests.hospital import Hospital
from tests.integration.journey.scenes import Stage


@pytest.fixture
def quick(sqlite_app: Flask, hospital: Hospital) -> Stage:
    """Give the stage on SQLite alone, for what no database decides."""
    return Stage(hospital)


@pytest.fixture
def stage(app: Flask, hospital: Hospital) -> Stage:
    """Give the hospital with a hand for every command, on each database."""
    return Stage(hospital)
