"""The house for tests: the real application on SQLite and on MariaDB, a small hospital, and the cast."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, create_engine, text

from app import settings, subscribers
from app.accounts import passwords
from app.core import events, idempotency
from app.core.audit import append_only
from app.core.db import Model, db
from app.factory import create_app, register_consumers
from tests.cast import Cast
from tests.hospital import Hospital, build
from tests.pages import Browser, sign_in

pytest_plugins = ["tests.services.plugin", "tests.conventions.rendered", "tests.examples"]
SECRET = "a key for tests only, 32 signs and more"


@pytest.fixture(scope="session", autouse=True)
def _cheap_hashes() -> Iterator[None]:
    """Hash passwords in a millisecond: Argon2's cost is measured where it matters."""
    costly = passwords._hasher
    passwords._hasher = type(costly)(time_cost=1, memory_cost=1024, parallelism=1)
    passwords._nobodys.cache_clear()
    yield
    passwords._hasher = costly


class Stage:
    """One application on one database, whose hospital is built once; how it is set back, its kinds say."""

    def __init__(self, url: str, folder: Path) -> None:
        self.settings = settings.load(
            {
                "APP_ENV": "test",
                "SECRET_KEY": SECRET,
                "DATABASE_URL": url,
                "PUBLIC_URL": "http://localhost",
                "VAR_DIR": str(folder),
            }
        )
        self.app = create_app(self.settings)
        self.app.test_client_class = Browser
        with self.app.app_context():
            db.drop_all()
            db.create_all()
            with db.engine.begin() as connection:
                for statement in append_only(db.engine.dialect.name):
                    connection.execute(text(statement))
            self.hospital = build()
            db.session.remove()
            self.keep()

    def keep(self) -> None:
        """Remember the database as it is."""
        raise NotImplementedError

    def restore(self) -> None:
        """Make the database what it was when it was kept."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of the database."""
        with self.app.app_context():
            db.engine.dispose()

    def set_back(self) -> None:
        """Set everything back that a test may have changed."""
        settings.use(self.settings)
        events.react(subscribers.REACTIONS)
        register_consumers()
        idempotency.present(None)
        with self.app.app_context():
            self.restore()


class SqliteStage(Stage):
    """A file, set back by writing it anew."""

    def __init__(self, file: Path, folder: Path) -> None:
        self.file, self.content = file, b""
        super().__init__(f"sqlite:///{file}", folder)

    def keep(self) -> None:
        """Read the file, once its log is empty."""
        with db.engine.connect() as connection:
            connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        db.engine.dispose()
        self.content = self.file.read_bytes()

    def restore(self) -> None:
        """Write the file, without a log."""
        db.engine.dispose()
        for suffix in ("-wal", "-shm"):
            self.file.with_name(self.file.name + suffix).unlink(missing_ok=True)
        self.file.write_bytes(self.content)


class MariadbStage(Stage):
    """A schema, set back by writing the tables anew whose sums are not what they were."""

    def keep(self) -> None:
        """Read the rows of all tables and their sums; the record of looks begins empty."""
        with db.engine.connect() as connection:
            connection.execute(text("TRUNCATE TABLE audit"))
            self.sums = _sums(connection)
            self.rows = {
                table: [dict(row._mapping) for row in connection.execute(table.select())]
                for table in Model.metadata.sorted_tables
            }

    def restore(self) -> None:
        """Empty and fill what was written; TRUNCATE is dear, but no trigger refuses it where rows only grow."""
        with db.engine.begin() as connection:
            sums = _sums(connection)
            connection.execute(text("SET FOREIGN_KEY_CHECKS=0"))
            for table, rows in self.rows.items():
                if sums[table.name] == self.sums[table.name]:
                    continue
                verb = "TRUNCATE TABLE" if table.info.get("only_grows") else "DELETE FROM"
                connection.execute(text(f"{verb} `{table.name}`"))
                if rows:
                    connection.execute(table.insert(), rows)
            connection.execute(text("SET FOREIGN_KEY_CHECKS=1"))


