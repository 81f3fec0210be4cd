"""One line of migrations that walks both ways, and ends where the models are."""

import re
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import Column, MetaData, inspect, text
from sqlalchemy.exc import DatabaseError

import app as house
from app.core.audit import append_only
from app.core.db import Model, db
from app.settings import ROOT

# Tables that only the clock or the worker uses are tables too.
for room in walk_packages(house.__path__, "app."):
    import_module(room.name)

DATABASES = ["sqlite", pytest.param("mariadb", marks=pytest.mark.mariadb)]


def tables() -> dict[str, list[str]]:
    """Return what stands in the database, column by column."""
    with db.engine.connect() as connection:
        found = MetaData()
        found.reflect(connection)
    return {
        table.name: [*map(described, table.columns), *sorted(str(index.name) for index in table.indexes)]
        for table in found.sorted_tables
        if table.name != "alembic_version"
    }


def described(column: Column[Any]) -> str:
    """Return a column and its default in words; SQLAlchemy's own tell where the default lies in memory."""
    default = getattr(column.server_default, "arg", None)
    return f"{re.sub(r' at 0x[0-9a-f]+', '', repr(column))} {default}"


def triggers() -> set[str]:
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if db.engine.dialect.name == "sqlite"
        else "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = database()"
    )
    with db.engine.connect() as connection:
        return set(connection.execute(text(query)).scalars())


def test_there_is_one_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    script = ScriptDirectory.from_config(config)
    assert len(script.get_heads()) == 1
    for revision in script.walk_revisions():
        assert revision.doc
        assert callable(revision.module.downgrade)


@pytest.mark.parametrize("empty", DATABASES, indirect=True)
def test_the_migrated_database_is_what_the_models_say(empty: Flask) -> None:
    upgrade()
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert not compare_metadata(context, Model.metadata)


@pytest.mark.parametrize("empty", DATABASES, indirect=True)
def test_migrations_walk_up_down_and_up_again(empty: Flask) -> None:
    upgrade()
    first, guards = tables(), triggers()
    assert first.keys() == Model.metadata.tables.keys()
    assert len(guards) == len(append_only(db.engine.dialect.name))
    downgrade(revision="base")
    assert inspect(db.engine).get_table_names() in ([], ["alembic_version"])
    assert not triggers()
    upgrade()
    assert (tables(), triggers()) == (first, guards)


@pytest.mark.parametrize("empty", DATABASES, indirect=True)
def test_the_migrated_database_keeps_the_audit_as_it_was_written(empty: Flask) -> None:
    upgrade()
    with db.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO audit (at, actor_kind, role, action, patients, outcome) "
                "VALUES ('2026-03-02 00:00:00', 'system', 'system', 'x', 0, 'ok')"
            )
        )
    for statement in ("UPDATE audit SET action = 'y'", "DELETE FROM audit"):
        with pytest.raises(DatabaseError, match="append-only"), db.engine.begin() as connection:
            connection.execute(text(statement))
