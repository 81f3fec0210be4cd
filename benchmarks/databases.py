"""The database server of a benchmark: the machine's own, or a private one where it has none."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pymysql
from sqlalchemy import make_url

from tests.services.found import MissingError
from tests.services.private import Servers

DATABASE = "annae_bench"


def address(server: str) -> str:
    """Return where the benchmark's own database is on a server."""
    return f"{server}/{DATABASE}?charset=utf8mb4"


@contextmanager
def mariadb(url: str, folder: Path, notes: list[str]) -> Iterator[str]:
    """Yield a server's address: the one given where it answers, else a private one, else nothing, visibly."""
    with suppress(pymysql.MySQLError):
        empty(url)
        notes.append("MariaDB: the machine's own, with its durability settings.")
        try:
            yield url
        finally:
            _drop(url)
        return
    services = Servers()
    try:
        private = services.start("mariadb", folder / "mariadb")
        notes.append("MariaDB: a private one that does not wait for the disk.")
        yield private
    except MissingError as error:
        notes.append(f"MariaDB was not measured: {error}")
        yield ""
    finally:
        services.stop()


def empty(url: str) -> None:
    """Make the benchmark's own database anew."""
    _drop(url)
    _execute(url, f"CREATE DATABASE `{DATABASE}` CHARACTER SET utf8mb4")


def _drop(url: str) -> None:
    _execute(url, f"DROP DATABASE IF EXISTS `{DATABASE}`")


def _execute(url: str, statement: str) -> None:
    server = make_url(url)
    with (
        pymysql.connect(
            host=server.host,
            port=server.port or 3306,
            user=server.username,
            password=server.password or "",
            connect_timeout=5,
        ) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
