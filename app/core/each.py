"""Many rows, each with values of its own, in one statement."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, cast

from sqlalchemy import Table

from app.core.db import Model, db

# How a driver that is called directly marks the place of a value.
MARKS: Final = {"qmark": "?"}
MARK: Final = "%s"


def update_each(
    model: type[Model],
    rows: Mapping[int, Mapping[str, Any]],
    *,
    alike: Mapping[str, Any] | None = None,
    where: Mapping[str, Any] | None = None,
    fits: Sequence[str] = (),
) -> int:
    """Write to each row, by its id, its own values, and to all of them those that are alike.

    All rows name the same columns; those in `fits` are not written but compared. Return how many were there and fit,
    also `where`. `case()` of SQLAlchemy says the same, and looks at each of a thousand values several times before
    the driver does; here each goes straight to the driver, as its column's type has it.
    """
    if not rows:
        return 0
    connection, table = db.session.connection(), cast("Table", model.__table__)
    dialect = connection.dialect
    mark = MARKS.get(dialect.paramstyle, MARK)

    def bound(name: str, values: Iterable[Any]) -> list[Any]:
        convert = table.c[name].type.dialect_impl(dialect).bind_processor(dialect)
        return list(values) if convert is None else [convert(value) for value in values]

    each = " ".join(f"WHEN {row_id:d} THEN {mark}" for row_id in rows)
    own = {
        name: (f"{name} = CASE id {each} END", bound(name, (row[name] for row in rows.values())))
        for name in next(iter(rows.values()))
    }
    sets = [said for name, said in own.items() if name not in fits]
    sets += [(f"{name} = {mark}", bound(name, [value])) for name, value in (alike or {}).items()]
    wanted: list[tuple[str, list[Any]]] = [(f"id IN ({', '.join(f'{row_id:d}' for row_id in rows)})", [])]
    wanted += [(f"{name} = {mark}", bound(name, [value])) for name, value in (where or {}).items()]
    wanted += [own[name] for name in fits]
    assigned, compared = ", ".join(said for said, _ in sets), " AND ".join(said for said, _ in wanted)
    # Every word of it is a name or a number of ours; what somebody wrote goes as a parameter.
    statement = f"UPDATE {table.name} SET {assigned} WHERE {compared}"  # noqa: S608 - see above
    values = tuple(one for _, some in (*sets, *wanted) for one in some)
    return int(connection.exec_driver_sql(statement, values).rowcount)
