"""The stage of the forecasts' tests."""

from collections.abc import Iterator

import pytest
import time_machine
from flask import Flask

from tests.hospital import Hospital
from tests.integration.waits.desk import Desk, at


@pytest.fixture
def desk(app: Flask, hospital: Hospital) -> Iterator[Desk]:
    """Give the ward at ten on a Tuesday, on each database."""
    with time_machine.travel(at("10:00"), tick=False) as traveller:
        yield Desk(hospital, traveller)


@pytest.fixture
def quick(sqlite_app: Flask, hospital: Hospital) -> Iterator[Desk]:
    """Give the same on SQLite alone, for what no database decides."""
    with time_machine.travel(at("10:00"), tick=False) as traveller:
        yield Desk(hospital, traveller)
