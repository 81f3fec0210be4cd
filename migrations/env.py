"""Migrations run on the application's own engine; SQLite by batches."""

from importlib import import_module
from pkgutil import walk_packages

import sqlalchemy as sa
from alembic import context
from flask import current_app

import app
from app.core.db import AsciiKey, MediumText, UtcDateTime

config = context.config


def _engine():
    return current_app.extensions["migrate"].db.engine


def _metadata():
    """Return all tables; a room that only another process uses would be missing, so every room is opened."""
    for room in walk_packages(app.__path__, "app."):
        if not room.name.startswith("app.web"):
            import_module(room.name)
    return current_app.extensions["migrate"].db.metadata


def _render(kind, thing, autogen):
    """Name our own column types as the models do."""
    if kind != "type":
        return False
    if isinstance(thing, UtcDateTime | MediumText):
        name = type(thing).__name__
        words = f"{name}()"
    elif isinstance(thing, AsciiKey):
        name, words = "AsciiKey", f"AsciiKey({thing.impl.length})"
    elif isinstance(thing, sa.BigInteger) and "sqlite" in thing._variant_mapping:
        name = words = "BigId"
    else:
        return False
    autogen.imports.add(f"from app.core.db import {name}")
    return words


def run() -> None:
    """Migrate in one transaction where the database can."""
    given = config.attributes.get("connection")
    connectable = given if given is not None else _engine()
    if hasattr(connectable, "connect") and given is None:
        with connectable.connect() as connection:
            _run(connection)
    else:
        _run(connectable)


def _run(connection) -> None:
    options = {
        key: value
        for key, value in current_app.extensions["migrate"].configure_args.items()
        if key != "render_as_batch"
    }
    context.configure(
        connection=connection,
        target_metadata=_metadata(),
        render_as_batch=connection.dialect.name == "sqlite",
        transaction_per_migration=True,
        render_item=_render,
        **options,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
