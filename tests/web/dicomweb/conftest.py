"""The gate on SQLite, with an archive of its own."""

from pathlib import Path

import pytest
from flask import Flask

from app import settings
from tests.hospital import Hospital
from tests.web.dicomweb.gallery import Gallery


@pytest.fixture
def gallery(sqlite_app: Flask, hospital: Hospital, tmp_path: Path) -> Gallery:
    """Give two wards' studies, kept in this test's own folder."""
    settings.use(settings.current().model_copy(update={"var_dir": tmp_path}))
    return Gallery(sqlite_app, hospital)
