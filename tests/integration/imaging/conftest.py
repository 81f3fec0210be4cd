"""Studies that come in: to the house's own archive, or to a real Orthanc."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from app import settings
from app.imaging import consumers
from app.imaging.archive import Archive, FileArchive, Orthanc
from app.settings import load
from tests.conftest import SECRET
from tests.services.private import ORTHANC_PASSWORD, ORTHANC_USER


@pytest.fixture(autouse=True)
def _consumers() -> None:
    """Let whoever takes promises of studies be there, whatever a test before this has forgotten."""
    consumers.register_consumers()


@pytest.fixture
def own_var(sqlite_app: Flask, tmp_path: Path) -> Path:
    """Let the house keep its files in a folder of this test's own."""
    settings.use(settings.current().model_copy(update={"var_dir": tmp_path}))
    return tmp_path


@pytest.fixture
def with_orthanc(own_var: Path, orthanc_url: str) -> Orthanc:
    """Let the house keep its pictures in the private Orthanc."""
    values = {
        "APP_ENV": "test",
        "SECRET_KEY": SECRET,
        "VAR_DIR": str(own_var),
        "DATABASE_URL": settings.current().database_url,
        "ORTHANC_URL": orthanc_url,
        "ORTHANC_USER": ORTHANC_USER,
        "ORTHANC_PASSWORD": ORTHANC_PASSWORD,
    }
    settings.use(load(values))
    return Orthanc(orthanc_url, ORTHANC_USER, ORTHANC_PASSWORD)


@pytest.fixture(params=["files", pytest.param("orthanc", marks=pytest.mark.orthanc)])
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Archive:
    """Give each archive in turn, under the same contract."""
    if request.param == "files":
        return FileArchive(tmp_path / "archive")
    url = request.getfixturevalue("orthanc_url")
    return Orthanc(url, ORTHANC_USER, ORTHANC_PASSWORD)


@pytest.fixture
def real_files() -> Callable[[str], list[Path]]:
    """Give the real files of a folder, where this machine has them."""
    folder = os.environ.get("ANNAE_TEST_DICOM_DIR")

    def of(name: str) -> list[Path]:
        if not folder or not Path(folder, name).is_dir():
            pytest.skip("ANNAE_TEST_DICOM_DIR names no folder with real files")
        return sorted(Path(folder, name).glob("*.dcm"))

    return of
