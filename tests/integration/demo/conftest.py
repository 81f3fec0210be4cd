"""A bare application around the demo: SQLite always, MariaDB where its address is given."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import Babel
from sqlalchemy import text

from app import settings
from app.accounts import passwords
from app.core import events
from app.core.db import Model, db, engine_options
from app.demo.commands import demo

for room in ("accounts", "emr", "queues", "journey", "tags", "wayfinding"):
    import_module(f"app.{room}.models")
for shelf in ("outbox", "idempotency", "audit"):
    import_module(f"app.core.{shelf}")


# The demo runs on SQLite, and is refused in production: what it does on MariaDB is looked at in the long run.
@pytest.fixture(params=["sqlite", pytest.param("mariadb", marks=[pytest.mark.mariadb, pytest.mark.slow])])
def app(request: pytest.FixtureRequest, tmp_path: Path, swift_folder: Path) -> Iterator[Flask]:
    """Give an empty house in demo mode, inside its context."""
    url = f"sqlite:///{swift_folder / 'annae.db'}"
    if request.param == "mariadb":
        url = request.getfixturevalue("beside_mariadb")("demo")
    before = settings.current()
    events.react({})  # this house has no sockets to tell
    settings.use(
        settings.load(
            {
                "APP_ENV": "test",
                "SECRET_KEY": "k" * 40,
                "DATABASE_URL": url,
                "VAR_DIR": str(tmp_path),
                "DEMO": "1",
                "DEMO_RESERVED": "6",
                "PUBLIC_URL": "http://localhost:8123",
            }
        )
    )
    flask = Flask("annae")
    flask.config.update(
        SQLALCHEMY_DATABASE_URI=settings.current().database, SQLALCHEMY_ENGINE_OPTIONS=engine_options(url)
    )
    db.init_app(flask)
    Babel(flask, default_locale="ko")
    flask.cli.add_command(demo)
    with flask.app_context():
        db.create_all()
        _empty(is_mariadb=request.param == "mariadb")
        yield flask
        db.session.remove()
        db.engine.dispose()
    settings.use(before)


def _empty(*, is_mariadb: bool) -> None:
    """Delete every row; an entry names the one it came from, so a table may hold on to itself."""
    with db.engine.begin() as connection:
        if is_mariadb:
            connection.execute(text("SET foreign_key_checks = 0"))
        for table in reversed(Model.metadata.sorted_tables):
            connection.execute(table.delete())
        if is_mariadb:
            connection.execute(text("SET foreign_key_checks = 1"))


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        passwords, "_hasher", type(passwords._hasher)(time_cost=1, memory_cost=1024, parallelism=1)
    )
    passwords._nobodys.cache_clear()
