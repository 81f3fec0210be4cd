"""A fresh database for each test that walks migrations."""

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pymysql
import pytest
from flask import Flask

from app import settings
from app.core.db import db
from app.factory import create_app


@pytest.fixture
def new_database(request: pytest.FixtureRequest) -> Callable[[], str]:
    """Return what makes an empty database on the run's private MariaDB, and gives its address."""

    def make() -> str:
        server = urlsplit(request.getfixturevalue("service")("mariadb"))
        name = f"annae_migrated_{uuid4().hex[:12]}"
        with (
            pymysql.connect(host=server.hostname, port=server.port or 0, user="root") as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")
        return f"{server.geturl()}/{name}?charset=utf8mb4"

    return make


@pytest.fixture
def empty(request: pytest.FixtureRequest, tmp_path: Path, new_database: Callable[[], str]) -> Iterator[Flask]:
    """Give the application on an empty database of its own."""
    before = settings.current()
    url = f"sqlite:///{tmp_path / 'annae.db'}" if request.param == "sqlite" else new_database()
    values = {"APP_ENV": "test", "SECRET_KEY": "k" * 40, "DATABASE_URL": url, "VAR_DIR": str(tmp_path)}
    flask = create_app(settings.load(values))
    with flask.app_context():
        yield flask
        db.session.remove()
        db.engine.dispose()
    settings.use(before)