def _sums(connection: Connection) -> dict[str, int]:
    tables = ", ".join(f"`{table.name}`" for table in Model.metadata.sorted_tables)
    return {row[0].partition(".")[2]: row[1] for row in connection.execute(text(f"CHECKSUM TABLE {tables}"))}


@pytest.fixture(scope="session")
def beside_mariadb(mariadb_url: str) -> Callable[[str], str]:
    """Return what makes an empty database beside the house's, for a room that wants nobody to work there yet."""

    def make(name: str) -> str:
        server = create_engine(mariadb_url)
        database = f"{server.url.database}_{name}"
        with server.begin() as connection:
            connection.execute(text(f"CREATE DATABASE IF NOT EXISTS `{database}`"))
        server.dispose()
        return server.url.set(database=database).render_as_string(hide_password=False)

    return make


@pytest.fixture(scope="session")
def _swift() -> Iterator[Path]:
    shm = Path("/dev/shm")  # noqa: S108 - a test's commit should not wait for a disk; the folder is this process's
    folder = Path(mkdtemp(prefix="annae-", dir=shm if shm.is_dir() else None))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def swift_folder(_swift: Path) -> Iterator[Path]:
    """Give an empty folder whose files wait for no disk."""
    folder = Path(mkdtemp(dir=_swift))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def _sqlite_stage(_swift: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    stage = SqliteStage(_swift / "stage.db", tmp_path_factory.mktemp("stage"))
    yield stage
    stage.close()


@pytest.fixture(scope="session")
def _mariadb_stage(mariadb_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    stage = MariadbStage(mariadb_url, tmp_path_factory.mktemp("stage"))
    yield stage
    stage.close()


def _open(stage: Stage) -> Iterator[Flask]:
    stage.set_back()
    with stage.app.app_context():
        yield stage.app
        db.session.remove()


@pytest.fixture
def sqlite_app(_sqlite_stage: Stage) -> Iterator[Flask]:
    """Give the application on SQLite, inside its context."""
    yield from _open(_sqlite_stage)


@pytest.fixture
def mariadb_app(_mariadb_stage: Stage) -> Iterator[Flask]:
    """Give the application on MariaDB, inside its context."""
    yield from _open(_mariadb_stage)


@pytest.fixture(params=["sqlite", pytest.param("mariadb", marks=pytest.mark.mariadb)])
def app(request: pytest.FixtureRequest) -> Flask:
    """Give the application on each database in turn, inside its context."""
    given: Flask = request.getfixturevalue(f"{request.param}_app")
    return given


@pytest.fixture
def hospital(request: pytest.FixtureRequest) -> Hospital:
    """Give the small hospital: its ids, on the database that the test runs on."""
    parameters = getattr(request.node, "callspec", None)
    on_mariadb = "mariadb_app" in request.fixturenames or (
        parameters is not None and parameters.params.get("app") == "mariadb"
    )
    if not on_mariadb:
        request.getfixturevalue("sqlite_app")
    stage: Stage = request.getfixturevalue("_mariadb_stage" if on_mariadb else "_sqlite_stage")
    return stage.hospital


@pytest.fixture
def cast(hospital: Hospital) -> Cast:
    """Give Anne, Ben, Chris, Dana and Eve, and whoever else works here."""
    return hospital.cast


@pytest.fixture
def web(sqlite_app: Flask) -> Flask:
    """Give the application for page tests; without a context, as a request makes its own."""
    return sqlite_app


@pytest.fixture
def client(sqlite_app: Flask) -> FlaskClient:
    """Give a stranger's browser."""
    return sqlite_app.test_client()


@pytest.fixture
def browser_of(sqlite_app: Flask, hospital: Hospital) -> Callable[[str], FlaskClient]:
    """Give the browser of somebody of the cast, signed in by name."""

    def browser(name: str) -> FlaskClient:
        opened = sqlite_app.test_client()
        if name != "eve":
            sign_in(opened, name)
        return opened

    return browser
