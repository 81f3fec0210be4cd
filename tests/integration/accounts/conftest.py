"""A bare application around accounts: SQLite always, MariaDB where its address is given."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from flask import Flask

from app import settings
from app.accounts import passwords, services
from app.accounts.roles import Role
from app.core import db as database
from app.core import events
from app.core.actor import ANONYMOUS, SYSTEM, Actor
from app.core.db import Model, db

PASSWORD = "a quiet ward at night"


@pytest.fixture(params=["sqlite", pytest.param("mariadb", marks=pytest.mark.mariadb)])
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    url = f"sqlite:///{tmp_path / 'annae.db'}"
    if request.param == "mariadb":
        url = request.getfixturevalue("beside_mariadb")("accounts")
    settings.use(settings.load({"APP_ENV": "test", "SECRET_KEY": "k" * 40, "DATABASE_URL": url}))
    flask = Flask(__name__)
    flask.config["SQLALCHEMY_DATABASE_URI"] = settings.current().database
    flask.config["SQLALCHEMY_ENGINE_OPTIONS"] = database.engine_options(url)
    db.init_app(flask)
    with flask.app_context():
        db.create_all()
        with db.engine.begin() as connection:
            for table in reversed(Model.metadata.sorted_tables):
                connection.execute(table.delete())
        yield flask
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        passwords, "_hasher", type(passwords._hasher)(time_cost=1, memory_cost=1024, parallelism=1)
    )
    passwords._nobodys.cache_clear()


@pytest.fixture
def told() -> Iterator[list[events.Event]]:
    heard: list[events.Event] = []
    from app.accounts.events import IdentificationPaused, SessionsEnded  # noqa: PLC0415

    events.react({SessionsEnded: (heard.append,), IdentificationPaused: (heard.append,)})
    yield heard
    events.react({})


@pytest.fixture
def eve() -> Actor:
    """Nobody, at a browser of her own."""
    return replace(ANONYMOUS, device_id=uuid4(), ip="203.0.113.7")


@pytest.fixture
def chris(app: Flask) -> Actor:
    """Give the administrator."""
    chris_id = services.create_staff("chris", "크리스", Role.ADMIN, PASSWORD, by=SYSTEM)
    return Actor(kind="staff", role=Role.ADMIN, id=chris_id)


@pytest.fixture
def anne(app: Flask, chris: Actor) -> UUID:
    """Give the nurse of the ward of internal medicine."""
    services.add_unit("IM", "내과", "Internal medicine", by=chris)
    return services.create_staff("anne", "안네", Role.NURSE, PASSWORD, by=chris, units=["IM"])
