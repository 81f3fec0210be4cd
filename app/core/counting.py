"""Counting up by one under the row's own lock: no MAX+1, no COUNT+1, the same on every database."""

from typing import Any

from sqlalchemy import ColumnElement, Table, func, text, update
from sqlalchemy.orm import Session


def raise_by_one(session: Session, table: Table, column: str, where: ColumnElement[bool]) -> int | None:
    """Add one and return the new value, or None where no row fits; one atomic UPDATE.

    SQLite answers by RETURNING; MySQL and MariaDB remember it in LAST_INSERT_ID for this connection.
    """
    connection = session.connection()
    counted: ColumnElement[Any] = table.c[column]
    if connection.dialect.name == "sqlite":
        row = connection.execute(
            update(table).where(where).values({column: counted + 1}).returning(counted)
        ).one_or_none()
        return None if row is None else int(row[0])
    done = connection.execute(update(table).where(where).values({column: func.last_insert_id(counted + 1)}))
    if not done.rowcount:
        return None
    return int(connection.execute(text("SELECT LAST_INSERT_ID()")).scalar_one())
