"""The stage of the alerts' tests: the hospital, and a kiosk that is paired."""

import pytest
from flask import Flask

from app.core.actor import Actor
from tests.hospital import Hospital
from tests.integration.alerts.night import kiosk_of
from tests.integration.journey.scenes import Stage


@pytest.fixture
def stage(app: Flask, hospital: Hospital) -> Stage:
    """Give the hospital with a hand for every command, on each database."""
    return Stage(hospital)


@pytest.fixture
def kiosk(app: Flask, hospital: Hospital) -> Actor:
    """Give the lobby's kiosk as it acts."""
    return kiosk_of(hospital)
