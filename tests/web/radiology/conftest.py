"""The reading room in page tests: two radiologists with their browsers, and studies of patients."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.accounts import services as accounts
from app.accounts.roles import Role
from app.boards import queries as boards
from app.core.actor import SYSTEM
from app.core.transaction import release
from tests.cast import PASSWORD
from tests.hospital import Hospital
from tests.integration.imaging.reading import NORA
from tests.pages import send, sign_in


@dataclass
class ReadingRoom:
    """Nora's and Otto's browsers, and whatever else is asked of the house."""

    hospital: Hospital
    nora: FlaskClient
    otto: FlaskClient
    browser_of: Callable[[str], FlaskClient]

    def report(self, study_id: UUID) -> boards.StudyReport:
        """Return a report as radiology sees it."""
        found = boards.report_of(study_id, by=NORA)
        release()
        return found

    def post(
        self, browser: FlaskClient, study_id: UUID, deed: str, *, htmx: bool = True, **typed: Any
    ) -> TestResponse:
        """Send a form of a study's page."""
        page = f"/radiology/{study_id}"
        return send(browser, page, f"{page}/{deed}", htmx=htmx, **typed)


@pytest.fixture
def room(sqlite_app: Flask, hospital: Hospital, browser_of: Callable[[str], FlaskClient]) -> ReadingRoom:
    """Give the reading room."""

    def radiologist(name: str) -> FlaskClient:
        accounts.create_staff(name, name.title(), Role.RADIOLOGY, PASSWORD, by=SYSTEM)
        opened = sqlite_app.test_client()
        sign_in(opened, name)
        return opened

    found = ReadingRoom(hospital, radiologist("nora"), radiologist("otto"), browser_of)
    release()
    return found
