"""A hospital of three places in a file, and who comes to its tags."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from uuid import uuid4

import pytest
from flask import Flask
from flask_babel import Babel

from app import settings
from app.cli.tags import tags
from app.core.actor import Actor
from app.core.db import db, engine_options
from app.wayfinding import services as wayfinding
from app.wayfinding.plans import FloorPlan, NodePlan, SitePlan
from app.wayfinding.rules import Name, NodeKind

# Every table that another one's foreign key names.
for room in ("accounts", "emr", "queues", "journey"):
    import_module(f"app.{room}.models")

ROOT = Path(__file__).resolve().parents[3]
PLAN = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100"><rect width="100" height="100"/></svg>'


@pytest.fixture
def chris() -> Actor:
    """Return the administrator."""
    return Actor(kind="staff", role="admin", id=uuid4())


@pytest.fixture
def anne() -> Actor:
    """Return a nurse."""
    return Actor(kind="staff", role="nurse", id=uuid4(), units=frozenset({uuid4()}))


@pytest.fixture
def app(tmp_path: Path, chris: Actor) -> Iterator[Flask]:
    """Return an application on an SQLite file, inside its context, its map drawn."""
    before = settings.current()
    url = f"sqlite:///{tmp_path / 'annae.db'}"
    settings.use(
        settings.load({"APP_ENV": "test", "SECRET_KEY": "k" * 40, "PUBLIC_URL": "https://annae.hospital.kr"})
    )
    flask = Flask("annae", template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static"))
    flask.config.update(SQLALCHEMY_DATABASE_URI=url, SQLALCHEMY_ENGINE_OPTIONS=engine_options(url))
    db.init_app(flask)
    Babel(flask, default_locale="ko")
    flask.cli.add_command(tags)
    with flask.app_context():
        db.create_all()
        wayfinding.draw_map(_site(), by=chris)
        db.session.rollback()
        yield flask
        db.session.remove()
        db.engine.dispose()
    settings.use(before)


def _site() -> SitePlan:
    places = {
        "tag-entrance": Name("정문", "Main entrance"),
        "tag-lab": Name("채혈실", "Blood test"),
        "crossing": None,
    }
    return SitePlan(
        code="main",
        name=Name("안내병원", "Annae Hospital"),
        timezone="Asia/Seoul",
        floors=(FloorPlan(ordinal=1, name=Name("1층", "1F"), svg=PLAN, width=100, height=100),),
        nodes=tuple(
            NodePlan(
                code=code,
                floor=1,
                x=10 * i,
                y=10,
                kind=NodeKind.TAG if name else NodeKind.CORRIDOR,
                name=name,
            )
            for i, (code, name) in enumerate(places.items())
        ),
        edges=(),
    )
