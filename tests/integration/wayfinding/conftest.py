"""A database with nothing but the map."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from app.core.db import Model, db, engine_options


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Flask]:
    """Open an empty house on SQLite."""
    url = f"sqlite:///{tmp_path}/map.db"
    app = Flask(__name__)
    app.config.update(SQLALCHEMY_DATABASE_URI=url, SQLALCHEMY_ENGINE_OPTIONS=engine_options(url))
    db.init_app(app)
    with app.app_context():
        Model.metadata.create_all(db.engine)
        yield app
        db.session.remove()
        db.engine.dispose()
