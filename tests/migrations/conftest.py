"""A fresh MariaDB database for each test that walks migrations."""

from collections.abc import Callable
from urllib.parse import urlsplit
from uuid import uuid4

import pymysql
import pytest


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
