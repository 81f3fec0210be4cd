"""A technician at the intake of images, and files kept in a folder of the test's own."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import TestResponse, encode_multipart

from app import settings
from app.accounts import services as accounts
from app.core.actor import SYSTEM
from tests.cast import PASSWORD
from tests.hospital import Hospital
from tests.pages import csrf_of, sign_in

UPLOAD = "/imaging/upload"
Send = Callable[..., TestResponse]
BrowserOf = Callable[[str], FlaskClient]


def form(files: dict[str, bytes], token: str) -> dict[str, Any]:
    """Return a form with files as a browser sends it; the test's client would leave a large one open on the disk."""
    parts = [FileStorage(BytesIO(content), filename=name) for name, content in files.items()]
    boundary, body = encode_multipart(MultiDict([("csrf_token", token), *(("files", one) for one in parts)]))
    return {"data": body, "content_type": f"multipart/form-data; boundary={boundary}"}


@pytest.fixture
def own_var(sqlite_app: Flask, tmp_path: Path) -> Path:
    """Let the house keep its files in a folder of this test's own."""
    settings.use(settings.current().model_copy(update={"var_dir": tmp_path}))
    return tmp_path


@pytest.fixture
def tech(web: Flask, hospital: Hospital, own_var: Path) -> FlaskClient:
    """Give the browser of a technician of the ward."""
    accounts.create_staff("theo", "Theo", "technician", PASSWORD, by=SYSTEM, units=["ward"])
    browser = web.test_client()
    sign_in(browser, "theo")
    return browser


@pytest.fixture
def send(tech: FlaskClient) -> Send:
    """Give what sends files by their names, as the form does without a script."""

    def of(files: dict[str, bytes]) -> TestResponse:
        return tech.post(UPLOAD, **form(files, csrf_of(tech.get(UPLOAD))))

    return of
